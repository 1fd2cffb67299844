//! One record through decode, enrich and rules. What comes out crosses the border; nothing here waits, reads or asks
//! for the time: it is told.

use std::{
    collections::BTreeMap,
    iter,
    sync::{Arc, mpsc},
    time::Instant,
};

use sensor_common::ledger::Victim;

use crate::{
    border::{
        FieldValue, Outbound, PodTold, Resolved, Sender, Told,
        explain::Answer,
        stats::{RuleCount, Stats},
    },
    decode::{DecodeError, Record},
    enrich::{
        Event, Metadata, State, UNKNOWN_PLACE,
        host::{Accounts, Found, ProcessFiles},
        rosters::Unread,
    },
    hold::{Held, Hold, Limits},
    rules::{Evaluator, Rule, RuleSet, eval::Undecided, fields::Context},
};

use super::{
    explain::{Watch, Witness},
    sensor::canary::{Ears, Heard},
};

/// A clock that is put right by more than this is told; less is what keeping time takes.
const TOLD_NS: u64 = 1_000_000_000;

/// Key of `output_fields`.
const GENERATION: &str = "saker.generation";

/// The hot path and everything it owns. The same for a live sensor and for a recording.
pub(super) struct Pipeline {
    state: State,
    evaluator: Evaluator,
    hold: Hold,
    /// As it was told last.
    now: Instant,
    out: Alerts,
    ears: Option<Ears>,
    /// Who reads accounts of containers.
    reader: Option<mpsc::SyncSender<Unread>>,
    decoded: u64,
    failures: [u64; DecodeError::LABELS.len()],
    evaluated: u64,
    /// Matches and costs under rule sets that are no longer in force.
    earlier: Vec<RuleCount>,
    is_measuring: bool,
    /// For operators' questions.
    witness: Witness,
}

impl Pipeline {
    /// A pipeline that hands alerts to `out`.
    pub(super) fn new(state: State, rules: Arc<RuleSet>, out: Sender<Outbound>) -> Self {
        let now = Instant::now();
        Self {
            state,
            evaluator: Evaluator::new(rules),
            hold: Hold::new(Limits::default()),
            now,
            out: Alerts { out, generation: None },
            ears: None,
            reader: None,
            decoded: 0,
            failures: [0; DecodeError::LABELS.len()],
            evaluated: 0,
            earlier: Vec::new(),
            is_measuring: false,
            witness: Witness::new(now),
        }
    }

    /// Every alert carries the number of its rule set from now on.
    pub(super) fn stamp(&mut self) {
        self.out.generation = Some(self.evaluator.set().generation());
    }

    /// Measures from now on what each rule costs.
    pub(super) fn measure(&mut self) {
        self.is_measuring = true;
        self.evaluator.measure(Instant::now);
    }

    /// Listens for canaries from now on.
    pub(super) fn listen(&mut self, ears: Ears) {
        self.ears = Some(ears);
    }

    /// Asks the egress half for containers from now on, and lets events wait for its answers.
    pub(super) fn ask(&mut self, limits: Limits) {
        self.hold = Hold::new(limits);
        self.state.ask();
    }

    /// Asks `reader` for the accounts of containers from now on.
    pub(super) fn ask_accounts(&mut self, reader: mpsc::SyncSender<Unread>) {
        self.reader = Some(reader);
        self.state.ask_accounts();
    }

    /// Keeps the last events that each rule alerts for from now on, `max_bytes` in all.
    pub(super) fn remember(&mut self, max_bytes: usize) {
        self.witness.remember(max_bytes, self.evaluator.set());
    }

    /// Shows an operator what one rule made of its last events, and makes of those from now on; a watch before it is given up.
    pub(super) fn ask_why(&mut self, watch: Box<Watch>) {
        let (evaluator, earlier) = (&self.evaluator, &self.earlier);
        let alerts = |rule: &Rule| {
            let earlier = earlier.iter().find(|it| it.rule == rule.name && it.source == rule.source);
            let now = evaluator.counts().get(rule.index).copied().unwrap_or_default();
            earlier.map_or(0, |it| it.count) + now
        };
        self.out.say(self.witness.watch(watch, &self.state, evaluator.set(), alerts));
    }

    /// Takes an answer; the events that waited for it go on.
    pub(super) fn learn(&mut self, told: Told) {
        let full_id = told.full_id.clone();
        self.state.learn(told);
        self.release(&full_id);
    }

    /// Takes the host's accounts as they are now.
    pub(super) fn set_accounts(&mut self, accounts: Accounts) {
        self.state.set_accounts(accounts);
    }

