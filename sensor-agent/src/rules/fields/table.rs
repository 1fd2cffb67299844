//! How a row of the table is written, and all classes in the order of Falco's listing.

use super::{
    Arg, ArgKind, ArgRule, Context, Field, Get, Print, Shape, Supply, container, evt, fd, fixed, flag,
    fs_path, k8s, k8smeta, process, syscall, user,
};
use crate::rules::{Type, Value};

/// Fields that are listed together.
#[derive(Clone, Copy, Debug)]
pub struct Class {
    /// `evt`, `process`
    pub name: &'static str,
    /// In parentheses behind the name in the text listing, or empty.
    pub short: &'static str,
    /// One sentence, or empty.
    pub doc: &'static str,
    /// Its fields, in slices because the container plugin's are kept in two files.
    pub tables: &'static [&'static [Field]],
}

impl Class {
    /// Its fields in order.
    pub fn fields(&self) -> impl Iterator<Item = &'static Field> + use<> {
        self.tables.iter().copied().flatten()
    }
}

/// Every class, in listing order.
pub static CLASSES: &[Class] = &[
    Class { name: "evt", short: "All event types", doc: "What every event has.", tables: &[evt::FIELDS] },
    Class {
        name: "evt",
        short: "Syscall events only",
        doc: "What system calls have: name, result, parameters. Each parameter is at hand as evt.arg, e.g. evt.arg.flags.",
        tables: &[syscall::FIELDS],
    },
    Class {
        name: "process",
        short: "",
        doc: "The process and thread that the event comes from, and their ancestors.",
        tables: &[process::FIELDS],
    },
    Class { name: "user", short: "", doc: "The user that the process runs as.", tables: &[user::USER] },
    Class { name: "group", short: "", doc: "The group that the process runs as.", tables: &[user::GROUP] },
    Class {
        name: "fd",
        short: "",
        doc: "The file, socket or other object behind the descriptor of a system call.",
        tables: &[fd::FIELDS],
    },
    Class {
        name: "fs.path",
        short: "",
        doc: "The paths that a system call was given, whether or not it opens them (unlink, rename and so on).",
        tables: &[fs_path::FIELDS],
    },
    Class { name: "fdlist", short: "", doc: "The descriptors of a poll.", tables: &[fs_path::FDLIST] },
    Class { name: "util", short: "", doc: "", tables: &[fs_path::UTIL, fixed::FIELDS] },
    Class {
        name: "container (plugin)",
        short: "",
        doc: "",
        tables: &[container::FIELDS, k8s::FIELDS, k8smeta::FIELDS],
    },
];

/// A row that is supplied.
pub(super) const fn field(name: &'static str, ty: Type, doc: &'static str, get: Get) -> Field {
    Field {
        name,
        ty,
        shape: Shape::One,
        arg: ArgRule::None,
        arg_kind: ArgKind::Number,
        flags: 0,
        print: Print::Plain,
        supply: Supply::Full,
        doc,
        get,
    }
}

/// A row that is declared and always absent.
pub(super) const fn absent(name: &'static str, ty: Type, doc: &'static str, why: &'static str) -> Field {
    Field { supply: Supply::Absent(why), ..field(name, ty, doc, nothing) }
}

fn nothing<'a>(_context: &Context<'a>, _arg: &Arg) -> Option<Value<'a>> {
    None
}

impl Field {
    pub(super) const fn required(self, arg_kind: ArgKind) -> Self {
        Self { arg: ArgRule::Required, arg_kind, ..self }
    }

    pub(super) const fn optional(self, arg_kind: ArgKind) -> Self {
        Self { arg: ArgRule::Optional, arg_kind, ..self }
    }

    pub(super) const fn shaped(self, shape: Shape) -> Self {
        Self { shape, ..self }
    }

    pub(super) const fn with(self, flags: u16) -> Self {
        Self { flags: self.flags | flags, ..self }
    }

    pub(super) const fn printed(self, print: Print) -> Self {
        Self { print, ..self }
    }

    /// A field over ancestors: any of them without an argument.
    pub(super) const fn ancestors(self) -> Self {
        self.optional(ArgKind::Number).shaped(Shape::AnyAncestor).with(flag::NO_RHS | flag::NO_TRANSFORMER)
    }
}
