//! `-o key=value`: sets one value of a configuration. The key is a dotted path with `[i]` and `[]` (append); a
//! backslash takes the special meaning from `.`, `[`, `]` and itself; a value in braces is YAML.

use super::tree::{Entry, Fault, Kind, Node, Place, Variables, expand, parse};

/// A parsed `-o`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Setting {
    path: Vec<Step>,
    value: Node,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
    Append,
}

impl Setting {
    /// Parses what follows `-o`.
    pub(super) fn parse(option: &str, variables: Variables<'_>) -> Result<Self, Fault> {
        let source: std::sync::Arc<str> = format!("-o {option}").into();
        let place = Place { source: source.clone(), at: None };
        let fault = |what: &str| Fault { place: place.clone(), what: what.into() };
        let (key, value) = option.split_once('=').ok_or_else(|| fault("must have the form key=value"))?;
        let path = steps(key.trim()).map_err(fault)?;
        let value = value.trim();
        let value = if value.starts_with('{') && value.ends_with('}') {
            let mut node = parse(&source, value, variables)?;
            forget_lines(&mut node);
            node
        } else {
            let text = expand(unquoted(value), variables).into_owned();
            Node { place, kind: Kind::Scalar(text) }
        };
        Ok(Self { path, value })
    }

    /// Name of the key at the top.
    pub(super) fn top(&self) -> &str {
        if let Some(Step::Key(key)) = self.path.first() { key } else { "" }
    }

    /// Puts the value where the path says, making what is missing on the way.
    pub(super) fn apply(&self, tree: &mut Node) -> Result<(), Fault> {
        let place = &self.value.place;
        let mut node = tree;
        for step in &self.path {
            let fault = |what: String| Fault { place: place.clone(), what };
            node = match step {
                Step::Key(key) => {
                    let entries = entries(node)
                        .ok_or_else(|| fault(format!("`{key}` would stand in a value that is no mapping")))?;
                    let index = entries.iter().position(|entry| entry.key == *key).unwrap_or_else(|| {
                        let value = Node { place: place.clone(), kind: Kind::Null };
                        entries.push(Entry { key: key.clone(), place: place.clone(), value });
                        entries.len() - 1
                    });
                    entries.get_mut(index).map(|entry| &mut entry.value)
                }
                Step::Index(_) | Step::Append => {
                    let items = items(node).ok_or_else(|| fault("the value before `[` is no list".into()))?;
                    let len = items.len();
                    let index = if let Step::Index(index) = step { *index } else { len };
                    if index > len {
                        return Err(fault(format!("index {index}, but the list has {len} items")));
                    }
                    if index == len {
                        items.push(Node { place: place.clone(), kind: Kind::Null });
                    }
                    items.get_mut(index)
                }
            }
            .ok_or_else(|| fault("no such value".into()))?;
        }
        *node = self.value.clone();
        Ok(())
    }
}

fn entries(node: &mut Node) -> Option<&mut Vec<Entry>> {
    if node.kind == Kind::Null {
        node.kind = Kind::Map(Vec::new());
    }
    if let Kind::Map(entries) = &mut node.kind { Some(entries) } else { None }
}

fn items(node: &mut Node) -> Option<&mut Vec<Node>> {
    if node.kind == Kind::Null {
        node.kind = Kind::List(Vec::new());
    }
    if let Kind::List(items) = &mut node.kind { Some(items) } else { None }
}

fn steps(key: &str) -> Result<Vec<Step>, &'static str> {
    let mut steps = Vec::new();
    let mut word = String::new();
    let mut chars = key.chars();
    // A word must stand before `.` and at the end, unless an index does.
    let mut is_behind_index = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(c @ ('.' | '[' | ']' | '\\')) => word.push(c),
                _ => return Err("a backslash in a key stands before `.`, `[`, `]` or a backslash"),
            },
            '.' | '[' => {
                if !word.is_empty() {
                    steps.push(Step::Key(std::mem::take(&mut word)));
                } else if !is_behind_index {
                    return Err("a part of the key is empty");
                }
                is_behind_index = c == '[';
                if is_behind_index {
                    let (index, behind) =
                        chars.as_str().split_once(']').ok_or("a `[` in a key needs its `]`")?;
                    chars = behind.chars();
                    steps.push(match index {
                        "" => Step::Append,
                        digits => Step::Index(digits.parse().map_err(|_no| "an index is a number or empty")?),
                    });
                }
            }
            _ if is_behind_index => return Err("behind `]` stands `.`, `[` or nothing"),
            c => word.push(c),
        }
    }
    if !word.is_empty() {
        steps.push(Step::Key(word));
    } else if !is_behind_index {
        return Err("a part of the key is empty");
    }
    match steps.first() {
        Some(Step::Key(_)) => Ok(steps),
        _ => Err("a key begins with a name"),
    }
}

/// A shell's habit: `-o key='"value"'`.
fn unquoted(value: &str) -> &str {
    let inner = |quote: char| value.strip_prefix(quote).and_then(|value| value.strip_suffix(quote));
    inner('"').or_else(|| inner('\'')).unwrap_or(value)
}

/// Lines inside an option help nobody.
fn forget_lines(node: &mut Node) {
    node.place.at = None;
    match &mut node.kind {
        Kind::Null | Kind::Scalar(_) => {}
        Kind::List(items) => items.iter_mut().for_each(forget_lines),
        Kind::Map(entries) => entries.iter_mut().for_each(|entry| {
            entry.place.at = None;
            forget_lines(&mut entry.value);
        }),
    }
}
