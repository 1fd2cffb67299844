//! `--list`: the table as text, markdown, JSON, or names alone. What is hidden, deprecated or meant for outputs is left out.

use std::fmt::Write;

use serde_json::{Value, json};

use super::{ArgKind, ArgRule, CLASSES, Class, Field, Shape, flag};

const INDENT: usize = 30;
const WIDTH: usize = 120;
const SOURCE: &str = "syscall";

/// Fields of a class that are listed.
pub fn listed(class: &Class) -> impl Iterator<Item = &'static Field> + use<> {
    const UNLISTED: [u16; 3] = [flag::HIDDEN, flag::DEPRECATED, flag::PRINT_ONLY];
    class.fields().filter(|field| !UNLISTED.iter().any(|bit| field.is(*bit)))
}

/// Classes with listed fields.
pub fn classes() -> impl Iterator<Item = &'static Class> {
    CLASSES.iter().filter(|class| listed(class).next().is_some())
}

/// `--list -N`
pub fn names() -> String {
    classes().flat_map(listed).fold(String::new(), |mut out, field| {
        out.push_str(field.name);
        out.push('\n');
        out
    })
}

/// `--list`, with types under `-v`.
pub fn text(has_types: bool) -> String {
    let mut out = String::new();
    for class in classes() {
        out.push_str("-------------------------------\n");
        let name = match class.short {
            "" => class.name.to_owned(),
            short => format!("{} ({short})", class.name),
        };
        line(&mut out, &format!("{:INDENT$}{name}", "Field Class:"));
        if !class.doc.is_empty() {
            row(&mut out, "Description:", class.doc);
        }
        row(&mut out, "Event Sources:", SOURCE);
        out.push('\n');
        for field in listed(class) {
            let mut doc = String::new();
            if has_types {
                append(&mut doc, format_args!("(Type: {}) ", field.ty.name()));
            }
            let marks = marks(field);
            if !marks.is_empty() {
                append(&mut doc, format_args!("({}) ", marks.join(",")));
            }
            doc.push_str(field.doc);
            row(&mut out, field.name, &doc);
        }
        out.push('\n');
    }
    out
}

/// `--list --markdown`
pub fn markdown() -> String {
    let mut out = String::new();
    for class in classes() {
        line(&mut out, &format!("## Field Class: {}\n", class.name));
        if !class.doc.is_empty() {
            line(&mut out, &format!("{}\n", class.doc));
        }
        line(
            &mut out,
            &format!("Event Sources: {SOURCE} \n\nName | Type | Description\n:----|:-----|:-----------"),
        );
        for field in listed(class) {
            let doc = field.doc.replace('|', "\\|");
            line(&mut out, &format!("`{}` | {} | {doc}", field.name, field.ty.name()));
        }
        out.push('\n');
    }
    out
}

/// `--list --format=json`
pub fn json() -> Value {
    let classes = classes().map(|class| {
        let mut object = json!({
            "name": class.name,
            "event_sources": [SOURCE],
            "fields": listed(class).map(object).collect::<Vec<_>>(),
        });
        if !class.doc.is_empty() {
            object["desc"] = class.doc.into();
        }
        object
    });
    json!({ "fieldclasses": classes.collect::<Vec<_>>() })
}

fn object(field: &'static Field) -> Value {
    let kinds: &[&str] = if field.is(flag::PLUGIN) { plugin_kinds(field) } else { &[] };
    let argument = match field.arg {
        ArgRule::None => Value::Null,
        ArgRule::Optional => json!({ "required": false, "type": kinds }),
        ArgRule::Required => json!({ "required": true, "type": kinds }),
    };
    json!({
        "name": field.name,
        "type": field.ty.name(),
        "desc": field.doc,
        "is_list": field.shape == Shape::List,
        "argument": argument,
    })
}

fn plugin_kinds(field: &Field) -> &'static [&'static str] {
    match field.arg_kind {
        ArgKind::Either => &["INDEX", "KEY"],
        ArgKind::Key => &["KEY"],
        ArgKind::Number | ArgKind::Param | ArgKind::Word => &[],
    }
}

/// What the text listing says of a field before its sentence, sorted.
fn marks(field: &Field) -> Vec<&'static str> {
    let mut marks = Vec::new();
    if field.is(flag::PLUGIN) && field.arg == ArgRule::Required {
        marks.extend(
            plugin_kinds(field).iter().map(|kind| if *kind == "KEY" { "ARG_KEY" } else { "ARG_INDEX" }),
        );
    }
    match field.arg {
        ArgRule::None => {}
        ArgRule::Optional => marks.push("ARG_ALLOWED"),
        ArgRule::Required => marks.push("ARG_REQUIRED"),
    }
    let more = [
        (field.shape == Shape::List, "EPF_IS_LIST"),
        (field.is(flag::NO_RHS), "EPF_NO_RHS"),
        (field.is(flag::NO_TRANSFORMER), "EPF_NO_TRANSFORMER"),
        (field.is(flag::FILTER_ONLY), "FILTER_ONLY"),
    ];
    marks.extend(more.iter().filter(|(is, _)| *is).map(|(_, mark)| *mark));
    marks
}

/// A name and its text, wrapped into the second column; every line ends with a blank, as Falco's do.
fn row(out: &mut String, name: &str, doc: &str) {
    let mut column = INDENT.max(name.len() + 1);
    append(out, format_args!("{name:INDENT$}"));
    if name.len() >= INDENT {
        out.push('\n');
        append(out, format_args!("{:INDENT$}", ""));
        column = INDENT;
    }
    for word in doc.split(' ') {
        if column + word.len() + 1 > WIDTH {
            out.push('\n');
            append(out, format_args!("{:INDENT$}", ""));
            column = INDENT;
        }
        append(out, format_args!("{word} "));
        column += word.len() + 1;
    }
    out.push('\n');
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

fn append(out: &mut String, args: std::fmt::Arguments<'_>) {
    // Appending to memory has no error to report.
    let _ok = out.write_fmt(args).is_ok();
}
