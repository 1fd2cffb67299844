//! YAML with positions: a tree of nodes from the parser's events. Aliases share their node, so a small file cannot
//! become a large tree; nesting is bounded.

use std::{borrow::Cow, collections::HashMap, rc::Rc};

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span as YamlSpan};

use super::place::Spot;
use crate::rules::error::YamlError;

/// A rule file needs seven levels at most.
const MAX_DEPTH: usize = 32;

/// A node with its place.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) spot: Spot,
    pub(super) data: Data,
}

#[derive(Debug)]
pub(super) enum Data {
    Scalar { text: String, is_plain: bool },
    Sequence(Vec<Rc<Node>>),
    Mapping(Vec<(Rc<Node>, Rc<Node>)>),
}

impl Node {
    pub(super) fn spot(&self) -> Spot {
        self.spot
    }

    /// Null in the YAML sense: nothing, `~` or `null` without quotes.
    pub(super) fn is_null(&self) -> bool {
        match &self.data {
            Data::Scalar { text, is_plain: true } => {
                ["", "~", "null", "Null", "NULL"].contains(&text.as_str())
            }
            _ => false,
        }
    }

    pub(super) fn scalar(&self) -> Option<&str> {
        match &self.data {
            Data::Scalar { text, .. } if !self.is_null() => Some(text),
            _ => None,
        }
    }

    pub(super) fn items(&self) -> Option<&[Rc<Self>]> {
        match &self.data {
            Data::Sequence(items) => Some(items),
            _ => None,
        }
    }

    pub(super) fn entries(&self) -> Option<&[(Rc<Self>, Rc<Self>)]> {
        match &self.data {
            Data::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// The first entry with this key, as yaml-cpp looks it up.
    pub(super) fn get(&self, key: &str) -> Option<&Rc<Self>> {
        self.entries()?.iter().find(|(name, _)| name.scalar() == Some(key)).map(|(_, value)| value)
    }
}

/// All documents that are complete, and what stopped the parser.
pub(super) fn documents(text: &str, file: usize) -> (Vec<Rc<Node>>, Option<(Spot, YamlError)>) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut builder = Builder { events: Parser::new_from_str(text), file, anchors: HashMap::new() };
    let mut documents = Vec::new();
    loop {
        match builder.document() {
            Ok(Some(node)) => documents.push(node),
            Ok(None) => return (documents, None),
            Err((spot, error)) => return (documents, Some((at_tab(text, spot, &error), error))),
        }
    }
}

/// The parser names what stands before a tab; people look for the tab.
fn at_tab(text: &str, spot: Spot, error: &YamlError) -> Spot {
    let is_tab = matches!(error, YamlError::Syntax(message) if message.contains("tab"));
    let lines = text.lines().enumerate().skip(spot.line.saturating_sub(1)).take(3);
    let found = lines.filter(|_| is_tab).find_map(|(line, text)| {
        let indentation = text.split(|c: char| !c.is_whitespace()).next()?;
        Some(Spot { line: line + 1, column: indentation.find('\t')? + 1, ..spot })
    });
    found.unwrap_or(spot)
}

struct Builder<'t> {
    events: Parser<'t, saphyr_parser::StrInput<'t>>,
    file: usize,
    anchors: HashMap<usize, Rc<Node>>,
}

type Result<T> = std::result::Result<T, (Spot, YamlError)>;

impl<'t> Builder<'t> {
    fn next(&mut self) -> Result<Option<(Event<'t>, YamlSpan)>> {
        self.events.next_event().transpose().map_err(|error: ScanError| {
            let spot = Spot {
                file: self.file,
                line: error.marker().line(),
                column: error.marker().col() + 1,
                style: ' ',
            };
            (spot, YamlError::Syntax(error.info().to_owned()))
        })
    }

    fn document(&mut self) -> Result<Option<Rc<Node>>> {
        while let Some((event, _)) = self.next()? {
            match event {
                Event::DocumentStart(_) => {
                    self.anchors.clear();
                    if let Some((event, span)) = self.next()? {
                        return self.node(event, span, 0);
                    }
                }
                Event::StreamEnd => return Ok(None),
                _ => {}
            }
        }
        Ok(None)
    }

    /// The node that starts with this event; `None` when an end stands there instead.
    fn node(&mut self, event: Event<'t>, span: YamlSpan, depth: usize) -> Result<Option<Rc<Node>>> {
        let mut spot =
            Spot { file: self.file, line: span.start.line(), column: span.start.col() + 1, style: ' ' };
        if depth > MAX_DEPTH {
            return Err((spot, YamlError::Depth));
        }
        let (data, anchor) = match event {
            Event::Scalar(text, style, anchor, _) => {
                spot.style = match style {
                    ScalarStyle::Plain => ' ',
                    ScalarStyle::SingleQuoted => '\'',
                    ScalarStyle::DoubleQuoted => '"',
                    ScalarStyle::Literal | ScalarStyle::Folded => '|',
                };
                let is_plain = style == ScalarStyle::Plain;
                if is_plain && text.is_empty() {
                    spot.style = '0';
                }
                (Data::Scalar { text: Cow::into_owned(text), is_plain }, anchor)
            }
            Event::SequenceStart(anchor, _) => {
                let mut items = Vec::new();
                while let Some((event, span)) = self.next()? {
                    let Some(item) = self.node(event, span, depth + 1)? else { break };
                    items.push(item);
                }
                spot.style = '-';
                (Data::Sequence(items), anchor)
            }
            Event::MappingStart(anchor, _) => (Data::Mapping(self.mapping(depth)?), anchor),
            Event::Alias(anchor) => {
                return match self.anchors.get(&anchor) {
                    Some(node) => Ok(Some(Rc::clone(node))),
                    None => Err((spot, YamlError::Alias)),
                };
            }
            _ => return Ok(None),
        };
        let node = Rc::new(Node { spot, data });
        if anchor > 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        Ok(Some(node))
    }

    fn mapping(&mut self, depth: usize) -> Result<Vec<(Rc<Node>, Rc<Node>)>> {
        let mut entries = Vec::new();
        while let Some((event, span)) = self.next()? {
            let Some(key) = self.node(event, span, depth + 1)? else { break };
            let Some((event, span)) = self.next()? else { break };
            let Some(value) = self.node(event, span, depth + 1)? else { break };
            if key.scalar().is_none() && !key.is_null() {
                return Err((key.spot, YamlError::Key));
            }
            entries.push((key, value));
        }
        Ok(entries)
    }
}
