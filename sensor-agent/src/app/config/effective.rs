//! What holds, and where each value comes from: every key that stands somewhere, and every default that this version acts on.

use serde_json::{Map, Value};

use super::{
    Raw,
    keys::{KEYS, Key, Use},
    schema::typed,
    tree::{Kind, Node, Place},
};

/// Values that a reader of the answer must not learn.
const SECRETS: [&str; 1] = ["saker.admin_token"];

/// One value in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Effective {
    /// `append_output[0].match.rule`
    pub path: String,
    /// Its value, with the type that the key has.
    pub value: Value,
    /// Where it is written; `None`: it is the default.
    pub place: Option<Place>,
    /// Nothing follows from it.
    pub is_unused: bool,
}

/// All values, in the order of the table.
pub fn effective(raw: &Raw) -> Vec<Effective> {
    let mut all = Vec::new();
    for key in KEYS {
        let before = all.len();
        find(&raw.root, key.path, "", key, &mut all);
        if all.len() == before && key.usage == Use::Read && !key.default.is_empty() {
            let value = typed(key.shape, key.default);
            all.push(Effective { path: key.path.to_owned(), value, place: None, is_unused: false });
        }
    }
    all
}

/// The values at a path of the table, `[]` standing for each item.
fn find(node: &Node, path: &str, so_far: &str, key: &Key, all: &mut Vec<Effective>) {
    let Some((word, rest)) =
        path.split_once('.').map(|(word, rest)| (word, Some(rest))).or(Some((path, None)))
    else {
        return;
    };
    let (name, is_list) = word.strip_suffix("[]").map_or((word, false), |name| (name, true));
    let Some(value) = node.get(name) else { return };
    let here = if so_far.is_empty() { name.to_owned() } else { format!("{so_far}.{name}") };
    let mut go_on = |node: &Node, here: String| match rest {
        Some(rest) => find(node, rest, &here, key, all),
        None => all.push(Effective {
            value: if SECRETS.contains(&key.path) { "(hidden)".into() } else { json(node, key) },
            place: Some(node.place.clone()),
            is_unused: key.usage != Use::Read,
            path: here,
        }),
    };
    if is_list {
        value.items().iter().enumerate().for_each(|(index, item)| go_on(item, format!("{here}[{index}]")));
    } else {
        go_on(value, here);
    }
}

fn json(node: &Node, key: &Key) -> Value {
    match &node.kind {
        Kind::Null => Value::Null,
        Kind::Scalar(text) => typed(key.shape, text),
        Kind::List(items) => items.iter().map(|item| json(item, key)).collect(),
        Kind::Map(entries) => entries
            .iter()
            .map(|entry| (entry.key.clone(), json(&entry.value, key)))
            .collect::<Map<_, _>>()
            .into(),
    }
}
