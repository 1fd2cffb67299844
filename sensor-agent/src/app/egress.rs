//! The egress half: takes what crosses the border to sinks and telemetry, and asks runtimes. It holds no capability and knows
//! no record.

mod console;
mod drops;
mod office;
mod outputs;
mod settled;
mod snapshots;
mod throttle;

pub(super) use console::is_trusted;
pub(super) use outputs::sinks;

use std::{io, path::Path, sync::Arc, thread, time::Instant};

use self::{
    console::Console,
    drops::Watch,
    office::{Arrived, Ended, Office},
    settled::Settled,
    snapshots::Ticker,
    throttle::Throttle,
};
use super::{
    AppError,
    config::{Config, Webserver},
    confine,
    output::{start_log, tell},
    sensor::now_ns,
    supervisor::{self, Begun, Client, Order, Report},
};
use crate::{
    border::{
        self, Alert, Inbound, Outbound, Priority, Sender,
        link::{Arrival, Link},
    },
    enrich::host,
    sinks::{Launcher, Reopener, SinkError, Worker},
    telemetry::{
        Telemetry,
        admin::{self, Admin, AdminError},
        health,
        summary::Summary,
    },
    tuning::Counter,
};

/// Messages of the sensor half that may wait.
const BORDER: usize = 4096;
/// Messages to it that may wait.
const COMMANDS: usize = 256;

/// Runs until the sensor half has ended for good and everything that it sent is written.
pub(super) fn run(config: &Config, begun: Begun) -> Result<(), AppError> {
    start_log(config);
    let admin = config.webserver.as_ref().map(bind).transpose()?;
    let console = config.admin_socket.as_deref().and_then(bind_console);
    // Outputs are opened as they can be opened again.
    let mut lacks = confine::without_capabilities();
    let hostname = config.hostname.clone().unwrap_or_else(host::name);
    let launcher = begun.broker.map(|wire| Box::new(Client(wire)) as Box<dyn Launcher>);
    let (queue, policy) = (config.outputs.queue, config.outputs.policy);
    let sinks = sinks(config, hostname, launcher)?;
    // Everything is open; the first thread starts behind it.
    lacks.extend(confine::egress(config));
    for lack in lacks {
        tracing::warn!("the egress half is less confined than it could be: {lack}");
    }
    let worker = Worker::start(sinks, queue, policy).map_err(cannot_write)?;
    let reopener = worker.reopener();
    let gates = config.metrics.as_ref().map(|metrics| metrics.gates).unwrap_or_default();
    let telemetry = Arc::new(Telemetry::new(health::Limits::default(), begun.nonce).with_gates(gates));
    let server = admin.map(|admin| admin.serve(Arc::clone(&telemetry)).map_err(from_admin)).transpose()?;

    let (arrived, inbox) = border::channel(BORDER);
    let (commands, outbox) = border::channel(COMMANDS);
    let console =
        console.map(|console| console.serve(commands.clone())).transpose().map_err(AppError::no_thread)?;
    let tuning = config.tuning.as_ref().map(|tuning| {
        let end = (!tuning.is_only).then(|| Instant::now() + tuning.window);
        (Counter::default(), end)
    });
    let office = Office {
        worker,
        telemetry: Arc::clone(&telemetry),
        drops: Watch::new(&config.drops),
        ticker: Ticker::new(config.metrics.clone()),
        timeout: config.outputs.timeout,
        commands,
        console,
        runtimes: config.runtimes.clone(),
        context: None,
        by_drops: false,
        throttle: config.outputs.throttle.map(|window| Throttle::new(window, Instant::now())),
        tuning,
        settled: Settled::default(),
        settled_at: Instant::now(),
        sensor: None,
    };
    let body = move || office.serve(&inbox);
    let office =
        thread::Builder::new().name("saker-egress".to_owned()).spawn(body).map_err(AppError::no_thread)?;
    let (orders, heard) = (arrived.clone(), reopener);
    let reporter = supervisor::listen(begun.wire, move |order| hear(&heard, &orders, order))
        .map_err(AppError::no_thread)?;
    reporter.report(&Report::Ready);
    let take = move |arrival: Arrival<Outbound>, _: &_| arrived.send_waiting(Arrived::Link(arrival)).is_ok();
    let link = Link::start(begun.link, outbox, |_: &Inbound| false, take).map_err(AppError::no_thread)?;

    let Ended { counts, by_drops } = office.join().unwrap_or_default();
    drop(link);
    // Of an agent whose sensor half never came there is nothing to tell.
    if telemetry.has_facts() {
        tell(Summary { stats: &telemetry.stats(), sinks: &counts }.to_string().trim_end());
    }
    if let Some(server) = server {
        server.stop();
    }
    if by_drops { Err(AppError::Drops) } else { Ok(()) }
}

/// Takes an order of the supervisor. Without one the sensor half ends, and with it this one.
fn hear(outputs: &Reopener, office: &Sender<Arrived>, order: Option<Order>) {
    match order {
        Some(Order::Reopen) => outputs.reopen(),
        Some(Order::Ended(how)) => {
            // An office that has ended tells nobody any more.
            let _ended = office.send_waiting(Arrived::Mourn(how));
        }
        Some(Order::Begin { .. } | Order::Reload | Order::Stop | Order::Introduced) | None => {}
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

/// An agent that cannot be asked works all the same.
fn bind_console(path: &Path) -> Option<Console> {
    let bound = Console::bind(path);
    bound
        .inspect_err(|error| {
            let path = path.display();
            tracing::warn!("`saker explain --live` has no socket at {path} (`saker.admin_socket`): {error}");
        })
        .ok()
}

fn from_admin(error: AdminError) -> AppError {
    AppError::Environment { action: "start the admin server".to_owned(), source: io::Error::other(error) }
}

fn cannot_write(source: SinkError) -> AppError {
    AppError::Environment { action: "write alerts".to_owned(), source: io::Error::other(source) }
}

/// What the agent says about its other half.
fn obituary(how: &str) -> Alert {
    Alert::internal(now_ns(), "Falco internal: half restarted", Priority::Critical, how, Vec::new())
}
