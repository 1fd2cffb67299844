//! The table of fields: everything a rule can ask of an event. `--list`, completion and docs are generated from it.

use bumpalo::Bump;

use super::{Type, Value};
use crate::enrich::Event;

/// What extraction reads, and where it puts what it has to assemble.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The event.
    pub event: &'a Event<'a>,
    /// Reset after each event.
    pub arena: &'a Bump,
}

/// How many values a field has, and what a comparison with it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One value.
    One,
    /// A list-typed field: only `in`, `intersects`, `exists`.
    List,
    /// Both ends (`fd.ip`): equal when either is, unequal only when both are.
    Either,
    /// Ancestors (`proc.aname` without an index): an operator holds when it holds for one of them.
    AnyAncestor,
}

/// Whether a field takes an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgRule {
    /// None.
    None,
    /// `field` and `field[arg]`.
    Optional,
    /// `field[arg]` or `field.arg` only.
    Required,
}

/// A field's argument, parsed when the rule is loaded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Arg {
    /// None given.
    None,
    /// `[3]`
    Index(u32),
    /// `[NAME]` or `.NAME`
    Key(String),
}

/// Reads a value; `None` is Falco's absent.
pub type Get = for<'a> fn(&Context<'a>, &Arg) -> Option<Value<'a>>;

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// `proc.name`
    pub name: &'static str,
    /// Falco's type.
    pub ty: Type,
    /// One value or many (a field with an optional index is `One` when the index is given).
    pub shape: Shape,
    /// Argument rule.
    pub arg: ArgRule,
    /// One sentence for `--list`.
    pub doc: &'static str,
    /// Reads it.
    pub get: Get,
}

/// A field with its argument, as a rule uses it.
#[derive(Clone, Debug)]
pub struct FieldRef {
    /// The row.
    pub field: &'static Field,
    /// Its argument.
    pub arg: Arg,
    /// Type, which may depend on the argument.
    pub ty: Type,
    /// Shape, which may depend on the argument.
    pub shape: Shape,
}
