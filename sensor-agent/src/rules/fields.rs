//! The table of fields: everything a rule can ask of an event. `--list`, completion and docs are generated from it.

mod table;
mod resolve;
mod arguments;
mod path;
mod evt;
mod syscall;
mod syscall_get;
mod process;
mod process_get;
mod ancestors;
mod thread_get;
mod user;
mod fd;
mod fd_get;
mod descriptor;
mod endpoints;
pub mod fixed;
mod fs_path;
mod container;
mod k8s;
mod k8smeta;
pub mod list;
#[cfg(test)]
mod tests;

pub use descriptor::{Descriptor, DescriptorKind};
pub use endpoints::{Endpoint, Endpoints};
pub(super) use path::file_name;
pub use path::{absolute, join as join_path};
pub use resolve::{FieldError, event_name};
pub use table::{CLASSES, Class};

pub(super) use descriptor::{is_untold, spelled};
pub(super) use endpoints::{protocol_letter, tuple};
pub(super) use process_get::{exe, task};
pub(super) use thread_get::vtid;
pub(super) use user::{group_name, user_name};

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
    /// The name that an opened file goes by.
    pub naming: Naming,
}

/// Which of a file's two names an evaluation goes by (DESIGN D8). They are never mixed within one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Naming {
    /// As the process spelled it, absolute and normalised: Falco's.
    #[default]
    Spelled,
    /// As the kernel resolved it: no symbolic link is left in it.
    Resolved,
}

impl Naming {
    /// Value of `fd.matched_name`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Spelled => "spelled",
            Self::Resolved => "resolved",
        }
    }
}

impl<'a> Context<'a> {
    /// An event under the name that was spelled.
    pub const fn new(event: &'a Event<'a>, arena: &'a Bump) -> Self {
        Self { event, arena, naming: Naming::Spelled }
    }

    /// The same event under the name that the kernel resolved; `None` when that is not known, or the same.
    pub fn resolved(self) -> Option<Self> {
        descriptor::has_other_name(&self).then_some(Self { naming: Naming::Resolved, ..self })
    }
}

/// How many values a field has, and what a comparison with it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One value.
    One,
    /// A list-typed field: only `in`, `intersects`, `exists`.
    List,
    /// Both ends (`fd.ip`): equal when either is, unequal only when both are. An empty list stands for a descriptor
    /// that is known and no socket: it exists, and compares with nothing.
    Either,
    /// Ancestors (`proc.aname` without an index): an operator holds when it holds for one of them.
    AnyAncestor,
    /// Host names of an address: an operator holds when it holds for one of them, `!=` when none is equal. The first one
    /// prints.
    Names,
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

/// What an argument may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgKind {
    /// `[3]`
    Number,
    /// `[NAME]`
    Key,
    /// `.NAME` or `[3]`: a parameter of the event.
    Param,
    /// `.NAME` only: letters, digits and `_`.
    Word,
    /// `[3]` or `[NAME]`
    Either,
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

impl Arg {
    /// `NAME` of `[NAME]` and `.NAME`.
    pub fn key(&self) -> Option<&str> {
        if let Self::Key(key) = self { Some(key) } else { None }
    }
}

/// Bits of [`Field::flags`].
pub mod flag {
    /// Meaningful in conditions only; prints as absent.
    pub const FILTER_ONLY: u16 = 1;
    /// Works, and is not listed.
    pub const HIDDEN: u16 = 2;
    /// Still works; a rule that uses it gets a warning.
    pub const DEPRECATED: u16 = 4;
    /// Meant for outputs.
    pub const PRINT_ONLY: u16 = 8;
    /// No comparison with another field, on either side.
    pub const NO_RHS: u16 = 16;
    /// No transformer takes it.
    pub const NO_TRANSFORMER: u16 = 32;
    /// Of the container plugin: its argument errors have another text.
    pub const PLUGIN: u16 = 64;
    /// Appended to outputs by `suggested_output`.
    pub const SUGGESTED: u16 = 128;
    /// Told by runtimes: neither true nor false before they answered.
    pub const CONTEXT: u16 = 256;
    /// Derived from the name of an opened file, of which there may be two ([`super::Naming`]).
    pub const NAME: u16 = 512;
}

/// How a number prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Print {
    /// As its type does.
    Plain,
    /// Upper-case hexadecimal, a string in JSON.
    Hex,
    /// Nine digits with leading zeros, a string in JSON.
    Padded,
    /// Text of the event's time; in JSON the time as a number, ns since the epoch.
    EventTime,
}

/// Whether the sensor can supply a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Supply {
    /// It does.
    Full,
    /// It is always absent, and why.
    Absent(&'static str),
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
    /// What its argument may be.
    pub arg_kind: ArgKind,
    /// Bits of [`flag`].
    pub flags: u16,
    /// How it prints.
    pub print: Print,
    /// Whether the sensor can supply it.
    pub supply: Supply,
    /// One sentence for `--list`.
    pub doc: &'static str,
    /// Reads it.
    pub get: Get,
}

impl Field {
    /// Whether all of `bits` (of [`flag`]) are set.
    pub const fn is(&self, bits: u16) -> bool {
        self.flags & bits == bits
    }
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

impl PartialEq for FieldRef {
    fn eq(&self, other: &Self) -> bool {
        self.field.name == other.field.name && self.arg == other.arg
    }
}

impl Eq for FieldRef {}

impl std::hash::Hash for FieldRef {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (self.field.name, &self.arg).hash(state);
    }
}

impl FieldRef {
    /// Whether there is such a field: a static one is there if its name is among these.
    pub fn is_configured(&self, static_fields: &[String]) -> bool {
        self.field.name != fixed::NAME
            || self.arg.key().is_some_and(|key| static_fields.iter().any(|it| it == key))
    }

    /// Its value for an event.
    pub fn get<'a>(&self, context: &Context<'a>) -> Option<Value<'a>> {
        (self.field.get)(context, &self.arg)
    }
}
