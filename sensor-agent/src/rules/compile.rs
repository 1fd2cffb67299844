//! The pool of everything that rules ask: fields, predicates and conditions by structural identity, so that what two
//! rules have in common exists once and is answered once for an event.

use std::collections::{BTreeSet, HashMap};

use super::{
    events::EventSet,
    fields::FieldRef,
    lang::{Modifier, Op},
    predicate::{Predicate, Term},
};

/// How deep conditions may nest with all macros put in: evaluation is recursive.
const MAX_DEPTH: u16 = 400;

/// Number of a condition in the pool.
pub type NodeId = u32;

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    /// Known without looking.
    Const(bool),
    /// A predicate by number.
    Predicate(u32),
    /// The opposite.
    Not(NodeId),
    /// All of them.
    And(Box<[NodeId]>),
    /// One of them.
    Or(Box<[NodeId]>),
}

/// What makes two predicates the same.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct PredicateKey {
    /// Left-hand side.
    pub term: Term,
    /// Operator.
    pub op: Op,
    /// With `anyof` and its like.
    pub modifier: Option<Modifier>,
    /// Constants on the right-hand side.
    pub words: Vec<Vec<u8>>,
    /// A term on the right-hand side.
    pub right: Option<Term>,
}

/// What is known of a condition besides its structure.
#[derive(Clone, Copy, Debug)]
struct Facts {
    depth: u16,
    /// Events for which it can hold, and for which it can fail to hold.
    events: [EventSet; 2],
}

/// All fields, predicates and conditions of a rule set under construction.
#[derive(Debug, Default)]
pub struct Pool {
    /// Fields in use.
    pub fields: Vec<FieldRef>,
    /// Predicates in use.
    pub predicates: Vec<Predicate>,
    /// Conditions; children stand before their parents.
    pub nodes: Vec<Node>,
    static_fields: Vec<String>,
    facts: Vec<Facts>,
    field_ids: HashMap<String, u32>,
    predicate_ids: HashMap<PredicateKey, u32>,
    node_ids: HashMap<Node, NodeId>,
}

impl Pool {
    /// An empty one, for conditions that may name these static fields.
    pub fn new(static_fields: &[String]) -> Self {
        Self { static_fields: static_fields.to_vec(), ..Self::default() }
    }

    /// Whether a field exists in this configuration.
    pub fn has(&self, field: &FieldRef) -> bool {
        field.is_configured(&self.static_fields)
    }

    /// The number of a field.
    pub fn field(&mut self, field: FieldRef) -> u32 {
        let next = self.fields.len() as u32;
        let id = *self.field_ids.entry(field.key()).or_insert(next);
        if id == next {
            self.fields.push(field);
        }
        id
    }

    /// The condition that a predicate is; `build` makes it when nobody asked the same before. `events` are those for
    /// which it can hold, and fail to hold.
    pub fn predicate<E>(
        &mut self,
        key: PredicateKey,
        events: [EventSet; 2],
        build: impl FnOnce() -> Result<Predicate, E>,
    ) -> Result<NodeId, E> {
        let id = if let Some(id) = self.predicate_ids.get(&key) {
            *id
        } else {
            let id = self.predicates.len() as u32;
            self.predicates.push(build()?);
            self.predicate_ids.insert(key, id);
            id
        };
        Ok(self.node(Node::Predicate(id), Facts { depth: 1, events }))
    }

    /// A condition that is known.
    pub fn constant(&mut self, value: bool) -> NodeId {
        let events = if value { [EventSet::ALL, EventSet::NONE] } else { [EventSet::NONE, EventSet::ALL] };
        self.node(Node::Const(value), Facts { depth: 1, events })
    }

    /// The opposite of a condition.
    pub fn not(&mut self, inner: NodeId) -> NodeId {
        match self.nodes.get(inner as usize) {
            Some(Node::Const(value)) => {
                let value = !value;
                self.constant(value)
            }
            Some(Node::Not(inner)) => *inner,
            _ => {
                let facts = self.facts(inner);
                let [holds, fails] = facts.events;
                let facts = Facts { depth: facts.depth.saturating_add(1), events: [fails, holds] };
                self.node(Node::Not(inner), facts)
            }
        }
    }

