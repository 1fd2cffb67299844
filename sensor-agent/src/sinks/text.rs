//! Falco's text line, `TIME: PRIORITY MESSAGE`, escaped so that no process can end a line or talk to a terminal.

use std::{collections::BTreeMap, ops::Range};

use crate::border::{Alert, FieldValue, text::push_escaped};

use super::{Format, SinkError, format::is_internal, json, time};

/// The line without its line break, and where in it the priority word stands.
pub(super) fn line(format: &Format, alert: &Alert) -> Result<(String, Range<usize>), SinkError> {
    let message = String::from_utf8_lossy(&alert.message);
    let internal = is_internal(alert);
    let mut line = if internal { internal_head(format, alert) } else { head(format, alert) };
    let end = line.len() - 1;
    let word = end - alert.priority.label().len()..end;
    push_escaped(&mut line, &message);
    if internal {
        push_fields(&mut line, alert)?;
    }
    Ok((line, word))
}

/// `TIME: PRIORITY ` of an alert.
pub(super) fn head(format: &Format, alert: &Alert) -> String {
    if format.iso_time {
        format!("{}+0000: {} ", time::utc(alert.time_ns), alert.priority.label())
    } else {
        internal_head(format, alert)
    }
}

/// Always local time: Falco's internal messages know no other.
fn internal_head(format: &Format, alert: &Alert) -> String {
    format!("{}: {} ", time::local(alert.time_ns, &format.zone), alert.priority.label())
}

/// ` (k=v k2=v2)`, keys sorted, values as JSON.
fn push_fields(line: &mut String, alert: &Alert) -> Result<(), SinkError> {
    let fields: BTreeMap<&str, &FieldValue> = alert.fields.iter().map(|(k, v)| (k.as_str(), v)).collect();
    line.push_str(" (");
    for (index, (key, value)) in fields.into_iter().enumerate() {
        if index > 0 {
            line.push(' ');
        }
        push_escaped(line, key);
        line.push('=');
        push_value(line, value)?;
    }
    line.push(')');
    Ok(())
}

fn push_value(line: &mut String, value: &FieldValue) -> Result<(), SinkError> {
    match value {
        FieldValue::Text(bytes) => {
            line.push('"');
            push_escaped(line, &String::from_utf8_lossy(bytes));
            line.push('"');
        }
        FieldValue::List(items) => {
            line.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    line.push(',');
                }
                push_value(line, item)?;
            }
            line.push(']');
        }
        plain => line.push_str(&json::encode(&json::Value::Field(plain))?),
    }
    Ok(())
}
