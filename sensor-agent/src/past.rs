//! The last events that each rule alerted for, owned, so that an operator who asks afterwards is shown why
//! (`saker explain --live`). Bounded for each rule and in all; a storm of alerts costs a look at the time for each.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::{
    enrich::{Event, Pinned},
    rules::RuleSet,
};

/// Events that are kept of one rule, and of one burst of it.
pub const OF_RULE: usize = 10;
/// What comes within this time is one burst: a rule that alerts all the time copies 100 events a second.
const BURST: Duration = Duration::from_millis(100);
/// No event may take more than this part of all.
const SHARE: usize = 4;

/// Events by rule.
#[derive(Debug)]
pub struct Past {
    max_bytes: usize,
    bytes: usize,
    /// By [`crate::rules::Rule::index`].
    rules: Vec<Kept>,
}

/// What is kept of one rule, oldest first.
#[derive(Debug, Default)]
struct Kept {
    events: VecDeque<(Pinned, usize)>,
    bytes: usize,
    /// When the last burst began, and how many events of it were taken.
    burst: Option<(Instant, usize)>,
}

impl Past {
    /// Keeps events of `rules` rules, `max_bytes` in all; zero: none.
    pub fn new(max_bytes: usize, rules: usize) -> Self {
        let mut past = Self { max_bytes, bytes: 0, rules: Vec::new() };
        past.rules.resize_with(rules, Kept::default);
        past
    }

    /// The rule with this index alerts for `event` at `now`.
    pub fn keep(&mut self, rule: usize, event: &Event<'_>, now: Instant) {
        let Some(kept) = self.rules.get_mut(rule).filter(|_| self.max_bytes > 0) else { return };
        if !kept.may_take(now) {
            return;
        }
        let pinned = Pinned::of(event);
        let weight = pinned.weight();
        if weight > self.max_bytes / SHARE {
            return;
        }
        self.bytes += weight;
        kept.bytes += weight;
        kept.events.push_back((pinned, weight));
        if kept.events.len() > OF_RULE {
            self.bytes -= kept.let_go();
        }
        // Whoever has most gives: a rule that alerts often costs no other rule its events.
        while self.bytes > self.max_bytes
            && let Some(kept) = self.rules.iter_mut().max_by_key(|kept| kept.bytes)
        {
            self.bytes -= kept.let_go();
        }
    }

    /// The last `n` events of the rule with this index, oldest first.
    pub fn last(&self, rule: usize, n: usize) -> impl Iterator<Item = &Pinned> {
        let events = self.rules.get(rule).map(|kept| &kept.events);
        let skipped = events.map_or(0, |events| events.len().saturating_sub(n));
        events.into_iter().flatten().skip(skipped).map(|(event, _)| event)
    }

    /// Another rule set takes over: events stay with the rule of the same name and source.
    pub fn swap(&mut self, old: &RuleSet, new: &RuleSet) {
        let mut before = std::mem::take(&mut self.rules);
        self.rules.resize_with(new.rules().len(), Kept::default);
        for (rule, kept) in old.rules().iter().zip(&mut before).filter(|(_, kept)| !kept.events.is_empty()) {
            let successor = new.rules().iter().find(|it| it.name == rule.name && it.source == rule.source);
            match successor.and_then(|it| self.rules.get_mut(it.index)) {
                Some(place) => *place = std::mem::take(kept),
                None => self.bytes -= kept.bytes,
            }
        }
    }

    /// Bytes that are kept.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Kept {
    fn may_take(&mut self, now: Instant) -> bool {
        match &mut self.burst {
            Some((begin, taken)) if now.saturating_duration_since(*begin) < BURST => {
                *taken += 1;
                *taken <= OF_RULE
            }
            burst => {
                *burst = Some((now, 1));
                true
            }
        }
    }

    /// Lets the oldest event go; its bytes.
    fn let_go(&mut self) -> usize {
        let weight = self.events.pop_front().map_or(0, |(_, weight)| weight);
        self.bytes -= weight;
        weight
    }
}
