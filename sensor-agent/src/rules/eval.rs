//! Evaluation: an event against the rules of its slot. Every predicate and every shared part is answered once.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use bumpalo::Bump;

use super::{
    compile::{Node, NodeId},
    fields::Context,
    index,
    predicate::Values,
    set::{Matching, Rule, RuleSet},
};
use crate::enrich::Event;

/// Bytes that the values of an event may take before the arena asks for more: a path and a command line, each in several forms.
const ARENA: usize = 64 * 1024;

/// Evaluates one rule set on one thread. Made anew when the set is swapped.
#[derive(Debug)]
pub struct Evaluator {
    set: Arc<RuleSet>,
    /// Values of one event; reset behind it.
    arena: Bump,
    /// By condition: the event that it was answered for, times two, plus the answer.
    answers: Vec<u32>,
    /// By field: the event that it was extracted for, and where the value is.
    extracted: Vec<(u32, u32)>,
    /// Number of the event among those that the memory above knows; 31 bits.
    epoch: u32,
    counts: Vec<u64>,
    /// A bit for each rule of the bucket that the event can match.
    candidates: Vec<u64>,
}

impl Evaluator {
    /// An evaluator of this set.
    pub fn new(set: Arc<RuleSet>) -> Self {
        Self {
            arena: Bump::with_capacity(ARENA),
            answers: vec![0; set.nodes.len()],
            extracted: vec![(0, 0); set.fields.len()],
            epoch: 0,
            counts: vec![0; set.rules().len()],
            candidates: vec![0; set.words()],
            set,
        }
    }

    /// The set.
    pub fn set(&self) -> &Arc<RuleSet> {
        &self.set
    }

    /// Calls `on_match` for the rules that match: the first one, or all, as the set says.
    pub fn evaluate(&mut self, event: &Event<'_>, on_match: &mut dyn FnMut(&Rule, &Context<'_>)) {
        self.next_epoch();
        self.run(event, on_match);
        self.arena.reset();
    }

    fn run(&mut self, event: &Event<'_>, on_match: &mut dyn FnMut(&Rule, &Context<'_>)) {
        let set = &*self.set;
        let context = Context { event, arena: &self.arena };
        let values = Values::new(context, &set.fields, &mut self.extracted, self.epoch);
        let mut run = Run { set, answers: &mut self.answers, epoch: self.epoch, values };
        let Some(bucket) = set.bucket(event.slot()) else { return };
        let Some(candidates) = self.candidates.get_mut(..bucket.index.words()) else { return };
        bucket.index.candidates(&mut run.values, candidates);
        for place in index::places(candidates) {
            let Some((rule, _)) = bucket.rules.get(place).filter(|(_, condition)| run.holds(*condition))
            else {
                continue;
            };
            let index = *rule as usize;
            if let (Some(rule), Some(count)) = (set.rules().get(index), self.counts.get_mut(index)) {
                *count += 1;
                on_match(rule, run.values.context());
            }
            if set.matching == Matching::First {
                break;
            }
        }
    }

    /// The same without the index: what it is tested against.
    #[cfg(test)]
    pub(super) fn evaluate_each(&mut self, event: &Event<'_>, on_match: &mut dyn FnMut(&Rule)) {
        self.next_epoch();
        let set = &*self.set;
        let context = Context { event, arena: &self.arena };
        let values = Values::new(context, &set.fields, &mut self.extracted, self.epoch);
        let mut run = Run { set, answers: &mut self.answers, epoch: self.epoch, values };
        for (index, condition) in set.bucket(event.slot()).map_or(&[][..], |bucket| &bucket.rules) {
            if run.holds(*condition) {
                on_match(&set.rules()[*index as usize]);
                if set.matching == Matching::First {
                    break;
                }
            }
        }
    }

    /// Matches so far, by [`Rule::index`].
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// The arrays are not cleared between events: what carries another number is old.
    fn next_epoch(&mut self) {
        self.epoch += 1;
        if self.epoch == u32::MAX >> 1 {
            self.answers.fill(0);
            self.extracted.fill((0, 0));
            self.epoch = 1;
        }
    }
}

struct Run<'a, 'm> {
    set: &'a RuleSet,
    answers: &'m mut [u32],
    epoch: u32,
    values: Values<'a, 'm>,
}

impl Run<'_, '_> {
    fn holds(&mut self, id: NodeId) -> bool {
        let answer = self.answers.get(id as usize).copied().unwrap_or(0);
        if answer >> 1 == self.epoch {
            return answer & 1 == 1;
        }
        let set = self.set;
        let holds = match set.nodes.get(id as usize) {
            Some(Node::Const(value)) => *value,
            Some(Node::Predicate(number)) => {
                set.predicates.get(*number as usize).is_some_and(|it| it.holds(&mut self.values))
            }
            Some(Node::Not(inner)) => !self.holds(*inner),
            Some(Node::And(parts)) => parts.iter().all(|part| self.holds(*part)),
            Some(Node::Or(parts)) => parts.iter().any(|part| self.holds(*part)),
            None => false,
        };
        if let Some(slot) = self.answers.get_mut(id as usize) {
            *slot = self.epoch << 1 | u32::from(holds);
        }
        holds
    }
}
