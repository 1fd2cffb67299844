//! A field's value in an output: its text, and its native JSON type.

use crate::{
    border::FieldValue,
    rules::{
        Value,
        fields::{Arg, Context, FieldRef, Print, Shape, flag},
        params,
        text::{Text, render},
    },
};

/// The value of a field as outputs see it: fields that mean something in conditions only are absent, and a process id
/// of ancestors without an index is the process's own.
fn output_value<'a>(c: &Context<'a>, field: &FieldRef) -> Option<Value<'a>> {
    if field.field.is(flag::FILTER_ONLY) {
        return None;
    }
    if field.field.name == "proc.apid" && field.arg == Arg::None {
        return (field.field.get)(c, &Arg::Index(0));
    }
    match (field.shape, field.get(c)?) {
        (Shape::Names, Value::List(names)) => names.first().copied(),
        (_, value) => Some(value),
    }
}

/// The text of a field; `None` when it is absent.
pub fn printed<'a>(c: &Context<'a>, field: &FieldRef) -> Option<&'a [u8]> {
    let value = output_value(c, field)?;
    if let Some(text) = special(c, field, &value) {
        return Some(text);
    }
    if let Value::Text(text) = value {
        return Some(text);
    }
    let mut text = Text::new(c.arena);
    write_value(&mut text, &value);
    Some(text.finish())
}

/// Texts that are not the value's own: hexadecimal devices, padded fractions, flags, ancestors without parentheses.
fn special<'a>(c: &Context<'a>, field: &FieldRef, value: &Value<'a>) -> Option<&'a [u8]> {
    match (field.field.print, value, field.shape) {
        (Print::Hex, Value::I64(n), _) => Some(render!(c.arena, "{n:X}")),
        (Print::Padded, Value::U64(n), _) => Some(render!(c.arena, "{n:09}")),
        (_, Value::List(list), Shape::AnyAncestor) => {
            let mut text = Text::new(c.arena);
            for (index, element) in list.iter().enumerate() {
                text.push(if index > 0 { b" " } else { b"" });
                write_value(&mut text, element);
            }
            Some(text.finish())
        }
        _ if field.field.name == "evt.rawarg" => params::rawarg_text(c, &field.arg),
        _ => None,
    }
}

/// Appends a value's text: one decimal, `(a,b)` for lists.
pub(in crate::rules) fn write_value(text: &mut Text<'_>, value: &Value<'_>) {
    match value {
        Value::Bool(is) => text.fmt(format_args!("{is}")),
        Value::I64(n) => text.fmt(format_args!("{n}")),
        Value::U64(n) => text.fmt(format_args!("{n}")),
        Value::F64(n) => text.fmt(format_args!("{n:.1}")),
        Value::Text(bytes) => text.push(bytes),
        Value::Ip(ip) => text.fmt(format_args!("{ip}")),
        Value::List(list) => {
            text.push(b"(");
            for (index, element) in list.iter().enumerate() {
                text.push(if index > 0 { b"," } else { b"" });
                write_value(text, element);
            }
            text.push(b")")
        }
    };
}

/// The value of a field for `output_fields`; absent is null.
pub fn json(c: &Context<'_>, field: &FieldRef) -> FieldValue {
    let Some(value) = output_value(c, field) else { return FieldValue::Null };
    if field.field.print == Print::EventTime {
        return FieldValue::U64(c.event.time_ns);
    }
    match special(c, field, &value) {
        Some(text) => FieldValue::Text(text.to_vec()),
        None => native(&value),
    }
}

fn native(value: &Value<'_>) -> FieldValue {
    match value {
        Value::Bool(is) => FieldValue::Bool(*is),
        Value::I64(n) => FieldValue::I64(*n),
        Value::U64(n) => FieldValue::U64(*n),
        Value::F64(n) => FieldValue::F64(*n),
        Value::Text(bytes) => FieldValue::Text(bytes.to_vec()),
        Value::Ip(ip) => FieldValue::Text(ip.to_string().into_bytes()),
        Value::List(list) => FieldValue::List(list.iter().map(native).collect()),
    }
}
