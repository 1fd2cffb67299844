//! The advisory schema of rule files: one table, printed as a JSON schema (draft 6) by `--rule-schema` and compared with each
//! document by `-V`. It never fails a load. The words of its findings are those of Falco's validator.

use serde_json::{Map, Value, json};

use super::yaml::{self, Data, Node};

/// What a value may be. YAML has no types: a scalar is a number or a truth value if it reads as one.
#[derive(Clone, Copy, Debug)]
enum Shape {
    Any,
    Bool,
    Int,
    Text,
    List(&'static Shape),
    /// A shape with a name of its own.
    Named(&'static str, &'static Named),
}

#[derive(Debug)]
enum Named {
    Words(&'static [&'static str]),
    AnyOf(&'static [Shape]),
    Object { keys: &'static [(&'static str, Shape)], required: &'static [&'static str], is_filled: bool },
}

const WORD: Shape = Shape::Named("OverriddenItem", &Named::Words(&["append", "replace"]));
const ITEM: Shape = Shape::Named("Item", &Named::AnyOf(&[Shape::Int, Shape::Text]));
const PRIORITY: Shape = Shape::Named(
    "Priority",
    &Named::Words(&[
        "EMERGENCY",
        "ALERT",
        "CRITICAL",
        "ERROR",
        "WARNING",
        "NOTICE",
        "INFO",
        "INFORMATIONAL",
        "DEBUG",
    ]),
);
const EXCEPTION: Shape = Shape::Named(
    "Exception",
    &Named::Object {
        keys: &[("comps", Shape::Any), ("fields", Shape::Any), ("name", Shape::Text), ("values", Shape::Any)],
        required: &["name"],
        is_filled: false,
    },
);
const OVERRIDE: Shape = Shape::Named(
    "Override",
    &Named::Object {
        keys: &[
            ("capture", WORD),
            ("capture_duration", WORD),
            ("condition", WORD),
            ("desc", WORD),
            ("enabled", WORD),
            ("exceptions", WORD),
            ("items", WORD),
            ("output", WORD),
            ("priority", WORD),
            ("resolved_paths", WORD),
            ("skip-if-unknown-filter", WORD),
            ("tags", WORD),
            ("warn_evttypes", WORD),
        ],
        required: &[],
        is_filled: true,
    },
);
const ALTERNATIVE: Shape = Shape::Named(
    "Alternative",
    &Named::Object {
        keys: &[("name", Shape::Text), ("version", Shape::Text)],
        required: &["name", "version"],
        is_filled: false,
    },
);
const PLUGIN: Shape = Shape::Named(
    "RequiredPluginVersion",
    &Named::Object {
        keys: &[("alternatives", Shape::List(&ALTERNATIVE)), ("name", Shape::Text), ("version", Shape::Text)],
        required: &["name", "version"],
        is_filled: false,
    },
);
/// One item of a file; the keys are sorted, as the validator visits them.
const RULE: Shape = Shape::Named(
    "FalcoRule",
    &Named::Object {
        keys: &[
            ("append", Shape::Bool),
            ("capture", Shape::Bool),
            ("capture_duration", Shape::Int),
            ("condition", Shape::Text),
            ("desc", Shape::Text),
            ("enabled", Shape::Bool),
            ("exceptions", Shape::List(&EXCEPTION)),
            ("items", Shape::List(&ITEM)),
            ("list", Shape::Text),
            ("macro", Shape::Text),
            ("output", Shape::Text),
            ("override", OVERRIDE),
            ("priority", PRIORITY),
            ("required_engine_version", Shape::Text),
            ("required_plugin_versions", Shape::List(&PLUGIN)),
            ("resolved_paths", Shape::Bool),
            ("rule", Shape::Text),
            ("skip-if-unknown-filter", Shape::Bool),
            ("source", Shape::Text),
            ("tags", Shape::List(&Shape::Text)),
            ("warn_evttypes", Shape::Bool),
        ],
        required: &[],
        is_filled: false,
    },
);
const FILE: Shape = Shape::List(&RULE);

/// The JSON schema.
pub fn json() -> Value {
    let mut definitions = Map::new();
    let mut schema = FILE.json(&mut definitions);
    schema["$schema"] = "http://json-schema.org/draft-06/schema#".into();
    schema["definitions"] = definitions.into();
    schema
}

/// What differs from the schema in a file's documents; `None` where there is no document to compare.
pub fn check(text: &str) -> Option<Vec<String>> {
    let (documents, broken) = yaml::documents(text, 0);
    if documents.is_empty() || broken.is_some() {
        return None;
    }
    let mut findings = Vec::new();
    for (index, document) in documents.iter().enumerate() {
        // Behind another document, what is neither a list nor nothing ends the load before it is compared.
        if index > 0 && document.items().is_none() && !document.is_null() {
            break;
        }
        // Falco's answer joins the answers of all documents once one of them is not `ok`.
        if FILE.check(document, "<root>", &mut findings) && !findings.is_empty() {
            findings.push("ok".to_owned());
        }
    }
    Some(findings)
}

