//! What a rule asks of an event, in the form that is evaluated: terms have values, tests hold for values.

mod term;
mod test;
mod set;
mod glob;
mod paths;
#[cfg(test)]
mod tests;

pub use glob::{contains_folded, glob};
pub use paths::PathSet;
pub use set::ByteSet;
pub use term::{Term, Values};
pub use test::{Net, Scalar, ScalarSet, Test};

use super::{
    events,
    fields::{FieldRef, Shape},
    value::Value,
};

/// One comparison. Rules that ask the same share it, so it is answered once for an event.
#[derive(Debug)]
pub struct Predicate {
    /// Left-hand side.
    pub term: Term,
    /// How many values the term has, and what that means.
    pub shape: Shape,
    /// What is asked.
    pub test: Test,
    /// The term is the name of the event or call, so that the answer is known from the slot of an event.
    pub named: Option<Named>,
}

/// A field that says what an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// `evt.type`
    Event,
    /// `syscall.type`, which events that are no system call do not have.
    Syscall,
}

impl Predicate {
    /// Whether it holds; an absent value satisfies nothing.
    pub fn holds<'a>(&'a self, values: &mut Values<'a, '_>) -> bool {
        let Some(value) = self.term.value(values) else { return false };
        self.test.holds(&value, self.shape, values)
    }

    /// Whether it asks for a field with these bits (of [`fields::flag`](super::fields::flag)).
    pub fn asks(&self, bits: u16, fields: &[FieldRef]) -> bool {
        self.term.asks(bits, fields) || self.test.asks(bits, fields)
    }

    /// The constants that a term of host names is compared with.
    pub fn host_names(&self) -> Vec<&[u8]> {
        if self.shape == Shape::Names { self.test.texts() } else { Vec::new() }
    }

    /// Whether it holds for events of a type; `None` when that does not say.
    pub fn holds_for(&self, event: &str) -> Option<bool> {
        let is_absent = self.named? == Named::Syscall && !events::is_syscall(event);
        Some(!is_absent && self.test.scalar(&Value::Text(event.as_bytes())))
    }
}
