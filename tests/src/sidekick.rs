//! What falcosidekick (2.34) takes and what it answers with 400, as its handler checks it: the types of its payload, and that
//! priority, rule, time and at least one field are there. It asks nothing of Content-Type and ignores other keys.

use serde_json::{Map, Value};

const PRIORITIES: &[&str] =
    &["emergency", "alert", "critical", "error", "warning", "notice", "informational", "info", "debug"];
/// Its handler takes them for strings without a look.
const STRINGS: &[&str] = &["k8s.ns.name", "k8s.pod.name"];

/// Why falcosidekick refuses a body; `None`: it takes it.
pub fn refusal(body: &str) -> Option<String> {
    let value: Value = match serde_json::from_str(body) {
        Ok(value) => value,
        Err(error) => return Some(error.to_string()),
    };
    let Some(object) = value.as_object() else { return Some("no object".to_owned()) };
    check(object).err()
}

fn check(object: &Map<String, Value>) -> Result<(), String> {
    let text = |key: &str| match object.get(key) {
        None => Ok(""),
        Some(Value::String(text)) => Ok(text.as_str()),
        Some(other) => Err(format!("{key} is {other}")),
    };
    for key in ["uuid", "output", "source", "hostname"] {
        text(key)?;
    }
    if !PRIORITIES.contains(&text("priority")?.to_lowercase().as_str()) {
        return Err(format!("priority is {:?}", text("priority")?));
    }
    if text("rule")?.is_empty() {
        return Err("no rule".to_owned());
    }
    if !is_rfc3339(text("time")?) {
        return Err(format!("time is {:?}", text("time")?));
    }
    match object.get("tags") {
        None => {}
        Some(Value::Array(tags)) if tags.iter().all(Value::is_string) => {}
        Some(other) => return Err(format!("tags are {other}")),
    }
    let fields = object.get("output_fields").and_then(Value::as_object);
    let Some(fields) = fields.filter(|fields| !fields.is_empty()) else {
        return Err("no output_fields".to_owned());
    };
    let is_text = |value: &Value| value.is_string() || value.is_null();
    match STRINGS.iter().find(|key| fields.get(**key).is_some_and(|value| !is_text(value))) {
        Some(key) => Err(format!("{key} is no string")),
        None => Ok(()),
    }
}

/// `2026-11-25T20:00:00[.n]Z`, or with an offset.
fn is_rfc3339(text: &str) -> bool {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let rest = shape.strip_prefix("0000-00-00T00:00:00");
    let rest =
        rest.map(|rest| rest.strip_prefix('.').map_or(rest, |fraction| fraction.trim_start_matches('0')));
    matches!(rest, Some("Z" | "+00:00" | "-00:00"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_refuses() {
        let whole = r#"{"priority":"Critical","rule":"r","time":"2026-11-25T20:00:00.000000001Z","output_fields":{"evt.time":1},"tags":["a"],"source":"syscall"}"#;
        for (from, to, expect) in [
            ("", "", None),
            ("Critical", "critical", None),
            (".000000001Z", "Z", None),
            ("\"Critical\"", "2", Some("priority is 2")),
            ("Critical", "Loud", Some("priority is \"Loud\"")),
            ("\"rule\":\"r\"", "\"rule\":\"\"", Some("no rule")),
            ("{\"evt.time\":1}", "{}", Some("no output_fields")),
            ("\"evt.time\":1", "\"k8s.ns.name\":1", Some("k8s.ns.name is no string")),
            ("\"evt.time\":1", "\"k8s.ns.name\":null", None),
            ("[\"a\"]", "[1]", Some("tags are [1]")),
            ("2026-11-25T", "20:00 ", Some("time is")),
            ("{\"priority", "{\"uuid\":1,\"priority", Some("uuid is 1")),
        ] {
            let told = refusal(&whole.replacen(from, to, 1));
            match expect {
                None => assert_eq!(told, None, "{from} {to}"),
                Some(part) => {
                    assert!(told.as_deref().unwrap_or_default().starts_with(part), "{to}: {told:?}");
                }
            }
        }
    }
}
