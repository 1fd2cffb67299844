//! The part of a condition that is looked up: whenever the condition holds, one of the keys is the value of its field or
//! a prefix of it.

use crate::rules::{
    compile::{Node, NodeId},
    lang::Modifier,
    predicate::{Predicate, Scalar, ScalarSet, Term, Test},
};

/// A guard with more keys costs more than it saves.
const MAX_KEYS: usize = 4096;
/// A prefix lets more values through than a whole text.
const PREFIX_COST: usize = 8;

/// What a value is looked up as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// The value.
    Exact(Box<[u8]>),
    /// The value begins with it.
    Prefix(Box<[u8]>),
}

/// Fields and keys, one of which has to hit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Guard {
    pub(super) keys: Vec<(u32, Key)>,
}

impl Guard {
    /// The cheapest guard of a condition; `None`: it has none. `is_key` tells whether a field can be looked up by.
    pub(super) fn of(
        id: NodeId,
        nodes: &[Node],
        predicates: &[Predicate],
        is_key: &dyn Fn(u32) -> bool,
    ) -> Option<Self> {
        let of = |part: &NodeId| Self::of(*part, nodes, predicates, is_key);
        match nodes.get(id as usize)? {
            Node::Const(true) | Node::Not(_) => None,
            Node::Const(false) => Some(Self::default()),
            Node::Predicate(number) => {
                let predicate = predicates.get(*number as usize)?;
                match predicate.term {
                    Term::Field(field) if is_key(field) => Self::test(field, &predicate.test),
                    _ => None,
                }
            }
            Node::And(parts) => parts.iter().filter_map(of).min_by_key(Self::cost),
            Node::Or(parts) => Self::union(parts.iter().map(of)),
        }
    }

    fn test(field: u32, test: &Test) -> Option<Self> {
        let exact = |word: &[u8]| (field, Key::Exact(word.into()));
        let keys = match test {
            Test::Never => Vec::new(),
            Test::Equal(Scalar::Text(word)) => vec![exact(word)],
            Test::In(ScalarSet::Text(set)) | Test::Intersects(ScalarSet::Text(set)) => {
                set.iter().map(exact).collect()
            }
            // Every value begins with nothing.
            Test::Prefix(word) if !word.is_empty() => vec![(field, Key::Prefix(word.clone()))],
            Test::Each(Modifier::Anyof | Modifier::Oneof, tests) => {
                return Self::union(tests.iter().map(|test| Self::test(field, test)));
            }
            _ => return None,
        };
        (keys.len() <= MAX_KEYS).then_some(Self { keys })
    }

    /// One of several has to hit.
    fn union(guards: impl Iterator<Item = Option<Self>>) -> Option<Self> {
        let mut keys = Vec::new();
        for guard in guards {
            keys.extend(guard?.keys);
            if keys.len() > MAX_KEYS {
                return None;
            }
        }
        Some(Self { keys })
    }

    fn cost(&self) -> usize {
        let cost = |(_, key): &(u32, Key)| if matches!(key, Key::Exact(_)) { 1 } else { PREFIX_COST };
        self.keys.iter().map(cost).sum()
    }
}
