//! The sensor half: everything is opened and checked first, then attached, then threads start, then commands are obeyed until
//! it is time to stop.

pub(super) mod canary;
mod accounts;
mod control;
mod hot;
mod watch;

pub(super) use control::now_ns;

use std::{
    io,
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

use self::{
    control::{Command, Control},
    hot::{Hot, Order},
    watch::Watch,
};
use super::{
    AppError,
    config::Config,
    confine,
    interest::interest,
    load,
    output::start_log,
    pipeline::Pipeline,
    supervisor::{self, Begun, Report},
    tuning,
};
use crate::{
    border::{
        self, Inbound, Outbound, Sender,
        channel::Receiver,
        link::{Arrival, Keeper, Link},
    },
    capture::{CaptureError, Options, Sensor},
    enrich::{
        Limits, State,
        host::{Host, ProcFiles, WatchedAccounts},
    },
    hold,
};

/// Messages to the egress half that may wait.
const BORDER: usize = 4096;
const COMMANDS: usize = 256;
/// Time for what waits to be written to the egress half at the end.
const FLUSH: Duration = Duration::from_secs(5);

/// Runs until it is told to stop, `-M`, or a failure of the ring; `reread` reads the configuration again, for a reload.
pub(super) fn run(
    config: &Config,
    begun: Begun,
    reread: &dyn Fn() -> Result<Config, AppError>,
) -> Result<(), AppError> {
    start_log(config);
    let prepared = config.tuning.is_some().then(|| tuning::prepared(config));
    let config = prepared.as_ref().unwrap_or(config);
    config.notices.iter().for_each(|notice| tracing::warn!("{notice}"));
    let rules = load::rules(config, 1)?;
    rules.notices.iter().for_each(|notice| tracing::warn!("{notice}"));
    let mut watched = WatchedAccounts::default();
    let mut host = Host::read(&mut watched);
    if let Some(name) = &config.hostname {
        host.hostname.clone_from(name);
    }
    host.static_fields.clone_from(&config.rules.static_fields);

    let ring = Options { ring_bytes: config.ring.bytes, reserve_bytes: config.ring.reserve_bytes };
    let mut sensor = Sensor::attach(ring)?;
    let policy = Arc::clone(&sensor.policy);
    let (out, outbox) = border::channel(BORDER);
    let mut facts = control::facts(&sensor, &host);
    let processes = std::mem::take(&mut sensor.processes);
    let mut state = State::new(host, Limits { processes: config.processes });
    state.recognise(config.engines.clone());
    let mut pipeline = Pipeline::new(state, Arc::clone(&rules.set), out.clone());
    if config.stamps_generation {
        pipeline.stamp();
    }
    if config.measures_rules {
        pipeline.measure();
    }
    // Without its socket nobody can ask.
    if config.admin_socket.is_some() {
        pipeline.remember(config.explain_bytes);
    }
    pipeline.ask(hold::Limits { age: config.hold, ..hold::Limits::default() });
    let (questions, reader) = accounts::reader(watched);
    pipeline.ask_accounts(questions);
    pipeline.seed(&processes, &ProcFiles::new(&processes));
    drop(processes);
    policy.set_interest(interest(&rules.set, &config.rules.custom_set));

    // Everything is open; the first thread starts behind it.
    for lack in confine::sensor() {
        tracing::warn!("the sensor half is less confined than it could be: {lack}");
        facts.degraded.push(format!("confinement of the sensor half: {lack}"));
    }
    let (commands, inbox) = border::channel(COMMANDS);
    let link = link(begun.link, outbox, commands.clone()).map_err(AppError::no_thread)?;
    let (orders, queue) = mpsc::sync_channel(COMMANDS);
    accounts::start(reader, orders.clone()).map_err(AppError::no_thread)?;
    let watch = config.watch_files.then(|| Watch::start(config, commands.clone())).flatten();
    let obeyed = commands.clone();
    let reporter = supervisor::listen(begun.wire, move |order| control::hear(&obeyed, order))
        .map_err(AppError::no_thread)?;
    let (introduced, ears) = mpsc::sync_channel(1);
    let sensing = spawn_hot(sensor, pipeline, queue, ears)?;
    let canary = canary::Sender::start(Arc::clone(&policy), begun.nonce).map_err(|error| {
        AppError::Environment { action: "prove that the sensor sees".into(), source: io::Error::other(error) }
    })?;
    // The hot thread takes it before its first record, and is alive.
    let _heard = introduced.send(canary::Ears::new(policy.own_tgid(), policy.canary_tid()));
    reporter.report(&Report::Ready);

    let mut control = Control::new(config, reread, Arc::clone(&policy), out, facts, reporter, rules);
    control.obey(&inbox, &orders, &sensing);
    drop((canary, watch));
    // A full queue of orders means that the hot thread works through them; it ends at the first Stop.
    let _ended = orders.send(Order::Stop);
    let ended = sensing.join().unwrap_or(Err(CaptureError::Blind));
    control.conclude(&inbox)?;
    drop(control);
    if !link.finish(FLUSH) {
        tracing::error!("alerts are lost: the egress half did not take them within {FLUSH:?}");
    }
    Ok(ended?)
}

/// The way to the egress half, and what comes back.
fn link(
    socket: std::os::fd::OwnedFd,
    outbox: Receiver<Outbound>,
    commands: Sender<Command>,
) -> io::Result<Link> {
    let is_kept = |message: &Outbound| matches!(message, Outbound::Alert(_));
    let take = move |arrival: Arrival<Inbound>, keeper: &Keeper| {
        let command = match arrival {
            Arrival::Message(_, Inbound::Settled { session, numbers }) => {
                keeper.settle(session, &numbers);
                return true;
            }
            Arrival::Message(_, message) => Command::Told(message),
            Arrival::Hello(_) => Command::Meet,
            Arrival::Closed => Command::Stop,
        };
        // What runtimes tell may fill the queue for a moment; it must not be lost for that.
        commands.send_waiting(command).is_ok()
    };
    Link::start(socket, outbox, is_kept, take)
}

fn spawn_hot(
    sensor: Sensor,
    mut pipeline: Pipeline,
    orders: mpsc::Receiver<Order>,
    ears: mpsc::Receiver<canary::Ears>,
) -> Result<JoinHandle<Result<(), CaptureError>>, AppError> {
    let body = move || {
        if let Ok(ears) = ears.recv() {
            pipeline.listen(ears);
        }
        Hot::new(sensor, pipeline, orders).run()
    };
    thread::Builder::new().name("saker-hot".to_owned()).spawn(body).map_err(AppError::no_thread)
}
