//! `syscall_event_drops` (spec/rules.md 6.5): when losses are acted on, how often, and the alert that tells them.
//!
//! Statistics drive it, which come once a second whether or not an event does. Whoever asks acts.

use std::time::Duration;

use sensor_common::ledger::Reason;

use crate::border::{Alert, FieldValue, Priority};

use super::{
    float,
    losses::{Gap, Losses},
};

/// Falco's name of the alert.
pub const RULE: &str = "Falco internal: syscall event drop";

/// `syscall_event_drops.*`
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Share of lost events above which it acts.
    pub threshold: f64,
    /// Actions a second, on average.
    pub rate: f64,
    /// Actions at once.
    pub max_burst: u64,
    /// Pretends one loss a second.
    pub simulate: bool,
}

/// Decides. How often goes by a clock that nobody sets.
#[derive(Debug)]
pub struct Monitor {
    options: Options,
    tokens: f64,
    /// When the bucket was filled last: time since the start.
    filled: Duration,
    /// Losses since the last alert, also those that were below the threshold or held back.
    untold: Gap,
}

impl Monitor {
    /// A full bucket and nothing lost.
    pub fn new(options: Options) -> Self {
        let tokens = float(options.max_burst);
        Self { options, tokens, filled: Duration::ZERO, untold: Gap::default() }
    }

    /// Takes the losses between the statistics of `from_ns` and `to_ns` (since the epoch), which came at `now` (since the start).
    /// An alert: it is time to act.
    pub fn observe(&mut self, now: Duration, from_ns: u64, to_ns: u64, losses: &Losses) -> Option<Alert> {
        self.fill(now);
        if !losses.counts.is_empty() {
            self.untold.extend(from_ns, to_ns, losses);
        }
        let fake = u64::from(self.options.simulate);
        let dropped = losses.lost() + fake;
        let threshold = if self.options.simulate { 0.0 } else { self.options.threshold };
        // Without an event that was wanted, a loss is infinitely many of none: it counts.
        if dropped == 0 || float(dropped) <= threshold * float(losses.wanted) {
            return None;
        }
        if self.tokens < 1.0 {
            tracing::debug!(dropped, "losses are not told again yet: syscall_event_drops.rate");
            return None;
        }
        self.tokens -= 1.0;
        Some(alert(to_ns, dropped, losses, &std::mem::take(&mut self.untold)))
    }

    fn fill(&mut self, now: Duration) {
        let elapsed = now.saturating_sub(self.filled);
        self.filled = now;
        let filled = self.tokens + elapsed.as_secs_f64() * self.options.rate;
        self.tokens = filled.min(float(self.options.max_burst));
    }
}

/// System calls that the alert names.
const NAMED: usize = 20;

fn alert(time_ns: u64, dropped: u64, losses: &Losses, untold: &Gap) -> Alert {
    let bugs = [Reason::Oversize, Reason::Abi, Reason::Context, Reason::NoProgram];
    let numbers = [
        ("n_evts", losses.wanted),
        ("n_drops", dropped),
        ("n_drops_buffer_total", losses.no_room_total()),
        ("n_drops_scratch_map", losses.of(Reason::ScratchBusy)),
        ("n_drops_page_faults", 0),
        ("n_drops_bug", bugs.into_iter().map(|reason| losses.of(reason)).sum()),
        ("ebpf_enabled", 1),
        ("saker.missed", untold.losses.lost()),
        ("saker.missed_from", untold.from_ns),
        ("saker.missed_to", untold.to_ns),
    ];
    let numbers = numbers.into_iter().map(|(key, number)| (key.to_owned(), number.to_string()));
    let buffer = losses.no_room().map(|(name, n)| (format!("n_drops_buffer_{name}_exit"), n.to_string()));
    let ours = [
        ("saker.missed_by_container".to_owned(), untold.losses.by_container(NAMED)),
        ("saker.missed_by_reason".to_owned(), untold.losses.by_reason()),
        ("saker.missed_by_syscall".to_owned(), untold.losses.by_syscall(NAMED)),
    ];
    let fields = numbers.chain(buffer).chain(ours);
    // All are strings, as Falco's.
    let fields = fields.map(|(key, text)| (key, FieldValue::Text(text.into_bytes()))).collect();
    let message = format!("{RULE}. {dropped} system calls dropped in last second.");
    Alert::internal(time_ns, RULE, Priority::Debug, message, fields)
}

#[cfg(test)]
mod tests;