    /// Takes what was read of a container's accounts; the events that waited for it go on.
    pub(super) fn learn_accounts(&mut self, full_id: &str, found: Found) {
        self.state.learn_accounts(full_id, found);
        self.send_wanted();
        self.release(full_id);
    }

    fn release(&mut self, full_id: &str) {
        if !self.state.is_awaited(full_id) {
            let held = self.hold.release(full_id, Instant::now());
            self.go_on(&held, None);
        }
    }

    /// Whoever was asked has begun anew: what was not answered is asked again.
    pub(super) fn ask_again(&mut self) {
        self.state.ask_again();
    }

    /// Takes what the API server told of a pod.
    pub(super) fn learn_pod(&mut self, told: PodTold) {
        self.state.learn_pod(told);
    }

    /// Takes the addresses of host names.
    pub(super) fn learn_names(&mut self, told: Vec<Resolved>) {
        self.state.learn_names(told);
    }

    /// The wall clock was read again: times of later events follow it.
    pub(super) fn set_clock(&mut self, boot_epoch_ns: u64) {
        let by = self.state.set_clock(boot_epoch_ns).unwrap_or_default();
        if by.unsigned_abs() > TOLD_NS {
            tracing::warn!(by_ms = by / 1_000_000, "the clock of this host was set; alerts follow it");
        }
    }

    /// Tells the time; events that have waited long enough go on.
    pub(super) fn tick(&mut self, now: Instant) {
        self.now = now;
        self.out.say(self.witness.tick(now));
        while let Some((full_id, held)) = self.hold.expire(now) {
            self.state.give_up(&full_id);
            self.go_on(&held, None);
        }
    }

    /// Whether events wait.
    pub(super) fn is_holding(&self) -> bool {
        !self.hold.is_empty()
    }

    /// Lets everything go on that waits: the rules that it waits for are about to go.
    pub(super) fn flush(&mut self) {
        let held = self.hold.drain(Instant::now());
        self.go_on(&held, Some(Metadata::Pending));
    }

    fn go_on(&mut self, held: &[Held], metadata: Option<Metadata<'_>>) {
        for Held { event, undecided } in held {
            let metadata = metadata.unwrap_or_else(|| self.state.metadata(event.actor()));
            let (evaluator, out, witness) = (&mut self.evaluator, &self.out, &mut self.witness);
            // `None` is a record that cannot be parsed a second time: there is none.
            let _same = event
                .again(&self.state, metadata, |event| conclude(evaluator, out, witness, event, undecided));
        }
    }

    /// Takes another rule set; counts of rules that stay are kept.
    pub(super) fn swap_rules(&mut self, rules: Arc<RuleSet>) {
        self.flush();
        self.out.say(self.witness.swap(self.evaluator.set(), &rules));
        self.earlier = self.counts();
        self.out.generation = self.out.generation.map(|_| rules.generation());
        self.evaluator = Evaluator::new(rules);
        if self.is_measuring {
            self.measure();
        }
    }

    /// Takes processes that were there at start; what the kernel side could not read of them is in `files`.
    pub(super) fn seed(&mut self, snapshot: &[u8], files: &dyn ProcessFiles) {
        match self.state.seed(snapshot, files) {
            Ok(records) => self.decoded += records as u64,
            Err(error) => self.fail(error),
        }
        self.send_wanted();
    }

