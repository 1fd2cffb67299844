//! What is wrong with rule files: a typed reason with Falco's code, the place, the line, and a hint.

mod advice;
mod faults;
mod hint;
mod reason;
mod trail;

use std::fmt;

pub use advice::{did_you_mean, operators};
pub use faults::{Fail, Faults, InCondition, MAX_FAULTS};
pub use hint::nearest;
pub use reason::{
    CheckError, Code, ExceptionError, ItemError, ItemKind, NameError, Reason, UpdateError, VersionError,
    Warning, YamlError,
};
pub use trail::{Location, Step};

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
    /// The way to it as Falco tells it, outermost first; at least the file.
    pub trail: Vec<Location>,
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

    /// The line and below it a caret, each ending with a newline.
    pub fn snippet(&self) -> String {
        format!("{}\n{:caret$}^\n", self.source_line, "", caret = self.caret)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.code().label())?;
        if let Some(owner) = self.owner.as_ref().filter(|owner| owner.kind.is_named()) {
            write!(f, ": {} `{}`", owner.kind.label(), owner.name)?;
        }
        write!(f, ": {}\n  {}\n  {:caret$}^", self.reason, self.source_line, "", caret = self.caret)?;
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}
