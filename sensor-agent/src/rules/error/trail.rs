//! The way to a fault as Falco's documents tell it: from the file over the item to the key or the condition, each step
//! with a place counted from 0.

use crate::rules::file::{RuleFile, Source, Spot};

/// One step towards a fault, while the file is being read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it leads into: `rule`, `value for`, `exception`.
    pub kind: &'static str,
    /// Name of that, or empty.
    pub name: String,
    /// Where it starts.
    pub spot: Spot,
}

impl Step {
    /// A step into something that has a name.
    pub fn new(kind: &'static str, name: &str, spot: Spot) -> Self {
        Self { kind, name: name.to_owned(), spot }
    }
}

/// A step as it is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Location {
    /// `rules content`, `rule`, `condition expression`
    pub kind: String,
    /// Name of the item, or empty.
    pub name: String,
    /// File, or the beginning of the condition in quotes.
    pub file: String,
    /// From 0.
    pub line: u64,
    /// In bytes, from 0.
    pub column: u64,
    /// Bytes from the start.
    pub offset: u64,
}

/// A file whose lines are found without reading it from the start.
#[derive(Debug)]
pub(super) struct Lines<'f> {
    pub(super) file: &'f RuleFile<'f>,
    /// Byte at which each line starts.
    starts: Vec<usize>,
}

impl<'f> Lines<'f> {
    pub(super) fn of(file: &'f RuleFile<'f>) -> Self {
        let behind = memchr::memchr_iter(b'\n', file.text.as_bytes()).map(|newline| newline + 1);
        Self { file, starts: std::iter::once(0).chain(behind).collect() }
    }

    /// Where line `number` starts; both from 0.
    fn start(&self, number: usize) -> usize {
        self.starts.get(number).copied().unwrap_or(self.file.text.len())
    }

    /// The text from line `number` on, from 0.
    pub(super) fn from(&self, number: usize) -> &'f str {
        self.file.text.get(self.start(number)..).unwrap_or_default()
    }

    /// Line `number`, from 0, without its newline.
    pub(super) fn line(&self, number: usize) -> &'f str {
        let line = self.file.text.get(self.start(number)..self.start(number + 1)).unwrap_or_default();
        line.strip_suffix('\n').unwrap_or(line)
    }

    /// Line and column of a byte, both from 0, the column in bytes.
    fn position(&self, offset: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= offset).saturating_sub(1);
        (line, offset - self.start(line).min(offset))
    }
}

impl Location {
    /// The outermost step: a whole file.
    pub(super) fn content(file: &RuleFile<'_>) -> Self {
        Self { kind: "rules content".to_owned(), file: file.name.to_owned(), ..Self::default() }
    }

    pub(super) fn of(step: &Step, lines: &Lines<'_>) -> Self {
        let offset = mark(lines, step.spot);
        let (line, column) = lines.position(offset);
        Self {
            kind: step.kind.to_owned(),
            name: step.name.clone(),
            file: lines.file.name.to_owned(),
            line: line as u64,
            column: column as u64,
            offset: offset as u64,
        }
    }

    /// Byte `at` of a condition that `parent` leads to: Falco adds its line and column, both from 1, to the parent's.
    pub(super) fn expression(parent: &Self, condition: &Source, at: Option<usize>) -> Self {
        let text = condition.text();
        let Some(at) = at else {
            let kind = "condition expression".to_owned();
            return Self { kind, name: String::new(), file: shortened(text), ..parent.clone() };
        };
        let before = text.get(..at).unwrap_or(text);
        let column = before.len() - before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            kind: "condition expression".to_owned(),
            name: String::new(),
            file: shortened(text),
            line: parent.line + 1 + before.matches('\n').count() as u64,
            column: parent.column + 1 + column as u64,
            offset: parent.offset + at as u64,
        }
    }
}

/// The byte where yaml-cpp says that a node starts: of a block scalar its header, of a block sequence its first dash, of
/// a value that is not there the next token.
fn mark(lines: &Lines<'_>, spot: Spot) -> usize {
    let text = lines.file.text;
    let start = lines.start(spot.line.saturating_sub(1));
    let line = text.get(start..).unwrap_or_default();
    let at = start + line.chars().take(spot.column.saturating_sub(1)).map(char::len_utf8).sum::<usize>();
    let (before, behind) = text.split_at_checked(at).unwrap_or((text, ""));
    match spot.style {
        '|' if !behind.starts_with(['|', '>']) => header(before).unwrap_or(at),
        '-' if !behind.starts_with(['-', '[']) => {
            before.trim_end_matches(' ').strip_suffix('-').map_or(at, str::len)
        }
        '0' => at + skipped(behind),
        _ => at,
    }
}

/// Where the last line that is not blank ends with the header of a block scalar.
fn header(before: &str) -> Option<usize> {
    let line = before.trim_end();
    let line = line.rsplit_once(" #").map_or(line, |(line, _)| line.trim_end());
    let start = line.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-'));
    start.ends_with(['|', '>']).then(|| start.len() - 1)
}

/// Blanks and comments before the next token.
fn skipped(text: &str) -> usize {
    let mut rest = text.trim_start_matches(':');
    loop {
        rest = rest.trim_start();
        match rest.strip_prefix('#') {
            Some(comment) => rest = comment.split_once('\n').map_or("", |(_, rest)| rest),
            None => return text.len() - rest.len(),
        }
    }
}

/// A condition in the place of a file name: twenty bytes of it at most.
fn shortened(condition: &str) -> String {
    const MAX: usize = 20;
    const DOTS: &str = "...";
    if condition.len() <= MAX {
        return format!("\"{condition}\"");
    }
    let mut end = MAX - DOTS.len();
    while !condition.is_char_boundary(end) {
        end -= 1;
    }
    format!("\"{}{DOTS}\"", condition.get(..end).unwrap_or_default())
}
