//! The egress half: one thread that takes what crosses the border to sinks and telemetry. It holds no capability and
//! knows no record.

use std::{
    io::{self, IsTerminal},
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use jiff::tz::TimeZone;

use super::{
    AppError,
    config::{Config, DropAction, Drops},
};
use crate::{
    border::{Inbound, Outbound, Receiver, RecvError, Sender, SinkCount, Stats},
    sinks::{
        Client, FileSink, Format, Http, Include, Program, Sink, SinkError, Sinks, Spooled, Stdout, Syslog,
        Worker,
    },
    telemetry::{
        Telemetry,
        drops::{self, Monitor},
    },
};

/// How long sinks may take to write what waits when the agent stops.
const FLUSH: Duration = Duration::from_secs(5);
/// How long a program may neither read nor end.
const PROGRAM: Duration = Duration::from_secs(10);
const SYSLOG: &str = "/dev/log";

/// The sinks of a configuration, opened: a file that cannot be written is an error before anything starts.
pub(super) fn sinks(config: &Config, hostname: String) -> Result<Sinks, AppError> {
    let outputs = &config.outputs;
    let format = Format {
        json: outputs.format.json,
        iso_time: outputs.format.iso_time,
        include: Include {
            output: outputs.format.include_output,
            message: outputs.format.include_message,
            fields: outputs.format.include_output_fields,
            tags: outputs.format.include_tags,
        },
        hostname: hostname.clone(),
        zone: TimeZone::system(),
    };
    let mut sinks: Vec<Box<dyn Sink>> = Vec::new();
    if outputs.stdout {
        let paint = !outputs.format.json && io::stdout().is_terminal();
        sinks.push(Box::new(Stdout::new(outputs.is_buffered, paint).map_err(cannot_write)?));
    }
    if let Some(file) = &outputs.file {
        let sink = FileSink::new(file.path.clone(), file.keep_alive, outputs.is_buffered);
        sinks.push(Box::new(sink.map_err(cannot_write)?));
    }
    if let Some(protocol) = outputs.syslog {
        sinks.push(Box::new(Syslog::new(SYSLOG.into(), protocol, hostname, TimeZone::system())));
    }
    if let Some(program) = &outputs.program {
        let command = program.program.clone();
        sinks.push(Box::new(Program::new(command, program.keep_alive, outputs.is_buffered, PROGRAM)));
    }
    if let Some(http) = &outputs.http {
        let client = Client::new(http.clone()).map_err(cannot_write)?;
        sinks.push(match &outputs.spool {
            Some(spool) => Box::new(Spooled::new(client, spool.clone()).map_err(cannot_write)?),
            None => Box::new(Http::new(client)),
        });
    }
    Ok(Sinks::new(format, sinks))
}

/// The thread that writes to them.
pub(super) fn worker(config: &Config, hostname: String) -> Result<Worker, AppError> {
    let (queue, policy) = (config.outputs.queue, config.outputs.policy);
    Worker::start(sinks(config, hostname)?, queue, policy).map_err(cannot_write)
}

fn cannot_write(source: SinkError) -> AppError {
    AppError::Environment { action: "write alerts".to_owned(), source: io::Error::other(source) }
}

/// The running thread.
pub(super) struct Egress {
    thread: JoinHandle<Ended>,
}

/// What it did.
#[derive(Debug, Default)]
pub(super) struct Ended {
    /// By sink.
    pub(super) counts: Vec<SinkCount>,
    /// Losses ended the program (`syscall_event_drops.actions: [exit]`).
    pub(super) by_drops: bool,
}

impl Egress {
    /// Takes over sinks and telemetry until all senders of `inbox` are gone; asks for the end through `commands`.
    pub(super) fn start(
        inbox: Receiver<Outbound>,
        worker: Worker,
        telemetry: Arc<Telemetry>,
        config: &Config,
        commands: Sender<Inbound>,
    ) -> Result<Self, AppError> {
        let (drops, timeout) = (Watch::new(&config.drops), config.outputs.timeout);
        let office = Office { worker, telemetry, drops, timeout, commands, by_drops: false };
        let body = move || office.serve(&inbox);
        let thread = thread::Builder::new().name("saker-egress".to_owned()).spawn(body);
        let failed = |source| AppError::Environment { action: "start a thread".to_owned(), source };
        Ok(Self { thread: thread.map_err(failed)? })
    }

    /// Waits until everything that was sent is written; what each sink did.
    pub(super) fn finish(self) -> Ended {
        self.thread.join().unwrap_or_default()
    }
}

/// What is done about losses.
struct Watch {
    monitor: Monitor,
    actions: Vec<DropAction>,
}

impl Watch {
    fn new(drops: &Drops) -> Self {
        let Drops { threshold, ref actions, rate, max_burst, simulate } = *drops;
        let options = drops::Options { threshold, rate, max_burst, simulate };
        Self { monitor: Monitor::new(options), actions: actions.clone() }
    }
}

/// The thread's belongings.
struct Office {
    worker: Worker,
    telemetry: Arc<Telemetry>,
    drops: Watch,
    /// `output_timeout`
    timeout: Duration,
    commands: Sender<Inbound>,
    by_drops: bool,
}

impl Office {
    fn serve(mut self, inbox: &Receiver<Outbound>) -> Ended {
        let telemetry = Arc::clone(&self.telemetry);
        let _alive = telemetry.alive("egress");
        loop {
            match inbox.recv(Duration::from_secs(1)) {
                Ok(Outbound::Alert(alert)) => self.worker.send(&alert),
                Ok(Outbound::Stats(stats)) => {
                    self.observe(*stats);
                    self.worker.tell_slow(self.timeout);
                    telemetry.sinks(self.worker.counts(), self.worker.discarded() + inbox.discarded());
                }
                Ok(Outbound::Facts(facts)) => telemetry.facts(*facts),
                Ok(Outbound::Canary { path, nonce }) => telemetry.canary(path, nonce),
                Err(RecvError::Quiet) => {}
                Err(RecvError::Closed) => break,
            }
        }
        let counts = self.worker.stop(FLUSH).unwrap_or_else(|error| {
            tracing::error!(%error, "alerts that waited for an output are lost");
            error.counts
        });
        Ended { counts, by_drops: self.by_drops }
    }

    fn observe(&mut self, stats: Stats) {
        let to_ns = stats.time_ns;
        let (from_ns, losses) = self.telemetry.observe(stats);
        let Some(alert) = self.drops.monitor.observe(from_ns, to_ns, &losses) else { return };
        let message = String::from_utf8_lossy(&alert.message).into_owned();
        // Falco's order, whatever the configuration's.
        if self.drops.actions.contains(&DropAction::Log) {
            tracing::warn!(calls = losses.by_syscall(NAMED), reasons = losses.by_reason(), "{message}");
        }
        if self.drops.actions.contains(&DropAction::Alert) {
            self.worker.send(&alert);
        }
        if self.drops.actions.contains(&DropAction::Exit) && !self.by_drops {
            tracing::error!("{message} Exiting: syscall_event_drops.actions has exit.");
            // A full queue already holds commands; the next losses ask again.
            self.by_drops = self.commands.send(Inbound::Stop).is_ok();
        }
    }
}

/// System calls that a line of the log names.
const NAMED: usize = 10;
