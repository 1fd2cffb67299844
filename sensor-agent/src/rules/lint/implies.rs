//! What follows from what, as far as structure and constants tell: never wrong, often silent.

use crate::rules::{
    RuleSet, Value,
    compile::{Node, NodeId},
    fields::Shape,
    predicate::{Predicate, Scalar, ScalarSet, Test},
};

/// Conditions are looked into this deep; below, nothing is said.
const MAX_DEPTH: u32 = 24;

/// Reasons about the conditions of a set.
pub(super) struct Logic<'s> {
    set: &'s RuleSet,
}

impl<'s> Logic<'s> {
    pub(super) fn new(set: &'s RuleSet) -> Self {
        Self { set }
    }

    /// Whether the second condition holds whenever the first one does.
    pub(super) fn implies(&self, if_this: NodeId, then_that: NodeId) -> bool {
        self.follows(if_this, then_that, 0)
    }

    /// Whether a condition contradicts itself.
    pub(super) fn is_never(&self, id: NodeId) -> bool {
        match self.node(id) {
            Some(Node::Const(value)) => !value,
            Some(Node::Or(parts)) => parts.iter().all(|part| self.is_never(*part)),
            Some(Node::And(parts)) => {
                let pairs = parts
                    .iter()
                    .enumerate()
                    .flat_map(|(at, a)| parts.iter().skip(at + 1).map(move |b| (a, b)));
                parts.iter().any(|part| self.is_never(*part))
                    || pairs.into_iter().any(|(a, b)| self.excludes(*a, *b) || self.excludes(*b, *a))
            }
            _ => false,
        }
    }

    fn node(&self, id: NodeId) -> Option<&'s Node> {
        self.set.nodes.get(id as usize)
    }

    fn follows(&self, a: NodeId, b: NodeId, depth: u32) -> bool {
        if a == b {
            return true;
        }
        if depth == MAX_DEPTH {
            return false;
        }
        let (Some(from), Some(to)) = (self.node(a), self.node(b)) else { return false };
        match (from, to) {
            (Node::Const(false), _) | (_, Node::Const(true)) => true,
            (_, Node::And(parts)) => parts.iter().all(|part| self.follows(a, *part, depth + 1)),
            (Node::Or(parts), _) => parts.iter().all(|part| self.follows(*part, b, depth + 1)),
            (Node::And(parts), Node::Or(others)) => {
                parts.iter().any(|part| self.follows(*part, b, depth + 1))
                    || others.iter().any(|other| self.follows(a, *other, depth + 1))
            }
            (Node::And(parts), _) => parts.iter().any(|part| self.follows(*part, b, depth + 1)),
            (_, Node::Or(parts)) => parts.iter().any(|part| self.follows(a, *part, depth + 1)),
            (Node::Not(a), Node::Not(b)) => self.follows(*b, *a, depth + 1),
            (Node::Predicate(a), Node::Predicate(b)) => {
                let predicate = |number: u32| self.set.predicates.get(number as usize);
                predicate(*a).zip(predicate(*b)).is_some_and(|(a, b)| narrows(a, b))
            }
            _ => false,
        }
    }

    /// Whether `a` and `b` never hold together.
    fn excludes(&self, a: NodeId, b: NodeId) -> bool {
        match (self.node(a), self.node(b)) {
            (_, Some(Node::Not(inner))) => self.implies(a, *inner),
            (Some(Node::Predicate(a)), Some(Node::Predicate(b))) => {
                let predicate = |number: u32| self.set.predicates.get(number as usize);
                predicate(*a).zip(predicate(*b)).is_some_and(|(a, b)| {
                    is_same(a, b)
                        && values(&a.test).is_some_and(|values| !values.iter().any(|it| b.test.scalar(it)))
                })
            }
            _ => false,
        }
    }
}

/// Whether two predicates are about the same single value.
fn is_same(a: &Predicate, b: &Predicate) -> bool {
    a.term == b.term && a.shape == Shape::One
}

/// Whether every value that satisfies `a` satisfies `b`.
fn narrows(a: &Predicate, b: &Predicate) -> bool {
    if !is_same(a, b) || matches!(b.test, Test::Term(..)) {
        return false;
    }
    match (&a.test, &b.test) {
        // Whatever is compared is there.
        (test, Test::Exists) => !matches!(test, Test::Never),
        (Test::Prefix(a), Test::Prefix(b)) => a.starts_with(b),
        (Test::Suffix(a), Test::Suffix(b)) => a.ends_with(b),
        (a, b) => values(a).is_some_and(|values| values.iter().all(|value| b.scalar(value))),
    }
}

/// The texts that satisfy a test, where it lists them.
fn values(test: &Test) -> Option<Vec<Value<'_>>> {
    match test {
        Test::Equal(Scalar::Text(word)) => Some(vec![Value::Text(word)]),
        Test::In(ScalarSet::Text(set)) => Some(set.iter().map(Value::Text).collect()),
        _ => None,
    }
}
