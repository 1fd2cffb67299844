//! `--list`: the fields a rule can use, from the table of fields.

use std::fmt::{self, Write};

use serde_json::{Value, json};

use super::wrap::row;
use crate::{
    app::cli::Format,
    rules::{
        Type,
        fields::{ArgRule, Field, Shape},
    },
};

/// Fields that belong together, as Falco groups them.
#[derive(Clone, Debug)]
pub(super) struct Class<'a> {
    /// `evt`, `process`
    pub(super) name: &'a str,
    /// In parentheses behind the name, or empty.
    pub(super) short: &'a str,
    /// One sentence, or empty.
    pub(super) doc: &'a str,
    /// Its fields.
    pub(super) fields: Vec<&'a Field>,
}

/// The only event source of this version.
pub(super) const SOURCE: &str = "syscall";

/// How `--list` was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listing {
    /// `-N`
    pub(super) names_only: bool,
    /// `--format`
    pub(super) format: Format,
    /// `-v`: with types.
    pub(super) verbose: bool,
}

/// Writes the listing.
pub(super) fn write(out: &mut String, classes: &[Class<'_>], how: Listing) -> fmt::Result {
    let mut names = classes.iter().flat_map(|class| &class.fields).map(|field| field.name);
    match (how.names_only, how.format) {
        (true, Format::Json) => writeln!(out, "{}", json!({ "fieldnames": names.collect::<Vec<_>>() })),
        (true, _) => names.try_for_each(|name| writeln!(out, "{name}")),
        (false, Format::Json) => {
            writeln!(out, "{}", json!({ "fieldclasses": classes.iter().map(object).collect::<Vec<_>>() }))
        }
        (false, Format::Markdown) => classes.iter().try_for_each(|class| markdown(out, class)),
        (false, Format::Text) => classes.iter().try_for_each(|class| text(out, class, how.verbose)),
    }
}

const INDENT: usize = 30;
const WIDTH: usize = 120;

fn text(out: &mut String, class: &Class<'_>, verbose: bool) -> fmt::Result {
    writeln!(out, "-------------------------------")?;
    write!(out, "{:INDENT$}{}", "Field Class:", class.name)?;
    if !class.short.is_empty() {
        write!(out, " ({})", class.short)?;
    }
    writeln!(out)?;
    if !class.doc.is_empty() {
        row(out, "Description:", class.doc, INDENT, WIDTH)?;
    }
    row(out, "Event Sources:", SOURCE, INDENT, WIDTH)?;
    writeln!(out)?;
    for field in &class.fields {
        let kind = if verbose { format!("(Type: {}) ", type_name(field.ty)) } else { String::new() };
        row(out, field.name, &format!("{kind}{}", field.doc), INDENT, WIDTH)?;
    }
    writeln!(out)
}

fn markdown(out: &mut String, class: &Class<'_>) -> fmt::Result {
    writeln!(out, "## Field Class: {}\n", class.name)?;
    if !class.doc.is_empty() {
        writeln!(out, "{}\n", class.doc)?;
    }
    writeln!(out, "Event Sources: {SOURCE} \n\nName | Type | Description\n:----|:-----|:-----------")?;
    for field in &class.fields {
        let doc = field.doc.replace('|', "\\|");
        writeln!(out, "`{}` | {} | {doc}", field.name, type_name(field.ty))?;
    }
    writeln!(out)
}

fn object(class: &Class<'_>) -> Value {
    let fields = class.fields.iter().map(|field| {
        let required = match field.arg {
            ArgRule::None => None,
            ArgRule::Optional => Some(false),
            ArgRule::Required => Some(true),
        };
        json!({
            "name": field.name,
            "type": type_name(field.ty),
            "desc": field.doc,
            "is_list": field.shape == Shape::List,
            "argument": required.map(|required| json!({ "required": required, "type": [] })),
        })
    });
    let mut object = json!({
        "name": class.name,
        "event_sources": [SOURCE],
        "fields": fields.collect::<Vec<_>>(),
    });
    if !class.doc.is_empty() {
        object["desc"] = class.doc.into();
    }
    object
}

/// Falco's name of a type.
fn type_name(ty: Type) -> &'static str {
    match ty {
        Type::Int8 => "INT8",
        Type::Int16 => "INT16",
        Type::Int32 => "INT32",
        Type::Int64 => "INT64",
        Type::Uint8 => "UINT8",
        Type::Uint16 => "UINT16",
        Type::Uint32 => "UINT32",
        Type::Uint64 => "UINT64",
        Type::Bool => "BOOL",
        Type::Double => "DOUBLE",
        Type::CharBuf => "CHARBUF",
        Type::FsPath => "FSPATH",
        Type::FsRelPath => "FSRELPATH",
        Type::ByteBuf => "BYTEBUF",
        Type::IpAddr => "IPADDR",
        Type::IpNet => "IPNET",
        Type::Port => "PORT",
        Type::RelTime => "RELTIME",
        Type::AbsTime => "ABSTIME",
        Type::Dyn => "DYN",
    }
}

/// Groups a table of fields by the first part of their names, in table order.
pub(super) fn classes(table: &'static [Field]) -> Vec<Class<'static>> {
    let mut classes: Vec<Class<'static>> = Vec::new();
    for field in table {
        let (name, short, doc) = class_of(field.name);
        match classes.iter_mut().find(|class| (class.name, class.short) == (name, short)) {
            Some(class) => class.fields.push(field),
            None => classes.push(Class { name, short, doc, fields: vec![field] }),
        }
    }
    classes
}

/// Fields of `evt` that every source has.
const OF_ALL_EVENTS: [&str; 9] = [
    "evt.num",
    "evt.time",
    "evt.datetime",
    "evt.rawtime",
    "evt.reltime",
    "evt.plugin",
    "evt.source",
    "evt.hostname",
    "evt.is_async",
];

fn class_of(field: &'static str) -> (&'static str, &'static str, &'static str) {
    let prefix = field.split('.').next().unwrap_or(field);
    match prefix {
        "evt" if OF_ALL_EVENTS.iter().any(|name| field.starts_with(name)) || field == "evt.asynctype" => {
            ("evt", "All event types", "What every event has.")
        }
        "evt" | "syscall" => {
            ("evt", "Syscall events only", "What system calls have: result, arguments, names.")
        }
        "proc" | "thread" => ("process", "", "The process and thread behind the event."),
        "user" => ("user", "", "The user of the process."),
        "group" => ("group", "", "The group of the process."),
        "fd" => ("fd", "", "The file or socket that the event is about."),
        "fs" => ("fs.path", "", "The paths that a system call was given."),
        "fdlist" => ("fdlist", "", "The descriptors of poll events."),
        "container" | "k8s" => ("container", "", "The container and pod of the process."),
        other => (other, "", ""),
    }
}
