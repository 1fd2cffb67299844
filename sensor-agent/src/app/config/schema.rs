//! The table of keys as a JSON schema (draft 6), for `--config-schema`.

use serde_json::{Map, Value, json};

use super::{
    check::boolean,
    keys::{KEYS, Key, Shape, Use},
};

/// The schema of a whole configuration. Falco's reader takes any case of words, so the listed ones stand for all.
pub fn schema() -> Value {
    let mut root = object();
    for key in KEYS {
        insert(&mut root, key.path, leaf(key));
    }
    root["$schema"] = "http://json-schema.org/draft-06/schema#".into();
    root["title"] = "Saker configuration".into();
    root
}

fn object() -> Value {
    json!({ "type": "object", "additionalProperties": false, "properties": {} })
}

/// Puts a leaf where its path says, making objects and lists on the way.
fn insert(at: &mut Value, path: &str, leaf: Value) {
    let (word, rest) = match path.split_once('.') {
        Some((word, rest)) => (word, Some(rest)),
        None => (path, None),
    };
    let (name, is_list) = word.strip_suffix("[]").map_or((word, false), |name| (name, true));
    let mut slot =
        at["properties"].as_object_mut().map(|properties| properties.entry(name).or_insert(Value::Null));
    let Some(slot) = slot.as_mut() else { return };
    match (rest, is_list) {
        (None, false) => **slot = leaf,
        (None, true) => **slot = json!({ "type": "array", "items": leaf }),
        (Some(rest), is_list) => {
            if slot.is_null() {
                **slot = if is_list { json!({ "type": "array", "items": object() }) } else { object() };
            }
            insert(if is_list { &mut slot["items"] } else { slot }, rest, leaf);
        }
    }
}

fn leaf(key: &Key) -> Value {
    let mut leaf: Map<String, Value> = match key.shape {
        Shape::Bool => [("type".into(), "boolean".into())].into_iter().collect(),
        Shape::Int(min, max) => {
            let mut leaf: Map<_, _> =
                [("type".into(), "integer".into()), ("minimum".into(), min.into())].into_iter().collect();
            if max < i64::MAX {
                leaf.insert("maximum".into(), max.into());
            }
            leaf
        }
        Shape::Number(min, max) => {
            let mut leaf: Map<_, _> =
                [("type".into(), "number".into()), ("minimum".into(), min.into())].into_iter().collect();
            if max < f64::MAX {
                leaf.insert("maximum".into(), max.into());
            }
            leaf
        }
        Shape::Text => [("type".into(), "string".into())].into_iter().collect(),
        Shape::Word(words) => [("enum".into(), words.into())].into_iter().collect(),
        Shape::Free => Map::new(),
    };
    if !key.default.is_empty() {
        leaf.insert("default".into(), typed(key.shape, key.default));
    }
    let note = match key.usage {
        Use::Read => None,
        Use::Unused(why) => Some(format!("Without effect: {why}.")),
        Use::Retired => Some("Of older Falco versions, without effect.".to_owned()),
    };
    if let Some(note) = note {
        leaf.insert("description".into(), note.into());
    }
    leaf.into()
}

/// A default as the type that its key has.
pub(super) fn typed(shape: Shape, text: &str) -> Value {
    let number = || text.parse::<i64>().map(Value::from).or_else(|_| text.parse::<f64>().map(Value::from));
    match shape {
        Shape::Bool => boolean(text).map_or_else(|| text.into(), Value::from),
        Shape::Int(..) | Shape::Number(..) => number().unwrap_or_else(|_| text.into()),
        Shape::Text | Shape::Word(_) | Shape::Free => text.into(),
    }
}
