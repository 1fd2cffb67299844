//! What an operator may ask the pipeline: the last events that each rule alerted for, and one rule that is watched.

use std::time::Instant;

use super::Watch;
use crate::{
    border::explain::Answer,
    enrich::{Event, State},
    past::Past,
    rules::{Rule, RuleSet, eval::Undecided, fields::Context},
};

/// Looks on while events are evaluated.
#[derive(Debug)]
pub(in crate::app) struct Witness {
    past: Past,
    watch: Option<Box<Watch>>,
    /// As it was told last.
    now: Instant,
}

impl Witness {
    /// Keeps nothing and watches nothing.
    pub(in crate::app) fn new(now: Instant) -> Self {
        Self { past: Past::new(0, 0), watch: None, now }
    }

    /// Keeps events of `rules` from now on, `max_bytes` in all.
    pub(in crate::app) fn remember(&mut self, max_bytes: usize, rules: &RuleSet) {
        self.past = Past::new(max_bytes, rules.rules().len());
    }

    /// Bytes of the events that are kept.
    pub(in crate::app) fn past_bytes(&self) -> u64 {
        self.past.bytes() as u64
    }

    /// A rule alerts for the event that is evaluated now.
    pub(in crate::app) fn fired(&mut self, rule: &Rule, context: &Context<'_>) {
        self.past.keep(rule.index, context.event, self.now);
        if let Some(watch) = &mut self.watch {
            watch.fired(&rule.name);
        }
    }

    /// Whether nobody watches, or the rule that is watched is among what is not decided yet.
    pub(in crate::app) fn waits_for(&self, undecided: Option<&Undecided>, set: &RuleSet) -> bool {
        let Some(watch) = &self.watch else { return true };
        undecided.is_some_and(|undecided| undecided.is_about(set, watch.rule()))
    }

    /// The watched rule is decided for `event`: what is to be said of it.
    pub(in crate::app) fn decided(&mut self, event: &Event<'_>) -> Option<Answer> {
        self.watch.as_mut()?.event(event)
    }

    /// Watches another rule; one before it is given up. What is to be said at once.
    pub(in crate::app) fn watch(
        &mut self,
        watch: Box<Watch>,
        state: &State,
        set: &RuleSet,
        alerts: impl FnOnce(&Rule) -> u64,
    ) -> Vec<Answer> {
        let rule = set.rules().iter().find(|rule| rule.name == watch.rule());
        let before = rule.map(|rule| watch.before(&self.past, state, rule.index, alerts(rule)));
        let mut answers = before.unwrap_or_default();
        let (begun, watch) = watch.begin();
        answers.push(begun);
        self.watch = watch;
        answers
    }

    /// Tells the time; what is to be said when the watch is over.
    pub(in crate::app) fn tick(&mut self, now: Instant) -> Option<Answer> {
        self.now = now;
        let why = self.watch.as_mut()?.tick(now)?;
        self.end(why)
    }

    /// Another rule set takes over; what is to be said to who watches.
    pub(in crate::app) fn swap(&mut self, old: &RuleSet, new: &RuleSet) -> Option<Answer> {
        self.past.swap(old, new);
        self.end("the rules were loaded again")
    }

    fn end(&mut self, why: &str) -> Option<Answer> {
        self.watch.take().map(|watch| watch.end(why))
    }
}
