//! What loading rules said, in Falco's two shapes: one JSON document, or text with the place and a caret.

use std::fmt::{self, Write};

use serde_json::{Value, json};

use crate::{app::output, rules::error::Location};

/// The outcome of one rules file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileReport {
    /// As it was named.
    pub name: String,
    /// What made it invalid.
    pub errors: Vec<Issue>,
    /// What is worth a look.
    pub warnings: Vec<Issue>,
    /// What the advisory schema found; `None` when there was nothing to compare.
    pub schema: Option<Vec<String>>,
}

/// An error or warning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Issue {
    /// `LOAD_ERR_VALIDATE`
    pub code: String,
    /// What the code means, briefly: in text, and in JSON of errors.
    pub short: String,
    /// What the code means: in JSON of warnings.
    pub long: String,
    /// This case of it.
    pub message: String,
    /// Where, outermost first.
    pub locations: Vec<Location>,
    /// File, line and column, both from 1, as editors count.
    pub place: String,
    /// A line of the text and a line with a caret; each ends with a newline.
    pub snippet: String,
    /// The field that `LOAD_DEPRECATED_ITEM` is about.
    pub deprecated_field: Option<String>,
}

impl FileReport {
    /// Whether its rules were taken.
    pub fn is_successful(&self) -> bool {
        self.errors.is_empty()
    }

    /// `f.yaml: Ok`
    pub fn status(&self) -> String {
        let has_schema_warnings = self.schema.as_ref().is_some_and(|schema| !schema.is_empty());
        let state = match (self.errors.is_empty(), self.warnings.is_empty() && !has_schema_warnings) {
            (false, _) => "Invalid",
            (true, true) => "Ok",
            (true, false) => "Ok, with warnings",
        };
        format!("{}: {state}", self.name)
    }

    /// The status and everything behind it, without a newline at the end.
    pub fn details(&self) -> String {
        output::text(|out| self.write(out))
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        write!(out, "{}", self.status())?;
        if let Some(schema) = self.schema.as_ref().filter(|schema| !schema.is_empty()) {
            write!(out, "\n{} Schema warnings:\n------", schema.len())?;
            schema.iter().try_for_each(|warning| write!(out, "\n{warning}\n------"))?;
        }
        for (issues, title) in [(&self.errors, "Errors"), (&self.warnings, "Warnings")] {
            if !issues.is_empty() {
                write!(out, "\n{} {title}:", issues.len())?;
                issues.iter().try_for_each(|issue| issue.write(out))?;
            }
        }
        Ok(())
    }

    /// Falco's load result.
    pub fn json(&self) -> Value {
        let errors: Vec<_> = self.errors.iter().map(|issue| issue.json(&issue.short)).collect();
        let warnings: Vec<_> = self.warnings.iter().map(|issue| issue.json(&issue.long)).collect();
        let mut object = json!({
            "name": self.name,
            "successful": self.is_successful(),
            "errors": errors,
            "warnings": warnings,
        });
        if let Some(schema) = &self.schema {
            object["schema_valid"] = schema.is_empty().into();
            object["schema_warnings"] = schema.clone().into();
        }
        object
    }
}

impl Issue {
    fn write(&self, out: &mut String) -> fmt::Result {
        for (depth, place) in self.locations.iter().enumerate() {
            write!(out, "\n{}{}", if depth == 0 { "In " } else { "    " }, place.kind)?;
            if !place.name.is_empty() {
                write!(out, " '{}'", place.name)?;
            }
            write!(out, ": ({}:{}:{})", place.file, place.line, place.column)?;
        }
        let Self { code, short, message, place, snippet, .. } = self;
        write!(out, "\n------\n--> {place}\n{snippet}------\n{code} ({short}")?;
        if let Some(field) = &self.deprecated_field {
            write!(out, ": field '{field}'")?;
        }
        write!(out, "): {message}")
    }

    fn json(&self, meaning: &str) -> Value {
        let locations = self.locations.iter().map(|place| {
            json!({
                "item_name": place.name,
                "item_type": place.kind,
                "position": {
                    "name": place.file,
                    "line": place.line,
                    "column": place.column,
                    "offset": place.offset,
                },
            })
        });
        let mut object = json!({
            "code": self.code,
            "codedesc": meaning,
            "message": self.message,
            "context": { "locations": locations.collect::<Vec<_>>(), "snippet": self.snippet },
        });
        if let Some(field) = &self.deprecated_field {
            object["deprecated_field"] = field.clone().into();
        }
        object
    }
}

/// Everything that failed, for standard error; `None` when nothing did.
pub(super) fn failure(reports: &[FileReport]) -> Option<String> {
    let details =
        |report: &FileReport| if report.is_successful() { report.status() } else { report.details() };
    let has_failed = reports.iter().any(|report| !report.is_successful());
    has_failed.then(|| reports.iter().map(details).collect::<Vec<_>>().join("\n"))
}
