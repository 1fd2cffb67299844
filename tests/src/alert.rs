//! One JSON line of the agent, as a reader sees it.

use anyhow::{Context, Result};
use serde_json::{Map, Value};

/// An alert.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Rule name.
    pub rule: String,
    /// Priority word.
    pub priority: String,
    /// Event source.
    pub source: String,
    /// Tags, in the order of the line.
    pub tags: Vec<String>,
    /// `output_fields`.
    pub fields: Map<String, Value>,
    /// `output`: the text.
    pub output: String,
}

impl Alert {
    /// Reads a line of standard output.
    pub fn parse(line: &str) -> Result<Self> {
        let not_ours = || format!("not an alert: {line}");
        let value: Value = serde_json::from_str(line).with_context(not_ours)?;
        let text = |key: &str| value[key].as_str().map(str::to_owned).with_context(not_ours);
        let tags = value["tags"].as_array().into_iter().flatten().filter_map(Value::as_str);
        Ok(Self {
            rule: text("rule")?,
            priority: text("priority")?,
            source: text("source")?,
            tags: tags.map(str::to_owned).collect(),
            fields: value["output_fields"].as_object().cloned().with_context(not_ours)?,
            output: text("output")?,
        })
    }

    /// An output field as text; absent and null are empty.
    pub fn field(&self, name: &str) -> String {
        match self.fields.get(name) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        }
    }

    /// Whether the process or its parent was started with this mark.
    pub fn mentions(&self, mark: &str) -> bool {
        ["proc.cmdline", "proc.pcmdline"].iter().any(|name| self.field(name).contains(mark))
    }

    /// The alert without its time.
    #[must_use]
    pub fn timeless(&self) -> Self {
        let mut alert = self.clone();
        alert.fields.remove("evt.time");
        alert.output = alert.output.split_once(": ").map_or("", |(_, rest)| rest).to_owned();
        alert
    }

    /// Output fields without a value.
    pub fn missing(&self) -> Vec<&str> {
        let fields = self.fields.iter();
        fields
            .filter(|(_, value)| value.is_null() || *value == "<NA>")
            .map(|(name, _)| name.as_str())
            .collect()
    }
}
