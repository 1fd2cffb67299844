//! Obeys while the hot thread works: reloads, what the egress half tells, what the supervisor wants.

use std::{
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::hot::Order;
use crate::{
    app::{
        AppError, Chain,
        config::Config,
        explain,
        files::TextFile,
        identity,
        interest::interest,
        load::{self, InForce},
        output::{print, tell},
        supervisor::{self, Report, Reporter},
        tuning,
    },
    border::{
        self, Alert, Facts, Inbound, Outbound, Priority, Receiver, RecvError, Sender,
        explain::{Answer, Question},
        tally::Tally,
    },
    capture::{CaptureError, HOOKS, Policy, Seat, Sensor},
    enrich::host::Host,
    telemetry,
};

/// Longest time without a look at the clock.
const TICK: Duration = Duration::from_millis(200);
/// A reload waits so long for what came before it, at most.
const LATEST: Duration = Duration::from_secs(1);
/// Between two messages about what the half costs.
const COST_PERIOD: Duration = Duration::from_secs(2);
/// Time for the egress half to hand over what it counted, at the end of a run of tuning.
const TALLY: Duration = Duration::from_secs(10);

/// What is to be done.
#[derive(Debug)]
pub(super) enum Command {
    /// Load rules and configuration again (SIGHUP or a changed file).
    Reload,
    /// Drain what is in the ring and end.
    Stop,
    /// The egress half has begun: it knows nothing.
    Meet,
    /// It has ended: how.
    Mourn(String),
    /// An invitation was answered.
    Introduced,
    /// It told something.
    Told(Inbound),
}

/// Takes an order of the supervisor; without one it is gone, and nobody starts this half again.
pub(super) fn hear(commands: &Sender<Command>, order: Option<supervisor::Order>) {
    use supervisor::Order;
    let command = match order {
        Some(Order::Reload) => Command::Reload,
        Some(Order::Stop) | None => Command::Stop,
        Some(Order::Ended(how)) => Command::Mourn(how),
        Some(Order::Introduced) => Command::Introduced,
        Some(Order::Begin { .. } | Order::Reopen) => return,
    };
    // What runtimes tell may fill the queue for a moment; an order must not be lost for it.
    if commands.send_waiting(command).is_err() {
        tracing::warn!("an order could not be handed to the sensor: it has ended");
    }
}

/// The thread's state.
pub(super) struct Control<'a> {
    /// What is in force.
    config: Config,
    rules: InForce,
    reread: &'a dyn Fn() -> Result<Config, AppError>,
    policy: Arc<Policy>,
    out: Sender<Outbound>,
    facts: Facts,
    supervisor: Reporter,
    /// Processes of the agent that are to make themselves known, the one that was invited first.
    uninvited: Vec<Seat>,
    /// Alerts are counted, not routed.
    is_tuning: bool,
}

impl<'a> Control<'a> {
    pub(super) fn new(
        config: &Config,
        reread: &'a dyn Fn() -> Result<Config, AppError>,
        policy: Arc<Policy>,
        out: Sender<Outbound>,
        facts: Facts,
        supervisor: Reporter,
        rules: InForce,
    ) -> Self {
        let (is_tuning, uninvited) = (config.tuning.is_some(), vec![Seat::Supervisor]);
        let config = config.clone();
        let mut control =
            Self { config, rules, reread, policy, out, facts, supervisor, uninvited, is_tuning };
        control.invite();
        control.take_force();
        control
    }

