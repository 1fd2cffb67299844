//! The running sensor: everything is opened and checked first, then attached, then threads start, then orders are
//! obeyed until it is time to stop.

use std::{
    collections::BTreeSet,
    hash::{BuildHasher, Hasher, RandomState},
    io,
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use sensor_common::syscalls;

use super::{
    AppError, Chain, canary,
    config::{Config, Webserver},
    egress::{self, Egress},
    hot::{Hot, Order},
    identity, init,
    load::{self, InForce},
    output::{print, tell},
    pipeline::Pipeline,
    signal::{self, Early},
    tuning,
    watch::Watch,
};
use crate::{
    border::{self, Alert, Facts, Inbound, Outbound, Priority, RecvError, Sender, tally::Tally},
    capture::{CaptureError, HOOKS, Options, Policy, Sensor},
    enrich::{Limits, State, host::Host, host::ProcFiles},
    hold,
    rules::RuleSet,
    telemetry::{
        self, Telemetry,
        admin::{self, Admin, AdminError},
        health,
        summary::Summary,
    },
};

/// Messages that may wait at the border in either direction.
const BORDER: usize = 4096;
const ORDERS: usize = 256;
/// Calls that keep working directories right, whatever the rules ask for.
const STATE_CALLS: [&str; 2] = ["chdir", "fchdir"];

/// Runs until a signal, `-M`, or a failure of the ring; `reread` reads the configuration again, for a reload.
pub(super) fn run(
    config: &Config,
    early: Early,
    reread: &dyn Fn() -> Result<Config, AppError>,
) -> Result<(), AppError> {
    let signals = early.listen().map_err(no_thread)?;
    start_log(config);
    let prepared = config.tuning.is_some().then(|| tuning::prepared(config));
    let config = prepared.as_ref().unwrap_or(config);
    config.notices.iter().for_each(|notice| tracing::warn!("{notice}"));
    let rules = load::rules(config, 1)?;
    rules.notices.iter().for_each(|notice| tracing::warn!("{notice}"));
    let mut host = Host::read();
    if let Some(name) = &config.hostname {
        host.hostname.clone_from(name);
    }
    host.static_fields.clone_from(&config.rules.static_fields);
    let worker = egress::worker(config, host.hostname.clone())?;
    let reopener = worker.reopener();
    let admin = config.webserver.as_ref().map(bind).transpose()?;
    let run_nonce = RandomState::new().build_hasher().finish() & canary::NONCE_MASK;
    let gates = config.metrics.as_ref().map(|metrics| metrics.gates).unwrap_or_default();
    let telemetry = Telemetry::new(health::Limits::default(), run_nonce).with_gates(gates);
    let telemetry = Arc::new(telemetry);
    let server = admin.map(|admin| admin.serve(Arc::clone(&telemetry)).map_err(from_admin)).transpose()?;

    let ring = Options { ring_bytes: config.ring.bytes, reserve_bytes: config.ring.reserve_bytes };
    let mut sensor = Sensor::attach(ring)?;
    let policy = Arc::clone(&sensor.policy);
    let (out, inbox) = border::channel(BORDER);
    let mut control = Control {
        config: config.clone(),
        reread,
        policy: Arc::clone(&policy),
        out: out.clone(),
        facts: facts(&sensor, &host),
        is_tuning: config.tuning.is_some(),
    };
    let processes = std::mem::take(&mut sensor.processes);
    let state = State::new(host, Limits { processes: config.processes });
    let mut pipeline = Pipeline::new(state, Arc::clone(&rules.set), out);
    if config.stamps_generation {
        pipeline.stamp();
    }
    pipeline.ask(hold::Limits { age: config.hold, ..hold::Limits::default() });
    pipeline.seed(&processes, &ProcFiles::new(&processes));
    drop(processes);
    policy.set_interest(interest(&rules.set));
    control.tell_facts(&rules);

    let (commands, inbound) = border::channel(ORDERS);
    let egress = Egress::start(inbox, worker, Arc::clone(&telemetry), config, commands.clone())?;
    let (orders, queue) = mpsc::sync_channel(ORDERS);
    let watch = config.watch_files.then(|| Watch::start(config, commands.clone())).flatten();
    let signals = signal::Listener::start(signals, commands, reopener).map_err(no_thread)?;
    let (introduced, ears) = mpsc::sync_channel(1);
    let sensing = spawn_hot(sensor, pipeline, queue, ears, Arc::clone(&telemetry))?;
    let canary = canary::Sender::start(Arc::clone(&policy), run_nonce).map_err(|error| {
        AppError::Environment { action: "prove that the sensor sees".into(), source: io::Error::other(error) }
    })?;
    // The hot thread takes it before its first record, and is alive.
    let _heard = introduced.send(canary::Ears::new(policy.own_tgid(), policy.canary_tid()));

    control.obey(&inbound, &orders, &sensing, rules);
    drop((canary, watch));
    // A full queue of orders means that the hot thread works through them; it ends at the first Stop.
    let _ended = orders.send(Order::Stop);
    let ended = sensing.join().unwrap_or(Err(CaptureError::Blind));
    drop(control);
    let egress = egress.finish();
    tell(Summary { stats: &telemetry.stats(), sinks: &egress.counts }.to_string().trim_end());
    if let Some(server) = server {
        server.stop();
    }
    drop(signals);
    ended?;
    if let (Some(tally), Some(tuning)) = (&egress.tally, &config.tuning) {
        let report = tuning::conclude(config, tally, &tuning.out)?;
        print(&report.text)?;
        tell(&format!("written to {}", report.directory.display()));
    }
    if egress.by_drops { Err(AppError::Drops) } else { Ok(()) }
}

fn start_log(config: &Config) {
    let level = telemetry::log::level(config.log.level.label());
    let level = level.filter(|_| config.log.stderr).unwrap_or(telemetry::log::LevelFilter::OFF);
    if let Err(error) =
        telemetry::log::init(telemetry::log::Options { level, json: config.outputs.format.json })
    {
        tell(&error.to_string());
    }
}

fn bind(webserver: &Webserver) -> Result<Admin, AppError> {
    let options = admin::Options {
        listen: webserver.listen,
        healthz: webserver.healthz.clone(),
        metrics: webserver.has_metrics,
        token: webserver.token.clone(),
        certificate: webserver.certificate.clone(),
    };
    Admin::bind(options).map_err(from_admin)
}

fn from_admin(error: AdminError) -> AppError {
    AppError::Environment { action: "start the admin server".to_owned(), source: io::Error::other(error) }
}

fn no_thread(source: io::Error) -> AppError {
    AppError::Environment { action: "start a thread".to_owned(), source }
}

fn spawn_hot(
    sensor: Sensor,
    mut pipeline: Pipeline,
    orders: mpsc::Receiver<Order>,
    ears: mpsc::Receiver<canary::Ears>,
    telemetry: Arc<Telemetry>,
) -> Result<JoinHandle<Result<(), CaptureError>>, AppError> {
    let body = move || {
        let _alive = telemetry.alive("sensor");
        if let Ok(ears) = ears.recv() {
            pipeline.listen(ears);
        }
        Hot::new(sensor, pipeline, orders).run()
    };
    thread::Builder::new().name("saker-hot".to_owned()).spawn(body).map_err(no_thread)
}

/// It waits for room: what was told must not be lost. A hot thread that is gone is seen by who waits for its end.
fn pass(orders: &mpsc::SyncSender<Order>, order: Order) {
    let _gone = orders.send(order);
}

/// System calls that a rule set and the state need.
fn interest(rules: &RuleSet) -> BTreeSet<u16> {
    let state = syscalls::TABLE.iter().filter(|row| STATE_CALLS.contains(&row.name));
    rules.slots().filter_map(syscalls::row).chain(state).map(|row| row.nr).collect()
}

/// Obeys commands while the hot thread works.
struct Control<'a> {
    /// What is in force.
    config: Config,
    reread: &'a dyn Fn() -> Result<Config, AppError>,
    policy: Arc<Policy>,
    out: Sender<Outbound>,
    facts: Facts,
    /// Alerts are counted, not routed.
    is_tuning: bool,
}

