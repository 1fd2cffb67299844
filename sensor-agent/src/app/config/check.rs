//! Compares a configuration with the table of keys: every fault at once, and what stands there without effect.

use super::{
    keys::{self, Key, Shape, Use},
    tree::{Fault, Kind, Node},
};

/// What is wrong, and what is only worth saying.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Checked {
    /// Values of the wrong kind.
    pub(super) faults: Vec<Fault>,
    /// Keys that nobody reads.
    pub(super) unknown: Vec<Fault>,
    /// Keys that are accepted and change nothing, by the reason.
    pub(super) unused: Vec<(&'static str, Vec<&'static str>)>,
    /// Keys of older Falco versions.
    pub(super) retired: Vec<&'static str>,
}

/// Checks a whole configuration.
pub(super) fn check(root: &Node) -> Checked {
    let mut checked = Checked::default();
    match &root.kind {
        Kind::Map(_) => checked.children(root, ""),
        _ => checked.fault(root, "a configuration is a mapping of keys".into()),
    }
    checked
}

impl Checked {
    fn fault(&mut self, node: &Node, what: String) {
        self.faults.push(Fault { place: node.place.clone(), what });
    }

    fn children(&mut self, node: &Node, path: &str) {
        for entry in node.entries() {
            let below = if path.is_empty() { entry.key.clone() } else { format!("{path}.{}", entry.key) };
            if is_known(&below) {
                self.value(&entry.value, &below);
            } else {
                let named = plain(&below);
                let nearest = keys::nearest(&below)
                    .map_or_else(String::new, |nearest| format!(", did you mean `{}`?", plain(&nearest)));
                self.unknown.push(Fault {
                    place: entry.place.clone(),
                    what: format!("unknown key `{named}`{nearest}"),
                });
            }
        }
    }

    fn value(&mut self, node: &Node, path: &str) {
        if node.kind == Kind::Null {
            return;
        }
        if let Some(key) = keys::leaf(path) {
            return self.leaf(node, key);
        }
        let item = format!("{path}[]");
        match &node.kind {
            Kind::Map(_) if keys::has_below(path, ".") => self.children(node, path),
            Kind::List(items) if keys::has_below(path, "[]") => {
                for node in items {
                    self.value(node, &item);
                }
            }
            // Falco reads a scalar as a list of one.
            Kind::Scalar(_) if keys::leaf(&item).is_some() => self.value(node, &item),
            _ => {
                let expect = if keys::has_below(path, "[]") { "a list" } else { "a mapping" };
                self.fault(node, format!("`{}` must be {expect}", plain(path)));
            }
        }
    }

    fn leaf(&mut self, node: &Node, key: &'static Key) {
        match key.usage {
            Use::Read => {}
            Use::Unused(why) => match self.unused.iter_mut().find(|(known, _)| *known == why) {
                Some((_, keys)) => note(keys, key),
                None => self.unused.push((why, vec![key.path])),
            },
            Use::Retired => note(&mut self.retired, key),
        }
        if key.shape == Shape::Free {
            return;
        }
        let name = plain(key.path);
        match node.scalar() {
            None => self.fault(node, format!("`{name}` must be a single value")),
            Some(text) => {
                if let Err(expect) = fits(text, key.shape) {
                    self.fault(node, format!("`{name}` is `{text}`, it must be {expect}"));
                }
            }
        }
    }
}

fn note(keys: &mut Vec<&'static str>, key: &Key) {
    if !keys.contains(&key.path) {
        keys.push(key.path);
    }
}

fn is_known(path: &str) -> bool {
    keys::leaf(path).is_some() || keys::has_below(path, ".") || keys::has_below(path, "[]")
}

/// A path as an operator writes it.
fn plain(path: &str) -> String {
    path.replace("[]", "")
}

fn fits(text: &str, shape: Shape) -> Result<(), String> {
    match shape {
        Shape::Bool => boolean(text).map(drop).ok_or_else(|| "true or false".into()),
        Shape::Int(min, max) => {
            let fits = text.parse::<i64>().is_ok_and(|value| (min..=max).contains(&value));
            let range = if max == i64::MAX { format!("{min} or more") } else { format!("{min} to {max}") };
            if fits { Ok(()) } else { Err(format!("a whole number, {range}")) }
        }
        Shape::Number(min, max) => {
            let fits = text.parse::<f64>().is_ok_and(|value| (min..=max).contains(&value));
            let range = if max < f64::MAX { format!("{min} to {max}") } else { format!("{min} or more") };
            if fits { Ok(()) } else { Err(format!("a number, {range}")) }
        }
        Shape::Word(words) => {
            let fits = words.iter().any(|word| word.eq_ignore_ascii_case(text));
            if fits { Ok(()) } else { Err(format!("one of {}", words.join(", "))) }
        }
        Shape::Text | Shape::Free => Ok(()),
    }
}

/// yaml-cpp's booleans.
pub(super) fn boolean(text: &str) -> Option<bool> {
    let word = text.to_ascii_lowercase();
    match word.as_str() {
        "true" | "yes" | "on" | "y" => Some(true),
        "false" | "no" | "off" | "n" => Some(false),
        _ => None,
    }
}
