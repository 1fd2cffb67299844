//! `config show`: every value in force and where it comes from. A configuration with faults is shown too; they follow.

use std::fmt::{self, Write};

use serde_json::{Value, json};

use crate::app::{cli::Format, config::Effective};

/// Writes the values for a terminal, a program or documentation.
pub(super) fn write(out: &mut String, values: &[Effective], format: Format) -> fmt::Result {
    match format {
        Format::Text => {
            let width = values.iter().map(|value| value.path.len()).max().unwrap_or_default();
            values.iter().try_for_each(|it| {
                writeln!(out, "{:width$}  {}  # {}{}", it.path, shown(&it.value), origin(it), effect(it))
            })
        }
        Format::Markdown => {
            writeln!(out, "| key | value | from |\n|---|---|---|")?;
            values.iter().try_for_each(|it| {
                let value = shown(&it.value).replace('|', "\\|");
                writeln!(out, "| `{}` | `{value}` | {}{} |", it.path, origin(it), effect(it))
            })
        }
        Format::Json => {
            let values = values.iter().map(|it| {
                json!({ "key": it.path, "value": it.value, "from": origin(it), "is_used": !it.is_unused })
            });
            writeln!(out, "{}", values.collect::<Value>())
        }
    }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), |text| text.escape_debug().to_string())
}

fn origin(it: &Effective) -> String {
    it.place.as_ref().map_or_else(|| "default".to_owned(), ToString::to_string)
}

fn effect(it: &Effective) -> &'static str {
    if it.is_unused { ", without effect" } else { "" }
}
