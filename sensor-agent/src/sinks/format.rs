//! How an alert becomes one line; the settings are Falco's (spec/rules.md 4.2 to 4.4).

use std::ops::Range;

use jiff::tz::TimeZone;

use crate::border::{Alert, Priority};

use super::{SinkError, json, text};

/// Settings of the output, the same for every sink.
#[derive(Clone, Debug)]
pub struct Format {
    /// `json_output`.
    pub json: bool,
    /// `time_format_iso_8601`.
    pub iso_time: bool,
    /// Optional keys of a JSON line.
    pub include: Include,
    /// `hostname` of a JSON line.
    pub hostname: String,
    /// Zone of the local time in a text line.
    pub zone: TimeZone,
}

/// `json_include_*_property`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "four independent switches of the configuration")]
pub struct Include {
    /// `json_include_output_property`.
    pub output: bool,
    /// `json_include_message_property`.
    pub message: bool,
    /// `json_include_output_fields_property`.
    pub fields: bool,
    /// `json_include_tags_property`.
    pub tags: bool,
}

impl Default for Include {
    fn default() -> Self {
        Self { output: true, message: false, fields: true, tags: true }
    }
}

/// One alert, rendered: valid UTF-8 with exactly one line break, at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    text: String,
    word: Option<Range<usize>>,
    priority: Priority,
    time_ns: u64,
}

impl Format {
    /// Renders `alert`.
    pub fn line(&self, alert: &Alert) -> Result<Line, SinkError> {
        let (mut text, word) = if self.json {
            (json::line(self, alert)?, None)
        } else {
            let (text, word) = text::line(self, alert)?;
            (text, Some(word))
        };
        text.push('\n');
        Ok(Line { text, word, priority: alert.priority, time_ns: alert.time_ns })
    }
}

impl Line {
    /// With its line break.
    pub fn terminated(&self) -> &str {
        &self.text
    }

    /// Without its line break: the body of a request, a syslog message.
    pub fn body(&self) -> &str {
        self.text.trim_end_matches('\n')
    }

    /// Memory it holds, about.
    pub(super) fn size_bytes(&self) -> usize {
        size_of::<Self>() + self.text.len()
    }

    /// Whether [`Line::body`] is a JSON object.
    pub fn is_json(&self) -> bool {
        self.word.is_none()
    }

    /// Of the event, ns since the epoch.
    pub fn time_ns(&self) -> u64 {
        self.time_ns
    }

    /// Severity, for sinks that have their own notion of it.
    pub fn priority(&self) -> Priority {
        self.priority
    }

    /// Around the priority word of a text line: what is before it, the word, what follows with the line break.
    pub fn split_at_priority(&self) -> Option<(&str, &str, &str)> {
        let word = self.word.clone()?;
        Some((self.text.get(..word.start)?, self.text.get(word.clone())?, self.text.get(word.end..)?))
    }
}

/// Whether the agent speaks about itself: such messages have forms of their own (spec/rules.md 4.4).
pub(super) fn is_internal(alert: &Alert) -> bool {
    alert.source == "internal"
}
