//! The egress half: one thread that takes what crosses the border to sinks and telemetry. It holds no capability and
//! knows no record.

use std::{
    io::{self, IsTerminal},
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use jiff::tz::TimeZone;

use super::{AppError, config::Config};
use crate::{
    border::{Outbound, Receiver, RecvError, SinkCount},
    sinks::{FileSink, Format, Include, Sink, SinkError, Sinks, Stdout, Worker},
    telemetry::Telemetry,
};

/// How long sinks may take to write what waits when the agent stops.
const FLUSH: Duration = Duration::from_secs(5);

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
        hostname,
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
    Ok(Sinks::new(format, sinks))
}

/// The thread that writes to them.
pub(super) fn worker(config: &Config, hostname: String) -> Result<Worker, AppError> {
    Worker::start(sinks(config, hostname)?, config.outputs.queue).map_err(cannot_write)
}

fn cannot_write(source: SinkError) -> AppError {
    AppError::Environment { action: "write alerts".to_owned(), source: io::Error::other(source) }
}

/// The running thread.
pub(super) struct Egress {
    thread: JoinHandle<Vec<SinkCount>>,
}

impl Egress {
    /// Takes over sinks and telemetry until all senders of `inbox` are gone.
    pub(super) fn start(
        inbox: Receiver<Outbound>,
        worker: Worker,
        telemetry: Arc<Telemetry>,
    ) -> Result<Self, AppError> {
        let body = move || serve(&inbox, worker, &telemetry);
        let thread = thread::Builder::new().name("saker-egress".to_owned()).spawn(body);
        let failed = |source| AppError::Environment { action: "start a thread".to_owned(), source };
        Ok(Self { thread: thread.map_err(failed)? })
    }

    /// Waits until everything that was sent is written; what each sink did.
    pub(super) fn finish(self) -> Vec<SinkCount> {
        self.thread.join().unwrap_or_default()
    }
}

fn serve(inbox: &Receiver<Outbound>, mut worker: Worker, telemetry: &Telemetry) -> Vec<SinkCount> {
    let _alive = telemetry.alive("egress");
    loop {
        match inbox.recv(Duration::from_secs(1)) {
            Ok(Outbound::Alert(alert)) => worker.send(alert),
            Ok(Outbound::Stats(stats)) => {
                telemetry.observe(*stats);
                telemetry.sinks(worker.counts(), worker.discarded() + inbox.discarded());
            }
            Ok(Outbound::Facts(facts)) => telemetry.facts(*facts),
            Ok(Outbound::Canary { path, nonce }) => telemetry.canary(path, nonce),
            Err(RecvError::Quiet) => {}
            Err(RecvError::Closed) => break,
        }
    }
    worker.stop(FLUSH).unwrap_or_else(|error| {
        tracing::error!(%error, "alerts that waited for an output are lost");
        error.counts
    })
}