    /// Until it is time to stop.
    pub(super) fn obey(
        &mut self,
        inbox: &Receiver<Command>,
        orders: &mpsc::SyncSender<Order>,
        hot: &JoinHandle<Result<(), CaptureError>>,
    ) {
        let end = self.config.stop_after.map(|after| Instant::now() + after);
        let mut next_cost = Instant::now();
        // Since when somebody wants a reload.
        let mut wanted: Option<Instant> = None;
        while !hot.is_finished() && end.is_none_or(|end| Instant::now() < end) {
            if Instant::now() >= next_cost {
                next_cost = Instant::now() + COST_PERIOD;
                self.send(Outbound::Cost(telemetry::cost()));
            }
            let message = inbox.recv(if wanted.is_some() { Duration::ZERO } else { TICK });
            // What waits is looked at first, so that a storm of SIGHUP is one reload and an order to stop does not wait behind it.
            if let Some(_due) = wanted.take_if(|since| message.is_err() || since.elapsed() > LATEST) {
                self.reload(orders);
            }
            match message {
                Ok(Command::Stop | Command::Told(Inbound::Stop)) | Err(RecvError::Closed) => return,
                Ok(Command::Reload) => _ = wanted.get_or_insert_with(Instant::now),
                Ok(Command::Meet) => self.meet(orders),
                Ok(Command::Mourn(how)) => self.alert("Falco internal: half restarted", how),
                Ok(Command::Introduced | Command::Told(Inbound::Introduced)) => self.go_on_inviting(),
                Ok(Command::Told(Inbound::Context(told))) => pass(orders, Order::Context(told)),
                Ok(Command::Told(Inbound::Pod(told))) => pass(orders, Order::Pod(told)),
                Ok(Command::Told(Inbound::Names(told))) => pass(orders, Order::Names(told)),
                Ok(Command::Told(Inbound::Explain(question))) => self.explain(question, orders),
                Ok(Command::Told(Inbound::Tuned(tally))) => {
                    self.end_tuning(&tally);
                    self.reload(orders);
                }
                // The link has taken it.
                Ok(Command::Told(Inbound::Settled { .. })) | Err(RecvError::Quiet) => {}
            }
        }
    }

    /// A run that only tunes, or is stopped within the window, ends with the report all the same.
    pub(super) fn conclude(&mut self, inbox: &Receiver<Command>) -> Result<(), AppError> {
        let Some(tuning) = self.config.tuning.as_ref().filter(|_| self.is_tuning) else { return Ok(()) };
        self.send(Outbound::EndTuning);
        let until = Instant::now() + TALLY;
        loop {
            match inbox.recv(until.saturating_duration_since(Instant::now())) {
                Ok(Command::Told(Inbound::Tuned(tally))) => {
                    let report = tuning::conclude(&self.config, &tally, &tuning.out)?;
                    print(&report.text)?;
                    tell(&format!("written to {}", report.directory.display()));
                    return Ok(());
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(%error, "no report of tuning: what was counted is not to be had");
                    return Ok(());
                }
            }
        }
    }

    /// An operator asks about a rule in force.
    fn explain(&self, question: Question, orders: &mpsc::SyncSender<Order>) {
        let number = question.number;
        let explainer = load::explainer(&self.rules.files, &self.config, &question.rule);
        match explain::Watch::open(question, explainer, Instant::now()) {
            Ok(watch) => pass(orders, Order::Explain(Box::new(watch))),
            Err(piece) => self.send(Outbound::Explained(Answer { number, piece })),
        }
    }

    /// The egress half knows nothing, and has another tgid.
    fn meet(&mut self, orders: &mpsc::SyncSender<Order>) {
        self.send_facts();
        self.send_names();
        pass(orders, Order::AskAgain);
        let is_idle = self.uninvited.is_empty();
        if !self.uninvited.contains(&Seat::Egress) {
            self.uninvited.push(Seat::Egress);
        }
        if is_idle {
            self.invite();
        }
    }

    /// Invites the first of the processes that are to make themselves known.
    fn invite(&self) {
        let Some(seat) = self.uninvited.first() else { return };
        match (self.policy.invite(*seat), seat) {
            (Ok(nonce), Seat::Supervisor) => self.supervisor.report(&Report::Invite(nonce)),
            (Ok(nonce), Seat::Egress) => self.send(Outbound::Invite(nonce)),
            (Err(error), _) => tracing::warn!("the agent's own work is not filtered: {}", Chain(&error)),
        }
    }

    /// The kernel may have skipped the answer; then the same process is asked again.
    fn go_on_inviting(&mut self) {
        if !self.policy.is_handshake_open() && !self.uninvited.is_empty() {
            self.uninvited.remove(0);
        }
        self.invite();
    }

