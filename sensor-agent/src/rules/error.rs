//! What is wrong with rule files: a typed reason with Falco's code, the place, the line, and a hint.

mod reason;
mod hint;

use std::fmt;

pub use hint::nearest;
pub use reason::{
    CheckError, Code, ExceptionError, ItemError, ItemKind, NameError, Reason, UpdateError, VersionError,
    Warning, YamlError,
};

use super::file::{RuleFile, Source, Spot};

/// The longest line that a fault shows, in characters.
const MAX_LINE: usize = 160;

/// One thing wrong. Its `Display` is the whole report: place, line with caret, sentence, hint.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Why.
    pub reason: Reason,
    /// The item that it is in.
    pub owner: Option<Owner>,
    /// Name of the file.
    pub file: String,
    /// Line in the file, from 1.
    pub line: usize,
    /// Column, in characters, from 1.
    pub column: usize,
    /// The line, at most 160 characters of it around the column.
    pub source_line: String,
    /// Column of the caret in `source_line`, from 0.
    pub caret: usize,
    /// What could be meant.
    pub hint: Option<String>,
}

/// The list, macro or rule that a fault is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its kind.
    pub kind: ItemKind,
    /// Its name.
    pub name: String,
}

impl Owner {
    /// An item by kind and name.
    pub fn new(kind: ItemKind, name: &str) -> Self {
        Self { kind, name: name.to_owned() }
    }
}

impl Fault {
    /// Falco's code.
    pub fn code(&self) -> Code {
        self.reason.code()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.code().label())?;
        if let Some(owner) = &self.owner {
            write!(f, ": {} `{}`", owner.kind.label(), owner.name)?;
        }
        write!(f, ": {}\n  {}\n  {:caret$}^", self.reason, self.source_line, "", caret = self.caret)?;
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

/// Collects faults while files are read; knows the files and which item is being looked at.
#[derive(Debug)]
pub struct Faults<'f> {
    files: &'f [RuleFile<'f>],
    owner: Option<Owner>,
    /// Errors so far.
    pub errors: Vec<Fault>,
    /// Warnings so far.
    pub warnings: Vec<Fault>,
}

impl<'f> Faults<'f> {
    /// No faults yet.
    pub fn new(files: &'f [RuleFile<'f>]) -> Self {
        Self { files, owner: None, errors: Vec::new(), warnings: Vec::new() }
    }

    /// Says which item the next faults are in.
    pub fn enter(&mut self, owner: Option<Owner>) {
        self.owner = owner;
    }

    /// An error at a node.
    pub fn error(&mut self, spot: Spot, reason: impl Into<Reason>) {
        let fault = self.fault(spot, reason.into(), None);
        self.errors.push(fault);
    }

    /// An error with its place.
    pub fn push(&mut self, (spot, reason): (Spot, Reason)) {
        self.error(spot, reason);
    }

    /// A warning at a node.
    pub fn warn(&mut self, spot: Spot, warning: Warning) {
        let fault = self.fault(spot, warning.into(), None);
        self.warnings.push(fault);
    }

    /// An error at byte `at` of a text.
    pub fn error_in(&mut self, source: &Source, at: usize, reason: Reason, hint: Option<String>) {
        let fault = self.fault(source.locate(at, self.files), reason, hint);
        self.errors.push(fault);
    }

    /// A warning at byte `at` of a text.
    pub fn warn_in(&mut self, source: &Source, at: usize, warning: Warning) {
        let fault = self.fault(source.locate(at, self.files), warning.into(), None);
        self.warnings.push(fault);
    }

    fn fault(&self, spot: Spot, reason: Reason, hint: Option<String>) -> Fault {
        let file = self.files.get(spot.file);
        let line = file.and_then(|file| file.text.split('\n').nth(spot.line.saturating_sub(1))).unwrap_or("");
        let column = spot.column.saturating_sub(1);
        // A long line is cut so that the column stays in sight; tabs would move the caret.
        let skip = (column + MAX_LINE / 2).saturating_sub(MAX_LINE).min(column);
        let shown = line.trim_end().chars().skip(skip).take(MAX_LINE);
        Fault {
            hint: hint.or_else(|| reason.hint()),
            reason,
            owner: self.owner.clone(),
            file: file.map_or("", |file| file.name).to_owned(),
            line: spot.line,
            column: spot.column,
            source_line: shown.map(|c| if c.is_control() { ' ' } else { c }).collect(),
            caret: column - skip,
        }
    }
}
