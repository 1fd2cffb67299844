//! One record through decode, enrich and rules. What comes out crosses the border; nothing here waits, reads or asks
//! for the time.

use std::sync::Arc;

use crate::{
    border::{
        Outbound, Sender,
        stats::{RuleCount, Stats},
    },
    decode::{DecodeError, Record},
    enrich::{State, host::ProcessFiles},
    rules::{Evaluator, RuleSet},
};

use super::canary::{Ears, Heard};

/// The hot path and everything it owns. The same for a live sensor and for a recording.
pub(super) struct Pipeline {
    state: State,
    evaluator: Evaluator,
    out: Sender<Outbound>,
    ears: Option<Ears>,
    decoded: u64,
    failures: [u64; DecodeError::LABELS.len()],
    evaluated: u64,
    /// Matches under rule sets that are no longer in force.
    earlier: Vec<RuleCount>,
}

impl Pipeline {
    /// A pipeline that hands alerts to `out`.
    pub(super) fn new(state: State, rules: Arc<RuleSet>, out: Sender<Outbound>) -> Self {
        Self {
            state,
            evaluator: Evaluator::new(rules),
            out,
            ears: None,
            decoded: 0,
            failures: [0; DecodeError::LABELS.len()],
            evaluated: 0,
            earlier: Vec::new(),
        }
    }

    /// Listens for canaries from now on.
    pub(super) fn listen(&mut self, ears: Ears) {
        self.ears = Some(ears);
    }

    /// Takes another rule set; counts of rules that stay are kept.
    pub(super) fn swap_rules(&mut self, rules: Arc<RuleSet>) {
        self.earlier = self.counts();
        self.evaluator = Evaluator::new(rules);
    }

    /// Takes processes that were there at start; what the kernel side could not read of them is in `files`.
    pub(super) fn seed(&mut self, snapshot: &[u8], files: &dyn ProcessFiles) {
        match self.state.seed(snapshot, files) {
            Ok(records) => self.decoded += records as u64,
            Err(error) => self.fail(error),
        }
    }

    fn fail(&mut self, error: DecodeError) {
        if let Some(count) = self.failures.get_mut(error.index()) {
            *count += 1;
        }
    }

    /// Takes one record.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        match Record::parse(bytes) {
            Ok(record) => {
                self.decoded += 1;
                self.take(&record);
            }
            Err(error) => self.fail(error),
        }
    }

    fn take(&mut self, record: &Record<'_>) {
        let heard = self.ears.as_mut().map_or(Heard::Nothing, |ears| ears.hear(record));
        let (evaluator, out, evaluated) = (&mut self.evaluator, &self.out, &mut self.evaluated);
        self.state.apply(record, |event| {
            *evaluated += 1;
            if heard != Heard::Nothing {
                // The agent's own sign of life: it went the whole way, and no rule has to know of it.
                return;
            }
            evaluator.evaluate(event, &mut |rule, context| {
                // A full queue is counted by the channel; a closed one means that the agent is ending.
                let _discarded = out.send(Outbound::Alert(rule.alert(context)));
            });
        });
        if let Heard::Canary(path, nonce) = heard {
            let time_ns = self.state.host().boot_epoch_ns.saturating_add(record.prefix.header.time_ns);
            let _discarded = self.out.send(Outbound::Canary { path, nonce, time_ns });
        }
    }

    /// Adds what the pipeline counts.
    pub(super) fn count(&self, stats: &mut Stats) {
        stats.decoded = self.decoded;
        let failures = DecodeError::LABELS.iter().zip(self.failures).filter(|(_, count)| *count != 0);
        stats.decode_failures = failures.map(|(label, count)| ((*label).to_owned(), count)).collect();
        stats.evaluated = self.evaluated;
        stats.rules = self.counts();
        let table = self.state.stats();
        stats.processes = table.processes;
        stats.processes_max = table.processes_max;
        stats.processes_evicted = table.processes_evicted + table.processes_refused;
    }

    fn counts(&self) -> Vec<RuleCount> {
        let mut all = self.earlier.clone();
        let matched = self.evaluator.set().rules().iter().zip(self.evaluator.counts());
        for (rule, &count) in matched.filter(|(_, count)| **count != 0) {
            match all.iter_mut().find(|earlier| earlier.rule == rule.name && earlier.source == rule.source) {
                Some(earlier) => earlier.count += count,
                None => all.push(RuleCount {
                    rule: rule.name.clone(),
                    priority: rule.priority as u8,
                    source: rule.source.clone(),
                    tags: rule.tags.clone(),
                    count,
                }),
            }
        }
        all
    }

    /// Where alerts go.
    pub(super) fn out(&self) -> &Sender<Outbound> {
        &self.out
    }
}