    fn send_wanted(&mut self) {
        for wanted in self.state.take_wanted() {
            let full_id = wanted.full_id.clone();
            if self.out.out.send(Outbound::Wanted(wanted)).is_err() {
                self.state.forget(&full_id);
            }
        }
        for unread in self.state.take_unread() {
            let full_id = Arc::clone(&unread.full_id);
            if self.reader.as_ref().is_none_or(|reader| reader.try_send(unread).is_err()) {
                self.state.forget_accounts(&full_id);
            }
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
        let (evaluator, hold, now) = (&mut self.evaluator, &mut self.hold, self.now);
        let (out, evaluated, witness) = (&self.out, &mut self.evaluated, &mut self.witness);
        self.state.apply(record, |event| {
            *evaluated += 1;
            if heard != Heard::Nothing {
                // The agent's own sign of life: it went the whole way, and no rule has to know of it.
                return;
            }
            let undecided = evaluator.evaluate(event, &mut |rule, context| out.alert(rule, context, witness));
            if !witness.waits_for(undecided.as_ref(), evaluator.set()) {
                out.say(witness.decided(event));
            }
            let Some(Err(undecided)) = undecided.map(|undecided| hold.keep(event, undecided, now)) else {
                return;
            };
            let event = Event { metadata: Metadata::Pending, ..*event };
            conclude(evaluator, out, witness, &event, &undecided);
        });
        self.send_wanted();
        if let Heard::Canary(path, nonce) = heard {
            let boot_ns = record.prefix.header.time_ns;
            let _discarded = self.out.out.send(Outbound::Canary { path, nonce, boot_ns });
        }
    }

    /// Losses by container; those of the host, and of cgroups that no record told of, come together.
    pub(super) fn name_victims(&mut self, victims: &[Victim], others: u64) -> Vec<(String, u64)> {
        let mut named: BTreeMap<String, u64> = BTreeMap::new();
        for victim in victims {
            let place = self.state.place_of(victim.hierarchy as u32, victim.cgroup_id);
            *named.entry(place).or_default() += victim.lost;
        }
        if others > 0 {
            *named.entry(UNKNOWN_PLACE.to_owned()).or_default() += others;
        }
        named.into_iter().collect()
    }

    /// Adds what the pipeline counts.
    pub(super) fn count(&self, stats: &mut Stats) {
        stats.decoded = self.decoded;
        let failures = DecodeError::LABELS.iter().zip(self.failures).filter(|(_, count)| *count != 0);
        stats.decode_failures = failures.map(|(label, count)| ((*label).to_owned(), count)).collect();
        stats.evaluated = self.evaluated;
        stats.discarded = self.out.out.discarded();
        stats.hold = self.hold.counts();
        stats.past_bytes = self.witness.past_bytes();
        stats.rules = self.counts();
        let table = self.state.stats();
        stats.containers = table.containers;
        stats.host_names = table.host_names;
        stats.processes = table.processes;
        stats.processes_max = table.processes_max;
        stats.processes_evicted = table.processes_evicted + table.processes_refused;
    }

    fn counts(&self) -> Vec<RuleCount> {
        let mut all = self.earlier.clone();
        let counts = self.evaluator.set().rules().iter().zip(self.evaluator.counts());
        let costs = self.evaluator.costs().iter().copied().chain(iter::repeat((0, 0)));
        let counts = counts.zip(costs).filter(|((_, count), (evaluated, _))| **count != 0 || *evaluated != 0);
        for ((rule, &count), (evaluated, took_ns)) in counts {
            match all.iter_mut().find(|earlier| earlier.rule == rule.name && earlier.source == rule.source) {
                Some(earlier) => {
                    earlier.count += count;
                    earlier.evaluated += evaluated;
                    earlier.took_ns += took_ns;
                }
                None => all.push(RuleCount {
                    rule: rule.name.clone(),
                    priority: rule.priority as u8,
                    source: rule.source.clone(),
                    tags: rule.tags.clone(),
                    count,
                    evaluated,
                    took_ns,
                }),
            }
        }
        all
    }

    /// Where alerts go.
    pub(super) fn out(&self) -> &Sender<Outbound> {
        &self.out.out
    }
}

/// Decides what had to wait, with what is known by now.
fn conclude(
    evaluator: &mut Evaluator,
    out: &Alerts,
    witness: &mut Witness,
    event: &Event<'_>,
    undecided: &Undecided,
) {
    evaluator.resume(event, undecided, &mut |rule, context| out.alert(rule, context, witness));
    // Of rules that had been decided at once the watch has heard.
    if witness.waits_for(Some(undecided), evaluator.set()) {
        out.say(witness.decided(event));
    }
}

/// Where alerts go, and what is added to them.
struct Alerts {
    out: Sender<Outbound>,
    /// Number of the rule set, where alerts carry it (`saker.alert_generation`).
    generation: Option<u32>,
}

impl Alerts {
    fn alert(&self, rule: &Rule, context: &Context<'_>, witness: &mut Witness) {
        witness.fired(rule, context);
        let mut alert = rule.alert(context);
        let stamp = self.generation.map(|it| (GENERATION.to_owned(), FieldValue::U64(u64::from(it))));
        alert.fields.extend(stamp);
        // A full queue is counted by the channel; a closed one means that the agent is ending.
        let _discarded = self.out.send(Outbound::Alert(alert));
    }

    /// To the operator who watches a rule.
    fn say(&self, answers: impl IntoIterator<Item = Answer>) {
        for answer in answers {
            let _discarded = self.out.send(Outbound::Explained(answer));
        }
    }
}