    /// All of several conditions (`is_and`), or one of them.
    pub fn join(&mut self, is_and: bool, parts: &[NodeId]) -> NodeId {
        let mut kept: Vec<NodeId> = Vec::with_capacity(parts.len());
        for part in parts {
            match self.nodes.get(*part as usize) {
                Some(Node::Const(value)) if *value == is_and => {}
                Some(Node::Const(_)) => return self.constant(!is_and),
                _ if kept.contains(part) => {}
                _ => kept.push(*part),
            }
        }
        match kept.as_slice() {
            [] => return self.constant(is_and),
            [only] => return *only,
            _ => {}
        }
        let mut facts = Facts {
            depth: 0,
            events: if is_and { [EventSet::ALL, EventSet::NONE] } else { [EventSet::NONE, EventSet::ALL] },
        };
        for part in &kept {
            let part = self.facts(*part);
            facts.depth = facts.depth.max(part.depth.saturating_add(1));
            let ([holds, fails], [part_holds, part_fails]) = (facts.events, part.events);
            facts.events = if is_and {
                [holds.and(part_holds), fails.or(part_fails)]
            } else {
                [holds.or(part_holds), fails.and(part_fails)]
            };
        }
        let node =
            if is_and { Node::And(kept.into_boxed_slice()) } else { Node::Or(kept.into_boxed_slice()) };
        self.node(node, facts)
    }

    /// Whether a condition is known without looking at an event.
    pub fn is_constant(&self, node: NodeId) -> bool {
        matches!(self.nodes.get(node as usize), Some(Node::Const(_)))
    }

    /// Whether a condition is too deep to evaluate.
    pub fn is_too_deep(&self, node: NodeId) -> bool {
        self.facts(node).depth > MAX_DEPTH
    }

    /// Events for which a condition can hold: an over-approximation.
    pub fn events(&self, node: NodeId) -> EventSet {
        let [holds, _] = self.facts(node).events;
        holds
    }

    /// Fields that a condition compares.
    pub fn fields_of(&self, node: NodeId) -> Vec<&FieldRef> {
        let compared = |it: &Predicate| if let Term::Field(number) = it.term { Some(number) } else { None };
        let fields: BTreeSet<u32> = self.predicates_of(node).into_iter().filter_map(compared).collect();
        fields.into_iter().filter_map(|number| self.fields.get(number as usize)).collect()
    }

    /// Whether a condition asks for a field with these bits.
    pub fn asks(&self, node: NodeId, bits: u16) -> bool {
        self.predicates_of(node).iter().any(|predicate| predicate.asks(bits, &self.fields))
    }

    /// The predicates of a condition.
    fn predicates_of(&self, node: NodeId) -> Vec<&Predicate> {
        let mut seen = BTreeSet::new();
        let mut predicates = Vec::new();
        let mut stack = vec![node];
        while let Some(node) = stack.pop() {
            match self.nodes.get(node as usize).filter(|_| seen.insert(node)) {
                Some(Node::Predicate(id)) => predicates.extend(self.predicates.get(*id as usize)),
                Some(Node::Not(inner)) => stack.push(*inner),
                Some(Node::And(parts) | Node::Or(parts)) => stack.extend(parts),
                Some(Node::Const(_)) | None => {}
            }
        }
        predicates
    }

    fn facts(&self, node: NodeId) -> Facts {
        let unknown = Facts { depth: 1, events: [EventSet::ALL; 2] };
        self.facts.get(node as usize).copied().unwrap_or(unknown)
    }

    fn node(&mut self, node: Node, facts: Facts) -> NodeId {
        let next = self.nodes.len() as NodeId;
        let id = *self.node_ids.entry(node.clone()).or_insert(next);
        if id == next {
            self.nodes.push(node);
            self.facts.push(facts);
        }
        id
    }

    /// The condition when `evt.type` is one of `types`: what that decides is folded away. `known` remembers answers
    /// for these types.
    pub fn specialise(
        &mut self,
        node: NodeId,
        types: &[&str],
        known: &mut HashMap<NodeId, NodeId>,
    ) -> NodeId {
        if let Some(answer) = known.get(&node) {
            return *answer;
        }
        let answer = match self.nodes.get(node as usize).cloned() {
            None | Some(Node::Const(_)) => node,
            Some(Node::Predicate(id)) => self.decide(node, id, types),
            Some(Node::Not(inner)) => {
                let inner = self.specialise(inner, types, known);
                self.not(inner)
            }
            Some(Node::And(parts)) => {
                let parts: Vec<_> = parts.iter().map(|part| self.specialise(*part, types, known)).collect();
                self.join(true, &parts)
            }
            Some(Node::Or(parts)) => {
                let parts: Vec<_> = parts.iter().map(|part| self.specialise(*part, types, known)).collect();
                self.join(false, &parts)
            }
        };
        known.insert(node, answer);
        answer
    }

    fn decide(&mut self, node: NodeId, predicate: u32, types: &[&str]) -> NodeId {
        let Some(predicate) = self.predicates.get(predicate as usize) else { return node };
        let mut answers = types.iter().map(|name| predicate.holds_for(name));
        match answers.next() {
            Some(Some(value)) if answers.all(|answer| answer == Some(value)) => self.constant(value),
            _ => node,
        }
    }
}