impl Control<'_> {
    fn obey(
        &mut self,
        inbound: &border::Receiver<Inbound>,
        orders: &mpsc::SyncSender<Order>,
        hot: &JoinHandle<Result<(), CaptureError>>,
        mut rules: InForce,
    ) {
        let end = self.config.stop_after.map(|after| Instant::now() + after);
        while !hot.is_finished() && end.is_none_or(|end| Instant::now() < end) {
            init::reap();
            match inbound.recv(Duration::from_millis(200)) {
                Ok(Inbound::Stop) | Err(RecvError::Closed) => return,
                Ok(Inbound::Reload) => self.reload(orders, &mut rules),
                Ok(Inbound::Context(told)) => pass(orders, Order::Context(told)),
                Ok(Inbound::Pod(told)) => pass(orders, Order::Pod(told)),
                Ok(Inbound::Tuned(tally)) => {
                    self.end_tuning(&tally);
                    self.reload(orders, &mut rules);
                }
                Ok(Inbound::Names(told)) => pass(orders, Order::Names(told)),
                Err(RecvError::Quiet) => {}
            }
        }
    }

    /// Kernel ← old ∪ new, swap, kernel ← new (DESIGN D4): no event that either rule set wants goes by.
    fn reload(&mut self, orders: &mpsc::SyncSender<Order>, rules: &mut InForce) {
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
        let (old_calls, new_calls) = (interest(&rules.set), interest(&new.set));
        self.policy.set_interest(old_calls.union(&new_calls).copied());
        let (done, swapped) = mpsc::sync_channel(1);
        if orders.send(Order::Rules(Arc::clone(&new.set), done)).is_err() || swapped.recv().is_err() {
            return;
        }
        self.policy.set_interest(new_calls);
        self.facts.reloads_done += 1;
        self.tell_facts(&new);
        if !fixed.is_empty() {
            tracing::warn!("changes of {} take effect at the next start", fixed.join(", "));
        }
        self.config.rules = config.rules;
        tracing::info!(rules = new.set.rules().len(), "rules loaded again");
        *rules = new;
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
    fn tell_facts(&mut self, rules: &InForce) {
        self.facts.reload_ns = now_ns();
        self.facts.rule_faults.clone_from(&rules.faults);
        self.facts.rule_files = rules.files.iter().map(super::files::TextFile::loaded).collect();
        self.send_facts();
        // A full queue is counted by the channel; names are looked up again at the next reload.
        let _discarded = self.out.send(Outbound::Names(rules.set.host_names()));
        if !rules.faults.is_empty() {
            rules.faults.iter().for_each(|fault| tracing::error!("rule left out: {fault}"));
            let names = rules.faults.join("; ");
            self.alert("Falco internal: rules left out", format!("Left out, the other rules run: {names}"));
        }
    }

    fn send_facts(&self) {
        // A full queue is counted by the channel.
        let _discarded = self.out.send(Outbound::Facts(Box::new(self.facts.clone())));
    }

    fn alert(&self, rule: &str, message: String) {
        let alert = Alert::internal(now_ns(), rule, Priority::Critical, message, Vec::new());
        // A full queue is counted by the channel.
        let _discarded = self.out.send(Outbound::Alert(alert));
    }
}

fn now_ns() -> u64 {
    border::since_epoch().as_nanos() as u64
}

fn facts(sensor: &Sensor, host: &Host) -> Facts {
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
