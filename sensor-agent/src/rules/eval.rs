//! Evaluation: an event against the rules of its slot. Every predicate and every shared part is answered once. Answers
//! are three-valued while the runtimes have not told of the event's container (DESIGN D7). A rule that is false of the name
//! that a process spelled is evaluated once more with the one that the kernel resolved (DESIGN D8).

mod undecided;
#[cfg(test)]
mod tests;

pub use undecided::Undecided;

use std::{sync::Arc, time::Instant};

use bumpalo::Bump;

use super::{
    compile::{Node, NodeId},
    fields::{Context, flag},
    index,
    output::Extra,
    predicate::Values,
    set::{Matching, Rule, RuleSet},
};
use crate::enrich::{Event, Metadata};

/// What is known of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    False = 0,
    True = 1,
    /// It depends on what runtimes have yet to tell.
    Unknown = 2,
}

impl Answer {
    const fn of(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

/// Bits of an answer beside the event's number.
const ANSWER_BITS: u32 = 2;
const ANSWER_MASK: u32 = 3;

/// Bytes that the values of an event may take before the arena asks for more: a path and a command line, each in several forms.
const ARENA: usize = 64 * 1024;

/// Evaluations of one event: under the name that was spelled, and under the one that was resolved.
const NAMINGS: usize = 2;

/// What is known of the event under one of its names.
#[derive(Debug, Default)]
struct Memory {
    /// By condition: the event that it was answered for, and the answer in the lowest bits.
    answers: Vec<u32>,
    /// By field: the event that it was extracted for, and where the value is.
    extracted: Vec<(u32, u32)>,
}

/// Evaluates one rule set on one thread. Made anew when the set is swapped.
#[derive(Debug)]
pub struct Evaluator {
    set: Arc<RuleSet>,
    /// Values of one event; reset behind it.
    arena: Bump,
    /// By naming.
    memories: [Memory; NAMINGS],
    /// By predicate: it looks at what runtimes tell.
    needs_context: Vec<bool>,
    /// By rule: what it says depends on what runtimes tell.
    says_context: Vec<bool>,
    /// Number of the event among those that the memory above knows; 30 bits.
    epoch: u32,
    counts: Vec<u64>,
    costs: Option<Costs>,
    /// A bit for each rule of the bucket that the event can match.
    candidates: Vec<u64>,
}

impl Evaluator {
    /// An evaluator of this set.
    pub fn new(set: Arc<RuleSet>) -> Self {
        Self {
            arena: Bump::with_capacity(ARENA),
            memories: std::array::from_fn(|_| Memory {
                answers: vec![0; set.nodes.len()],
                extracted: vec![(0, 0); set.fields.len()],
            }),
            needs_context: set.predicates.iter().map(|it| it.asks(flag::CONTEXT, &set.fields)).collect(),
            says_context: set.rules().iter().map(says_context).collect(),
            epoch: 0,
            counts: vec![0; set.rules().len()],
            costs: None,
            candidates: vec![0; set.words()],
            set,
        }
    }

    /// The set.
    pub fn set(&self) -> &Arc<RuleSet> {
        &self.set
    }

    /// Calls `on_match` for the rules that match: the first one, or all, as the set says. What cannot be decided, or said,
    /// before the event's container is known is handed back; [`Self::resume`] goes on with it.
    pub fn evaluate(
        &mut self,
        event: &Event<'_>,
        on_match: &mut dyn FnMut(&Rule, &Context<'_>),
    ) -> Option<Undecided> {
        self.next_epoch();
        let undecided = self.run(event, None, on_match);
        self.arena.reset();
        undecided
    }

    /// Goes on with an event whose `metadata` is final by now. Only what was unknown is asked again.
    pub fn resume(
        &mut self,
        event: &Event<'_>,
        undecided: &Undecided,
        on_match: &mut dyn FnMut(&Rule, &Context<'_>),
    ) {
        self.next_epoch();
        for (memory, known) in self.memories.iter_mut().zip(&undecided.known) {
            for (node, holds) in known {
                if let Some(slot) = memory.answers.get_mut(*node as usize) {
                    *slot = self.epoch << ANSWER_BITS | u32::from(*holds);
                }
            }
        }
        self.run(event, Some(&undecided.rules), on_match);
        self.arena.reset();
    }

    /// Evaluates these rules, or those of the event's bucket that it can match.
    fn run(
        &mut self,
        event: &Event<'_>,
        rules: Option<&[(u32, NodeId)]>,
        on_match: &mut dyn FnMut(&Rule, &Context<'_>),
    ) -> Option<Undecided> {
        let set = &*self.set;
        let bucket = set.bucket(event.slot())?;
        let is_awaited = event.metadata == Metadata::Awaited;
        let needs_context = if is_awaited { self.needs_context.as_slice() } else { &[] };
        let epoch = self.epoch;
        let [spelled, resolved] = &mut self.memories;
        let context = Context::new(event, &self.arena);
        let other = if bucket.resolves { context.resolved() } else { None };
        let run = |memory, context| Run::new(set, memory, context, epoch, needs_context);
        let mut runs = Runs { spelled: run(spelled, context), resolved: other.map(|it| run(resolved, it)) };
        let mut judge = Judge {
            says_context: &self.says_context,
            is_awaited,
            counts: &mut self.counts,
            costs: self.costs.as_mut(),
            waiting: Vec::new(),
            on_match,
        };
        if let Some(rules) = rules {
            rules.iter().any(|rule| judge.is_last(&mut runs, *rule));
        } else {
            let candidates = self.candidates.get_mut(..bucket.index.words())?;
            let values =
                std::iter::once(&mut runs.spelled).chain(&mut runs.resolved).map(|run| &mut run.values);
            bucket.index.candidates(values, candidates);
            let mut rules = index::places(candidates).filter_map(|place| bucket.rules.get(place));
            rules.any(|rule| judge.is_last(&mut runs, *rule));
        }
        let waiting = judge.waiting;
        (!waiting.is_empty()).then(|| runs.undecided(waiting))
    }

    /// The same without the index: what it is tested against.
    #[cfg(test)]
    pub(super) fn evaluate_each(&mut self, event: &Event<'_>, on_match: &mut dyn FnMut(&Rule)) {
        self.next_epoch();
        let rules = self.set.bucket(event.slot()).map_or(Vec::new(), |bucket| bucket.rules.clone());
        self.run(event, Some(&rules), &mut |rule, _| on_match(rule));
        self.arena.reset();
    }

    /// Measures from now on how long each rule takes, by this clock.
    pub fn measure(&mut self, clock: fn() -> Instant) {
        self.costs = Some(Costs { clock, by_rule: vec![(0, 0); self.set.rules().len()] });
    }

    /// Evaluations and ns so far, by [`Rule::index`]; nothing where they are not measured.
    pub fn costs(&self) -> &[(u64, u64)] {
        self.costs.as_ref().map_or(&[], |costs| &costs.by_rule)
    }

    /// Matches so far, by [`Rule::index`].
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// The arrays are not cleared between events: what carries another number is old.
    fn next_epoch(&mut self) {
        self.epoch += 1;
        if self.epoch == u32::MAX >> ANSWER_BITS {
            for memory in &mut self.memories {
                memory.answers.fill(0);
                memory.extracted.fill((0, 0));
            }
            self.epoch = 1;
        }
    }
}

/// What evaluations take. A part that rules share is paid by the first that asks for it.
#[derive(Debug)]
struct Costs {
    clock: fn() -> Instant,
    /// Evaluations and ns, by [`Rule::index`].
    by_rule: Vec<(u64, u64)>,
}

impl Costs {
    /// Puts what `evaluate` takes down to the rule at `index`.
    fn time<T>(&mut self, index: usize, evaluate: impl FnOnce() -> T) -> T {
        let begin = (self.clock)();
        let answer = evaluate();
        let took = (self.clock)().saturating_duration_since(begin);
        if let Some((evaluated, took_ns)) = self.by_rule.get_mut(index) {
            *evaluated += 1;
            *took_ns += took.as_nanos() as u64;
        }
        answer
    }
}

/// Whether a rule says what runtimes tell.
fn says_context(rule: &Rule) -> bool {
    let extra = rule.extra.iter().flat_map(Extra::fields);
    rule.output.fields().into_iter().chain(extra).any(|field| field.field.is(flag::CONTEXT))
}

/// What becomes of the rules that are not false.
struct Judge<'m> {
    says_context: &'m [bool],
    is_awaited: bool,
    counts: &'m mut [u64],
    costs: Option<&'m mut Costs>,
    waiting: Vec<(u32, NodeId)>,
    on_match: &'m mut dyn FnMut(&Rule, &Context<'_>),
}

impl Judge<'_> {
    /// Takes the next rule; says whether no further one counts.
    fn is_last(&mut self, runs: &mut Runs<'_, '_>, (index, condition): (u32, NodeId)) -> bool {
        let at = index as usize;
        let (run, answer) = match &mut self.costs {
            Some(costs) => costs.time(at, || runs.answer(at, condition)),
            None => runs.answer(at, condition),
        };
        if answer == Answer::False {
            return false;
        }
        let is_first = run.set.matching == Matching::First;
        let is_unsayable = self.is_awaited && self.says_context.get(at) == Some(&true);
        if answer == Answer::Unknown || is_unsayable || (is_first && !self.waiting.is_empty()) {
            self.waiting.push((index, condition));
        } else if let (Some(rule), Some(count)) = (run.set.rules().get(at), self.counts.get_mut(at)) {
            *count += 1;
            (self.on_match)(rule, run.values.context());
        }
        is_first && answer == Answer::True
    }
}

/// An event under both of its names.
struct Runs<'a, 'm> {
    spelled: Run<'a, 'm>,
    /// There is another name, and a rule that may go by it.
    resolved: Option<Run<'a, 'm>>,
}

impl<'a, 'm> Runs<'a, 'm> {
    /// The answer to a rule's condition, and the evaluation that gave it: that of the resolved name only if the one
    /// before said no.
    fn answer(&mut self, rule: usize, condition: NodeId) -> (&mut Run<'a, 'm>, Answer) {
        let answer = self.spelled.answer(condition);
        match &mut self.resolved {
            Some(run) if answer == Answer::False && run.set.resolves(rule) => {
                let answer = run.answer(condition);
                (run, answer)
            }
            _ => (&mut self.spelled, answer),
        }
    }
}

struct Run<'a, 'm> {
    set: &'a RuleSet,
    answers: &'m mut [u32],
    epoch: u32,
    /// By predicate: it is unknown; empty when none is.
    needs_context: &'m [bool],
    values: Values<'a, 'm>,
}

impl<'a, 'm> Run<'a, 'm> {
    fn new(
        set: &'a RuleSet,
        memory: &'m mut Memory,
        context: Context<'a>,
        epoch: u32,
        needs_context: &'m [bool],
    ) -> Self {
        let values = Values::new(context, &set.fields, &mut memory.extracted, epoch);
        Self { set, answers: &mut memory.answers, epoch, needs_context, values }
    }

    fn answer(&mut self, id: NodeId) -> Answer {
        if let Some(known) = self.known(id) {
            return known;
        }
        let set = self.set;
        let answer = match set.nodes.get(id as usize) {
            Some(Node::Const(value)) => Answer::of(*value),
            Some(Node::Predicate(number)) => self.predicate(*number as usize),
            Some(Node::Not(inner)) => match self.answer(*inner) {
                Answer::False => Answer::True,
                Answer::True => Answer::False,
                Answer::Unknown => Answer::Unknown,
            },
            Some(Node::And(parts)) => self.join(parts, Answer::False, Answer::True),
            Some(Node::Or(parts)) => self.join(parts, Answer::True, Answer::False),
            None => Answer::False,
        };
        if let Some(slot) = self.answers.get_mut(id as usize) {
            *slot = self.epoch << ANSWER_BITS | answer as u32;
        }
        answer
    }

    /// What was answered before for this event.
    fn known(&self, id: NodeId) -> Option<Answer> {
        let answer = self.answers.get(id as usize).copied().unwrap_or(0);
        if answer >> ANSWER_BITS != self.epoch {
            return None;
        }
        Some(match answer & ANSWER_MASK {
            0 => Answer::False,
            1 => Answer::True,
            _ => Answer::Unknown,
        })
    }

    fn predicate(&mut self, number: usize) -> Answer {
        let set = self.set;
        if self.needs_context.get(number) == Some(&true) {
            return Answer::Unknown;
        }
        Answer::of(set.predicates.get(number).is_some_and(|it| it.holds(&mut self.values)))
    }

    /// `decisive` when one part is that; else unknown when one part is; else `neutral`.
    fn join(&mut self, parts: &[NodeId], decisive: Answer, neutral: Answer) -> Answer {
        let mut joined = neutral;
        for part in parts {
            match self.answer(*part) {
                answer if answer == decisive => return decisive,
                Answer::Unknown => joined = Answer::Unknown,
                _ => {}
            }
        }
        joined
    }
}
