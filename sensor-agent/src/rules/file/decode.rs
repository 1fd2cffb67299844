//! Values of a mapping, with the faults that a missing or ill-typed one makes.

use std::{collections::BTreeSet, rc::Rc};

use super::{
    place::{Source, Spot},
    yaml::Node,
};
use crate::rules::error::{Fail, ItemError, Step, nearest};

pub(super) type Result<T> = std::result::Result<T, Fail>;

pub(super) fn fail<T>(spot: Spot, error: ItemError) -> Result<T> {
    Err(Fail::new(spot, error))
}

/// A fault of the value that a key has.
fn fail_value<T>(key: &str, node: &Node, error: ItemError) -> Result<T> {
    fail(node.spot(), error).map_err(|fail| fail.inside(value_for(key, node)))
}

/// The step into the value of a key.
pub(super) fn value_for(key: &str, node: &Node) -> Step {
    Step::new("value for", key, node.spot())
}

/// A mapping of a rule file.
#[derive(Clone, Copy)]
pub(super) struct Map<'n>(pub(super) &'n Rc<Node>);

impl<'n> Map<'n> {
    pub(super) fn has(self, key: &str) -> bool {
        self.0.get(key).is_some()
    }

    pub(super) fn spot(self) -> Spot {
        self.0.spot()
    }

    /// Keys that are none of `known`, with their places.
    pub(super) fn unknown_keys(self, known: &[&str]) -> Vec<(String, Spot)> {
        let keys = self.0.entries().unwrap_or_default().iter().map(|(key, _)| key);
        let unknown = keys.filter(|key| key.scalar().is_none_or(|name| !known.contains(&name)));
        unknown.map(|key| (key.scalar().unwrap_or("null").to_owned(), key.spot())).collect()
    }

    /// Keys that are words, with their places.
    pub(super) fn keys(self) -> impl Iterator<Item = (&'n str, Spot)> {
        let keys = self.0.entries().unwrap_or_default().iter().map(|(key, _)| key);
        keys.filter_map(|key| Some((key.scalar()?, key.spot())))
    }

    /// Keys that stood there before.
    pub(super) fn repeated_keys(self) -> Vec<(String, Spot)> {
        let mut seen = BTreeSet::new();
        self.keys().filter(|(key, _)| !seen.insert(*key)).map(|(key, spot)| (key.to_owned(), spot)).collect()
    }

    /// The key that is a misspelt `key`, it seems.
    pub(super) fn misspelt(self, key: &str) -> Option<(String, Spot)> {
        let found = self.keys().find(|(found, _)| nearest(found, std::iter::once(key)).is_some());
        found.map(|(found, spot)| (found.to_owned(), spot))
    }

    /// The fault that `key` is not there; it is of the misspelt key if there is one.
    pub(super) fn missing<T>(self, key: &'static str) -> Result<T> {
        let (instead, spot) = self.misspelt(key).unzip();
        fail(spot.unwrap_or(self.spot()), ItemError::Missing { key, instead })
    }

    pub(super) fn node(self, key: &'static str) -> Result<&'n Rc<Node>> {
        match self.0.get(key) {
            Some(node) => Ok(node),
            None => self.missing(key),
        }
    }

    /// A scalar that is there and not empty.
    pub(super) fn required(self, key: &'static str) -> Result<Source> {
        let node = self.node(key)?;
        match node.scalar() {
            Some("") => fail_value(key, node, ItemError::Empty { key }),
            Some(text) => Ok(Source::new(text, node.spot())),
            None if node.is_null() => fail(node.spot(), ItemError::Null { key }),
            None => fail_value(key, node, ItemError::NoScalar { key }),
        }
    }

    pub(super) fn optional(self, key: &'static str) -> Result<Option<Source>> {
        if self.has(key) { self.required(key).map(Some) } else { Ok(None) }
    }

    pub(super) fn boolean(self, key: &'static str) -> Result<Option<bool>> {
        let Some(node) = self.0.get(key) else { return Ok(None) };
        let source = self.required(key)?;
        match boolean(source.text()) {
            Some(value) => Ok(Some(value)),
            None => fail_value(key, node, ItemError::NoBoolean { key, found: source.text().to_owned() }),
        }
    }

    pub(super) fn number(self, key: &'static str) -> Result<Option<u32>> {
        let Some(node) = self.0.get(key) else { return Ok(None) };
        let source = self.required(key)?;
        let text = source.text();
        let value = match text.strip_prefix("0x") {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => text.parse(),
        };
        match value {
            Ok(value) => Ok(Some(value)),
            Err(_not_a_number) => fail_value(key, node, ItemError::NoNumber { key, found: text.to_owned() }),
        }
    }

    /// A sequence of scalars.
    pub(super) fn words(self, key: &'static str) -> Result<Option<Vec<Source>>> {
        let Some(node) = self.0.get(key) else { return Ok(None) };
        let Some(items) = node.items() else { return fail_value(key, node, ItemError::NoSequence { key }) };
        let word = |item: &Rc<Node>| match item.scalar() {
            Some(text) => Ok(Source::new(text, item.spot())),
            None => fail(item.spot(), ItemError::NoScalarItem { key }).map_err(|fail| {
                fail.inside(Step::new("list item", "", item.spot())).inside(value_for(key, node))
            }),
        };
        items.iter().map(word).collect::<Result<Vec<_>>>().map(Some)
    }
}

/// The words of YAML 1.1, in lower, upper or capitalised spelling.
fn boolean(text: &str) -> Option<bool> {
    let lower = text.to_ascii_lowercase();
    let mut rest = text.chars();
    rest.next();
    let tail = rest.as_str();
    let is_spelling = text == lower
        || text == text.to_ascii_uppercase()
        || (text.starts_with(|c: char| c.is_ascii_uppercase()) && tail == tail.to_ascii_lowercase());
    match lower.as_str() {
        _ if !is_spelling => None,
        "true" | "yes" | "on" | "y" => Some(true),
        "false" | "no" | "off" | "n" => Some(false),
        _ => None,
    }
}
