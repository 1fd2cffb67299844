//! Terms: fields, constants, transformers of both. Values live in the event's arena.

use std::net::IpAddr;

use bumpalo::{Bump, collections};

use super::getopt;
use crate::rules::{
    fields::{Context, FieldRef},
    lang::Function,
    value::Value,
};

/// Something that has a value for an event.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Term {
    /// A field, by its number in the rule set.
    Field(u32),
    /// A constant.
    Text(Box<[u8]>),
    /// A list of terms; an absent one makes the list absent.
    List(Vec<Term>),
    /// A transformer of terms.
    Call(Function, Vec<Term>),
    /// `getopt(...)[c]`
    Option(Vec<Term>, Box<[u8]>),
}

/// The values of one event's fields, each extracted once.
#[derive(Debug)]
pub struct Values<'a, 'm> {
    context: Context<'a>,
    fields: &'a [FieldRef],
    /// By field: the event that it was extracted for, and its place in `values`.
    memo: &'m mut [(u32, u32)],
    epoch: u32,
    values: collections::Vec<'a, Option<Value<'a>>>,
}

impl<'a, 'm> Values<'a, 'm> {
    /// No value extracted yet. `epoch` differs from that of all events before, as far as `memo` knows.
    pub fn new(context: Context<'a>, fields: &'a [FieldRef], memo: &'m mut [(u32, u32)], epoch: u32) -> Self {
        Self { context, fields, memo, epoch, values: collections::Vec::new_in(context.arena) }
    }

    /// The event's context.
    pub fn context(&self) -> &Context<'a> {
        &self.context
    }

    fn field(&mut self, number: u32) -> Option<Value<'a>> {
        let memo = self.memo.get_mut(number as usize)?;
        if memo.0 == self.epoch {
            return self.values.get(memo.1 as usize).copied().flatten();
        }
        let field = self.fields.get(number as usize)?;
        let value = (field.field.get)(&self.context, &field.arg);
        *memo = (self.epoch, self.values.len() as u32);
        self.values.push(value);
        value
    }
}

impl Term {
    /// Its value; `None` is absent.
    pub fn value<'a>(&'a self, values: &mut Values<'a, '_>) -> Option<Value<'a>> {
        match self {
            Self::Field(number) => values.field(*number),
            Self::Text(text) => Some(Value::Text(text)),
            Self::List(items) => list(items, values).map(Value::List),
            Self::Call(function, args) => call(*function, args, values),
            Self::Option(args, option) => match getopt(args, values)? {
                Value::List(pairs) => getopt::option(pairs, option),
                _ => None,
            },
        }
    }
}

fn list<'a>(items: &'a [Term], values: &mut Values<'a, '_>) -> Option<&'a [Value<'a>]> {
    let arena = values.context.arena;
    let mut list = collections::Vec::with_capacity_in(items.len(), arena);
    for item in items {
        list.push(Value::Text(text(&item.value(values)?, arena)));
    }
    Some(list.into_bump_slice())
}

fn call<'a>(function: Function, args: &'a [Term], values: &mut Values<'a, '_>) -> Option<Value<'a>> {
    let arena = values.context.arena;
    match function {
        Function::Val => args.first()?.value(values),
        Function::Tolower => each(args.first()?.value(values)?, arena, |text| Some(mapped(text, arena, u8::to_ascii_lowercase))),
        Function::Toupper => each(args.first()?.value(values)?, arena, |text| Some(mapped(text, arena, u8::to_ascii_uppercase))),
        Function::B64 => each(args.first()?.value(values)?, arena, |text| base64(text, arena)),
        Function::Basename => each(args.first()?.value(values)?, arena, |text| {
            text.rsplit(|byte| *byte == b'/').next()
        }),
        Function::Len => match args.first()?.value(values)? {
            Value::List(items) => Some(Value::U64(items.len() as u64)),
            Value::Text(text) => Some(Value::U64(text.len() as u64)),
            _ => None,
        },
        Function::Join => {
            let (separator, list) = (args.first()?.value(values)?, args.get(1)?.value(values)?);
            let separator = text(&separator, arena);
            let Value::List(items) = list else { return None };
            let mut joined = collections::Vec::new_in(arena);
            for (index, item) in items.iter().enumerate() {
                joined.extend_from_slice_copy(if index > 0 { separator } else { b"" });
                joined.extend_from_slice_copy(text(item, arena));
            }
            Some(Value::Text(joined.into_bump_slice()))
        }
        Function::Concat => {
            let mut joined = collections::Vec::new_in(arena);
            for arg in args {
                joined.extend_from_slice_copy(text(&arg.value(values)?, arena));
            }
            Some(Value::Text(joined.into_bump_slice()))
        }
        Function::Getopt => getopt(args, values),
    }
}

fn getopt<'a>(args: &'a [Term], values: &mut Values<'a, '_>) -> Option<Value<'a>> {
    let (words, spec) = (args.first()?.value(values)?, args.get(1)?.value(values)?);
    match (words, spec) {
        (Value::List(words), Value::Text(spec)) => {
            Some(Value::List(getopt::scan(words, spec, values.context.arena)))
        }
        _ => None,
    }
}

/// Applies `f` to a text, or to each text of a list.
fn each<'a>(
    value: Value<'a>,
    arena: &'a Bump,
    f: impl Fn(&'a [u8]) -> Option<&'a [u8]>,
) -> Option<Value<'a>> {
    match value {
        Value::Text(text) => f(text).map(Value::Text),
        Value::List(items) => {
            let mut list = collections::Vec::with_capacity_in(items.len(), arena);
            for item in items {
                let Value::Text(text) = item else { return None };
                list.push(Value::Text(f(text)?));
            }
            Some(Value::List(list.into_bump_slice()))
        }
        _ => None,
    }
}

fn mapped<'a>(text: &[u8], arena: &'a Bump, f: fn(&u8) -> u8) -> &'a [u8] {
    arena.alloc_slice_fill_iter(text.iter().map(f))
}

/// A value as text: what join, concat and literal lists make of numbers.
fn text<'a>(value: &Value<'a>, arena: &'a Bump) -> &'a [u8] {
    let shown: &dyn std::fmt::Display = match value {
        Value::Text(text) => return text,
        Value::Bool(value) => value,
        Value::I64(value) => value,
        Value::U64(value) => value,
        Value::F64(value) => value,
        Value::Ip(IpAddr::V4(ip)) => ip,
        Value::Ip(IpAddr::V6(ip)) => ip,
        Value::List(_) => return b"",
    };
    bumpalo::format!(in arena, "{shown}").into_bump_str().as_bytes()
}

/// Decodes base 64; padding may be missing.
fn base64<'a>(text: &[u8], arena: &'a Bump) -> Option<&'a [u8]> {
    let mut bytes = collections::Vec::with_capacity_in(text.len() / 4 * 3 + 3, arena);
    let end = text.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last + 1);
    for chunk in text.get(..end)?.chunks(4) {
        let mut bits = 0_u32;
        for byte in chunk {
            let digit = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(digit);
        }
        if chunk.len() == 1 {
            return None;
        }
        bits <<= 6 * (4 - chunk.len()) as u32;
        let [_, three @ ..] = bits.to_be_bytes();
        bytes.extend_from_slice_copy(three.get(..chunk.len() - 1)?);
    }
    Some(bytes.into_bump_slice())
}
