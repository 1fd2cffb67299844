//! Terms: fields, constants, transformers of both. Values live in the event's arena.

use bumpalo::collections;

use crate::rules::{
    fields::{Context, FieldRef},
    transform::Transformer,
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
    /// A transformer of terms, and the option in brackets behind `getopt`.
    Call(Transformer, Vec<Term>, Option<String>),
}

/// The values of one event's fields, each extracted once.
#[derive(Debug)]
pub struct Values<'a, 'm> {
    context: Context<'a>,
    fields: &'a [FieldRef],
    /// By field: the event that it was extracted for, and its place in `extracted`.
    memo: &'m mut [(u32, u32)],
    epoch: u32,
    extracted: collections::Vec<'a, Option<Value<'a>>>,
}

impl<'a, 'm> Values<'a, 'm> {
    /// No value extracted yet. `epoch` differs from that of all events before, as far as `memo` knows.
    pub fn new(context: Context<'a>, fields: &'a [FieldRef], memo: &'m mut [(u32, u32)], epoch: u32) -> Self {
        Self { context, fields, memo, epoch, extracted: collections::Vec::new_in(context.arena) }
    }

    /// The event's context.
    pub fn context(&self) -> &Context<'a> {
        &self.context
    }

    /// Says what a field is without extracting it.
    #[cfg(test)]
    pub fn preset(&mut self, number: u32, value: Option<Value<'a>>) {
        if let Some(memo) = self.memo.get_mut(number as usize) {
            *memo = (self.epoch, self.extracted.len() as u32);
            self.extracted.push(value);
        }
    }

    /// The value of a field by its number.
    pub fn field(&mut self, number: u32) -> Option<Value<'a>> {
        let memo = self.memo.get_mut(number as usize)?;
        if memo.0 == self.epoch {
            return self.extracted.get(memo.1 as usize).copied().flatten();
        }
        let field = self.fields.get(number as usize)?;
        let value = (field.field.get)(&self.context, &field.arg);
        *memo = (self.epoch, self.extracted.len() as u32);
        self.extracted.push(value);
        value
    }
}

impl Term {
    /// Whether it is, or is made of, a field with these bits.
    pub fn asks(&self, bits: u16, fields: &[FieldRef]) -> bool {
        match self {
            Self::Field(number) => fields.get(*number as usize).is_some_and(|field| field.field.is(bits)),
            Self::Text(_) => false,
            Self::List(terms) | Self::Call(_, terms, _) => terms.iter().any(|term| term.asks(bits, fields)),
        }
    }

    /// Its value; `None` is absent.
    pub fn value<'a>(&'a self, values: &mut Values<'a, '_>) -> Option<Value<'a>> {
        match self {
            Self::Field(number) => values.field(*number),
            Self::Text(text) => Some(Value::Text(text)),
            Self::List(items) => all(items, values).map(Value::List),
            Self::Call(transformer, args, option) => {
                let args = all(args, values)?;
                transformer.apply(values.context.arena, args, option.as_deref())
            }
        }
    }
}

/// The values of several terms; absent when one is.
fn all<'a>(terms: &'a [Term], values: &mut Values<'a, '_>) -> Option<&'a [Value<'a>]> {
    let mut all = collections::Vec::with_capacity_in(terms.len(), values.context.arena);
    for term in terms {
        all.push(term.value(values)?);
    }
    Some(all.into_bump_slice())
}
