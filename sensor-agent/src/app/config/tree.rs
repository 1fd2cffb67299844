//! A configuration as it is written: a tree in which every value knows where it stands, with `${VAR}` filled in.

use std::{borrow::Cow, collections::HashMap, fmt, sync::Arc};

use saphyr_parser::{Event, Parser, ScanError, Span};

/// Where a value is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// File name, or the option as it was given (`-o key=value`).
    pub source: Arc<str>,
    /// Line and column, both from 1; `None` for a whole file and for an option.
    pub at: Option<(usize, usize)>,
}

/// [`Place::source`] of what no file and no option says.
pub(super) const BUILT_IN: &str = "built-in defaults";

impl Place {
    /// Nobody has chosen the value.
    pub fn is_built_in(&self) -> bool {
        &*self.source == BUILT_IN
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some((line, column)) => write!(f, "{}:{line}:{column}", self.source),
            None => f.write_str(&self.source),
        }
    }
}

/// A value and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Where it is written.
    pub place: Place,
    /// What is written there.
    pub kind: Kind,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing: `key:` or `~`.
    Null,
    /// Any scalar as its text; like Falco, quotes decide nothing (`"true"` is true).
    Scalar(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in file order.
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key is written.
    pub place: Place,
    /// Its value.
    pub value: Node,
}

/// A text that is no YAML, or no configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What, as one clause.
    pub what: String,
}

/// Looks up an environment variable.
pub type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Node {
    /// An empty mapping.
    pub fn empty(place: Place) -> Self {
        Self { place, kind: Kind::Map(Vec::new()) }
    }

    /// The value of a key; what is null is not there.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Kind::Map(entries) = &self.kind else { return None };
        let entry = entries.iter().find(|entry| entry.key == key)?;
        (entry.value.kind != Kind::Null).then_some(&entry.value)
    }

    /// The value at a dotted path.
    pub fn at(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, |node, key| node.get(key))
    }

    /// The text of a scalar.
    pub fn scalar(&self) -> Option<&str> {
        if let Kind::Scalar(text) = &self.kind { Some(text) } else { None }
    }

    /// The items of a sequence; a scalar is a sequence of one.
    pub fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::List(items) => items,
            Kind::Scalar(_) => std::slice::from_ref(self),
            Kind::Null | Kind::Map(_) => &[],
        }
    }

    /// The entries of a mapping.
    pub fn entries(&self) -> &[Entry] {
        if let Kind::Map(entries) = &self.kind { entries } else { &[] }
    }
}

/// Parses one document; an empty one is an empty mapping.
pub(super) fn parse(source: &str, text: &str, variables: Variables<'_>) -> Result<Node, Fault> {
    let source: Arc<str> = source.into();
    let start = Place { source: Arc::clone(&source), at: None };
    let mut builder =
        Builder { parser: Parser::new_from_str(text), source, variables, anchors: HashMap::new(), nodes: 0 };
    loop {
        match builder.next()? {
            None | Some((Event::StreamEnd, _)) => return Ok(Node::empty(start)),
            Some((Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing, _)) => {
            }
            Some((event, span)) => {
                let node = builder.node(event, span, 0)?;
                builder.end()?;
                return Ok(if node.kind == Kind::Null { Node::empty(node.place) } else { node });
            }
        }
    }
}

/// Nesting that a configuration can need, with room.
const MAX_DEPTH: usize = 64;
/// Values of a configuration, aliases counted as often as they are used.
const MAX_NODES: usize = 100_000;

struct Builder<'a> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    source: Arc<str>,
    variables: Variables<'a>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
}

impl<'a> Builder<'a> {
    fn next(&mut self) -> Result<Option<(Event<'a>, Span)>, Fault> {
        let event = self.parser.next().transpose();
        event.map_err(|error: ScanError| Fault {
            place: self.place(error.marker().line(), error.marker().col()),
            what: format!("no YAML: {}", error.info()),
        })
    }

    fn place(&self, line: usize, column: usize) -> Place {
        Place { source: Arc::clone(&self.source), at: Some((line, column + 1)) }
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, Fault> {
        let place = self.place(span.start.line(), span.start.col());
        self.nodes += 1;
        if depth > MAX_DEPTH || self.nodes > MAX_NODES {
            return Err(Fault { place, what: "more values than a configuration can have".into() });
        }
        let (kind, anchor) = match event {
            Event::Scalar(text, style, anchor, _) => {
                let is_null = style == saphyr_parser::ScalarStyle::Plain
                    && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                let text = || expand(&text, self.variables).into_owned();
                (if is_null { Kind::Null } else { Kind::Scalar(text()) }, anchor)
            }
            Event::SequenceStart(anchor, _) => (Kind::List(self.list(depth)?), anchor),
            Event::MappingStart(anchor, _) => (Kind::Map(self.map(depth)?), anchor),
            Event::Alias(anchor) => {
                let node = self.anchors.get(&anchor).cloned();
                let node = node.ok_or_else(|| Fault { place, what: "alias of nothing".into() })?;
                self.nodes += weight(&node);
                return Ok(node);
            }
            _ => return Err(Fault { place, what: "a value was expected".into() }),
        };
        let node = Node { place, kind };
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, Fault> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                None | Some((Event::SequenceEnd, _)) => return Ok(items),
                Some((event, span)) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Vec<Entry>, Fault> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let (place, key) = match self.next()? {
                None | Some((Event::MappingEnd, _)) => return Ok(entries),
                Some((Event::Scalar(key, ..), span)) => {
                    (self.place(span.start.line(), span.start.col()), key.into_owned())
                }
                Some((_, span)) => {
                    let place = self.place(span.start.line(), span.start.col());
                    return Err(Fault { place, what: "a key must be a word".into() });
                }
            };
            if let Some(first) = entries.iter().find(|entry| entry.key == key) {
                let line = first.place.at.map_or(0, |(line, _)| line);
                return Err(Fault {
                    place,
                    what: format!("`{key}` stands here a second time, first in line {line}"),
                });
            }
            let Some((event, span)) = self.next()? else { return Ok(entries) };
            let value = self.node(event, span, depth + 1)?;
            entries.push(Entry { key, place, value });
        }
    }

    /// Nothing may follow the first document.
    fn end(&mut self) -> Result<(), Fault> {
        while let Some((event, span)) = self.next()? {
            if matches!(event, Event::DocumentStart(_)) {
                let place = self.place(span.start.line(), span.start.col());
                return Err(Fault { place, what: "a second document: a configuration is one".into() });
            }
        }
        Ok(())
    }
}

fn weight(node: &Node) -> usize {
    1 + match &node.kind {
        Kind::Null | Kind::Scalar(_) => 0,
        Kind::List(items) => items.iter().map(weight).sum(),
        Kind::Map(entries) => entries.iter().map(|entry| weight(&entry.value)).sum(),
    }
}

/// Fills in `${VAR}` (unset: nothing); `$${VAR}` stands for the text `${VAR}`.
pub(super) fn expand<'t>(text: &'t str, variables: Variables<'_>) -> Cow<'t, str> {
    if !text.contains("${") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("${") {
        let Some((name, after)) = behind.split_once('}') else { break };
        if let Some(before) = before.strip_suffix('$') {
            out.push_str(before);
            out.push_str("${");
            out.push_str(name);
            out.push('}');
        } else {
            out.push_str(before);
            out.push_str(&variables(name).unwrap_or_default());
        }
        rest = after;
    }
    out.push_str(rest);
    Cow::Owned(out)
}
