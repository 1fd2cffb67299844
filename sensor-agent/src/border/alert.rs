//! An alert, owned: what a matching rule hands to the egress half.

use serde::{Deserialize, Serialize};

/// One alert. `message` and `Text` values are raw bytes as far as a process chose them: escaping is the sinks' job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Event time, ns since the epoch.
    pub time_ns: u64,
    /// Rule name, or `Falco internal: …`.
    pub rule: String,
    /// Rule priority.
    pub priority: Priority,
    /// Event source: `syscall`, or `internal`.
    pub source: String,
    /// Tags, sorted.
    pub tags: Vec<String>,
    /// The rendered output of the rule, without time and priority.
    pub message: Vec<u8>,
    /// `output_fields`: one entry per distinct field in the output, key as normalised (`proc.aname[2]`), any order.
    pub fields: Vec<(String, FieldValue)>,
}

impl Alert {
    /// What the sensor says about itself: source `internal`, no tags.
    pub fn internal(
        time_ns: u64,
        rule: &str,
        priority: Priority,
        message: impl Into<Vec<u8>>,
        fields: Vec<(String, FieldValue)>,
    ) -> Self {
        let (rule, source, message) = (rule.to_owned(), "internal".to_owned(), message.into());
        Self { time_ns, rule, priority, source, tags: Vec::new(), message, fields }
    }
}

/// Value of one output field with its native JSON type (Falco: spec/rules.md 4.3).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FieldValue {
    /// Absent: JSON null, `<NA>` in text.
    Null,
    /// JSON true or false.
    Bool(bool),
    /// JSON number.
    I64(i64),
    /// JSON number.
    U64(u64),
    /// JSON number.
    F64(f64),
    /// JSON string; bytes need not be UTF-8.
    Text(Vec<u8>),
    /// JSON array.
    List(Vec<FieldValue>),
}

/// Falco's priorities, most severe first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Priority {
    /// 0
    Emergency,
    /// 1
    Alert,
    /// 2
    Critical,
    /// 3
    Error,
    /// 4
    Warning,
    /// 5
    Notice,
    /// 6
    Informational,
    /// 7
    Debug,
}

impl Priority {
    /// All priorities, most severe first.
    pub const ALL: [Self; 8] = [
        Self::Emergency,
        Self::Alert,
        Self::Critical,
        Self::Error,
        Self::Warning,
        Self::Notice,
        Self::Informational,
        Self::Debug,
    ];

    /// The word in alerts, capitalised as Falco's.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Emergency => "Emergency",
            Self::Alert => "Alert",
            Self::Critical => "Critical",
            Self::Error => "Error",
            Self::Warning => "Warning",
            Self::Notice => "Notice",
            Self::Informational => "Informational",
            Self::Debug => "Debug",
        }
    }

    /// Parses a word of a rule file or configuration, any case; `info` is `Informational`.
    pub fn parse(word: &str) -> Option<Self> {
        if word.eq_ignore_ascii_case("info") {
            return Some(Self::Informational);
        }
        Self::ALL.into_iter().find(|p| p.label().eq_ignore_ascii_case(word))
    }
}