    /// Kernel ← old ∪ new, swap, kernel ← new (DESIGN D4): no event that either rule set wants goes by.
    fn reload(&mut self, orders: &mpsc::SyncSender<Order>) {
        let begin = Instant::now();
        let mut config = match (self.reread)() {
            Ok(config) => config,
            Err(error) => return self.refuse(&error.to_string()),
        };
        let fixed = self.config.fixed_differences(&config);
        if self.is_tuning {
            config = tuning::prepared(&config);
        }
        config.rules.static_fields.clone_from(&self.config.rules.static_fields);
        let new = match load::rules(&config, self.policy.generation() + 2) {
            // At start a torn file costs its own rest; here what is in force knows better than half a file.
            Ok(new) if new.is_torn => return self.refuse(&new.faults.join("; ")),
            Ok(new) => new,
            Err(error) => return self.refuse(&error.to_string()),
        };
        let old_calls = interest(&self.rules.set, &self.config.rules.custom_set);
        let new_calls = interest(&new.set, &config.rules.custom_set);
        self.policy.set_interest(old_calls.union(&new_calls).copied());
        let (done, swapped) = mpsc::sync_channel(1);
        if orders.send(Order::Rules(Arc::clone(&new.set), done)).is_err() || swapped.recv().is_err() {
            return;
        }
        self.policy.set_interest(new_calls);
        self.facts.reloads_done += 1;
        self.facts.reload_took_ns = begin.elapsed().as_nanos() as u64;
        self.rules = new;
        self.config.loaded = config.loaded;
        self.take_force();
        if !fixed.is_empty() {
            tracing::warn!("changes of {} take effect at the next start", fixed.join(", "));
        }
        self.config.rules = config.rules;
        tracing::info!(rules = self.rules.set.rules().len(), "rules loaded again");
    }

    /// The window is over: what was counted becomes a report, and alerts are routed from now on.
    fn end_tuning(&mut self, tally: &Tally) {
        self.is_tuning = false;
        let Some(tuning) = &self.config.tuning else { return };
        match tuning::conclude(&self.config, tally, &tuning.out) {
            Ok(report) => {
                let (directory, claimed) = (report.directory.display(), report.claimed);
                tracing::warn!(%directory, claimed, "tuning has ended: read the report; alerts are routed from now on");
            }
            Err(error) => tracing::error!(
                "tuning has ended without a report, alerts are routed from now on: {}",
                Chain(&error)
            ),
        }
    }

    fn refuse(&mut self, reason: &str) {
        tracing::error!("reload refused, the rules in force stay: {reason}");
        self.alert("Falco internal: hot restart failure", reason.to_owned());
        self.facts.reloads_refused += 1;
        self.send_facts();
    }

    /// Tells what is in force; rules that were left out are told loudly.
    fn take_force(&mut self) {
        self.facts.reload_ns = now_ns();
        self.facts.rule_faults.clone_from(&self.rules.faults);
        self.facts.config_files.clone_from(&self.config.loaded);
        self.facts.rule_files = self.rules.files.iter().map(TextFile::loaded).collect();
        self.send_facts();
        self.send_names();
        if !self.rules.faults.is_empty() {
            self.rules.faults.iter().for_each(|fault| tracing::error!("rule left out: {fault}"));
            let names = self.rules.faults.join("; ");
            self.alert("Falco internal: rules left out", format!("Left out, the other rules run: {names}"));
        }
    }

    fn send_facts(&self) {
        self.send(Outbound::Facts(Box::new(self.facts.clone())));
    }

    /// Names are looked up again at the next reload.
    fn send_names(&self) {
        self.send(Outbound::Names(self.rules.set.host_names()));
    }

    fn alert(&self, rule: &str, message: String) {
        self.send(Outbound::Alert(Alert::internal(now_ns(), rule, Priority::Critical, message, Vec::new())));
    }

    fn send(&self, message: Outbound) {
        // A full queue is counted by the channel.
        let _discarded = self.out.send(message);
    }
}

/// It waits for room: what was told must not be lost. A hot thread that is gone is seen by who waits for its end.
fn pass(orders: &mpsc::SyncSender<Order>, order: Order) {
    let _gone = orders.send(order);
}

pub(in crate::app) fn now_ns() -> u64 {
    border::since_epoch().as_nanos() as u64
}

/// What is known before the first rule set is in force.
pub(super) fn facts(sensor: &Sensor, host: &Host) -> Facts {
    let attached = HOOKS.iter().filter(|hook| sensor.degraded.iter().all(|d| d.hook.program != hook.program));
    Facts {
        versions: identity::versions().map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        plugins: std::collections::BTreeMap::new(),
        engine: "modern_bpf".to_owned(),
        hostname: host.hostname.clone(),
        kernel_release: sensor.features.release.clone(),
        cpus: thread::available_parallelism().map_or(1, std::num::NonZero::get) as u32,
        boot_ns: host.boot_epoch_ns,
        start_ns: now_ns(),
        hooks: attached.map(|hook| hook.program.to_owned()).collect(),
        degraded: sensor.degraded.iter().map(|d| format!("{}: {}", d.hook.program, d.reason)).collect(),
        ..Facts::default()
    }
}