impl Shape {
    fn json(self, definitions: &mut Map<String, Value>) -> Value {
        match self {
            Self::Any => json!({}),
            Self::Bool => json!({ "type": "boolean" }),
            Self::Int => json!({ "type": "integer" }),
            Self::Text => json!({ "type": "string" }),
            Self::List(item) => json!({ "type": "array", "items": item.json(definitions) }),
            Self::Named(title, named) => {
                if !definitions.contains_key(title) {
                    let definition = named.json(title, definitions);
                    definitions.insert(title.to_owned(), definition);
                }
                json!({ "$ref": format!("#/definitions/{title}") })
            }
        }
    }

    /// Whether the value is right; every fault is told, the innermost first.
    fn check(self, node: &Node, path: &str, findings: &mut Vec<String>) -> bool {
        let before = findings.len();
        let mut find = |what: &str| findings.push(format!("failed for {path}: {what}"));
        match self {
            Self::Any => {}
            Self::List(item) => match node.items() {
                None => find(TYPE),
                Some(items) => {
                    for (index, node) in items.iter().enumerate() {
                        if !item.check(node, &format!("{path}[{index}]"), findings) {
                            findings.push(format!(
                                "failed for {path}: Failed to validate item #{index} in array."
                            ));
                        }
                    }
                }
            },
            Self::Named(_, Named::AnyOf(shapes)) => {
                let mut all = Vec::new();
                for (index, shape) in shapes.iter().enumerate() {
                    if shape.check(node, path, &mut all) {
                        return true;
                    }
                    all.push(format!("failed for {path}: Failed to validate against child schema #{index}."));
                }
                findings.append(&mut all);
                findings.push(format!(
                    "failed for {path}: Failed to validate against any schemas allowed by anyOf constraint."
                ));
            }
            Self::Named(_, Named::Words(words)) => {
                if node.scalar().is_none() {
                    find(TYPE);
                }
                if !node.scalar().is_some_and(|text| words.contains(&text)) {
                    find("Failed to match against any enum values.");
                }
            }
            Self::Named(_, Named::Object { keys, required, is_filled }) => match &node.data {
                Data::Mapping(_) => object(node, path, keys, required, *is_filled, findings),
                _ => find(TYPE),
            },
            Self::Bool | Self::Int | Self::Text => {
                let fits = |text: &str| match self {
                    Self::Bool => ["true", "false"].contains(&text),
                    Self::Int => text.parse::<i64>().is_ok(),
                    _ => true,
                };
                if !node.scalar().is_some_and(fits) {
                    find(TYPE);
                }
            }
        }
        findings.len() == before
    }
}

const TYPE: &str = "Value type not permitted by 'type' constraint.";

fn object(
    node: &Node,
    path: &str,
    keys: &[(&str, Shape)],
    required: &[&str],
    is_filled: bool,
    findings: &mut Vec<String>,
) {
    for (key, shape) in keys {
        if let Some(value) = node.get(key)
            && !shape.check(value, &format!("{path}[{key}]"), findings)
        {
            findings.push(format!(
                "failed for {path}: Failed to validate against schema associated with property name '{key}'."
            ));
        }
    }
    let entries = node.entries().unwrap_or_default();
    let names = entries.iter().filter_map(|(name, _)| name.scalar());
    // The validator stops at the first one.
    if let Some(name) = names.into_iter().find(|name| !keys.iter().any(|(key, _)| key == name)) {
        findings.push(format!(
            "failed for {path}: Object contains a property that could not be validated using 'properties' or \
             'additionalProperties' constraints: '{name}'."
        ));
    }
    if is_filled && entries.is_empty() {
        findings.push(format!("failed for {path}: Object should have no fewer than 1 properties."));
    }
    for name in required.iter().filter(|name| node.get(name).is_none()) {
        findings.push(format!("failed for {path}: Missing required property '{name}'."));
    }
}

impl Named {
    fn json(&self, title: &str, definitions: &mut Map<String, Value>) -> Value {
        match self {
            Self::Words(words) => json!({ "title": title, "type": "string", "enum": words }),
            Self::AnyOf(shapes) => {
                let shapes: Vec<Value> = shapes.iter().map(|shape| shape.json(definitions)).collect();
                json!({ "title": title, "anyOf": shapes })
            }
            Self::Object { keys, required, is_filled } => {
                let properties: Map<String, Value> =
                    keys.iter().map(|(key, shape)| ((*key).to_owned(), shape.json(definitions))).collect();
                let mut object = json!({
                    "title": title,
                    "type": "object",
                    "additionalProperties": false,
                    "properties": properties,
                });
                if *is_filled {
                    object["minProperties"] = 1.into();
                } else {
                    object["required"] = (*required).into();
                }
                object
            }
        }
    }
}
