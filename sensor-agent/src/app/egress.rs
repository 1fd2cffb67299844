//! The egress half: one thread that takes what crosses the border to sinks and telemetry. It holds no capability and
//! knows no record.

mod drops;
mod outputs;
mod snapshots;
mod throttle;

pub(super) use outputs::sinks;

use std::{
    io,
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use self::{drops::Watch, snapshots::Ticker, throttle::Throttle};
use super::{AppError, config::Config};
use crate::{
    border::{
        Alert, Inbound, Outbound, Receiver, RecvError, Sender, SinkCount, Stats, since_epoch, tally::Tally,
    },
    context,
    sinks::{SinkError, Worker},
    telemetry::Telemetry,
    tuning::Counter,
};

/// How long sinks may take to write what waits when the agent stops.
const FLUSH: Duration = Duration::from_secs(5);

/// The threads that write to the sinks of a configuration.
pub(super) fn worker(config: &Config, hostname: String) -> Result<Worker, AppError> {
    let (queue, policy) = (config.outputs.queue, config.outputs.policy);
    Worker::start(sinks(config, hostname)?, queue, policy).map_err(cannot_write)
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
    /// What alerted in a window of tuning that had not ended.
    pub(super) tally: Option<Tally>,
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
        let ticker = Ticker::new(config.metrics.clone());
        let failed = |source| AppError::Environment { action: "start a thread".to_owned(), source };
        let context = context::Service::start(config.runtimes.clone(), commands.clone()).map_err(failed)?;
        let tuning = config.tuning.as_ref().map(|tuning| {
            let end = (!tuning.is_only).then(|| Instant::now() + tuning.window);
            (Counter::default(), end)
        });
        let throttle = config.outputs.throttle.map(|window| Throttle::new(window, Instant::now()));
        let office = Office {
            worker,
            telemetry,
            drops,
            ticker,
            timeout,
            commands,
            context,
            by_drops: false,
            throttle,
            tuning,
        };
        let body = move || office.serve(&inbox);
        let thread = thread::Builder::new().name("saker-egress".to_owned()).spawn(body);
        Ok(Self { thread: thread.map_err(failed)? })
    }

    /// Waits until everything that was sent is written; what each sink did.
    pub(super) fn finish(self) -> Ended {
        self.thread.join().unwrap_or_default()
    }
}

/// The thread's belongings.
struct Office {
    worker: Worker,
    telemetry: Arc<Telemetry>,
    drops: Watch,
    ticker: Ticker,
    /// `output_timeout`
    timeout: Duration,
    commands: Sender<Inbound>,
    context: context::Service,
    by_drops: bool,
    /// Groups identical alerts.
    throttle: Option<Throttle>,
    /// Counts alerts until then (or to the end), instead of sinks that take them.
    tuning: Option<(Counter, Option<Instant>)>,
}

impl Office {
    fn serve(mut self, inbox: &Receiver<Outbound>) -> Ended {
        let telemetry = Arc::clone(&self.telemetry);
        let _alive = telemetry.alive("egress");
        loop {
            match inbox.recv(self.ticker.left().min(Duration::from_secs(1))) {
                Ok(Outbound::Alert(alert)) => self.take(alert),
                Ok(Outbound::Stats(stats)) => {
                    self.observe(*stats);
                    self.worker.tell_slow(self.timeout);
                    telemetry.sinks(self.worker.counts(), self.worker.discarded() + inbox.discarded());
                }
                Ok(Outbound::Wanted(wanted)) => {
                    // Without room the container's next event asks again.
                    let _asked = self.context.ask(wanted);
                }
                Ok(Outbound::Names(names)) => self.context.look_up(names),
                Ok(Outbound::Facts(facts)) => telemetry.facts(*facts),
                Ok(Outbound::Canary { path, nonce, time_ns }) => {
                    telemetry.canary(
                        path,
                        nonce,
                        since_epoch().saturating_sub(Duration::from_nanos(time_ns)),
                    );
                }
                Err(RecvError::Quiet) => {}
                Err(RecvError::Closed) => break,
            }
            self.end_tuning();
            self.send_grouped(false);
            if let Some(alert) = self.ticker.tick(&telemetry, since_epoch()) {
                self.worker.send(&alert);
            }
        }
        self.send_grouped(true);
        let counts = self.worker.stop(FLUSH).unwrap_or_else(|error| {
            tracing::error!(%error, "alerts that waited for an output are lost");
            error.counts
        });
        let tally = self.tuning.map(|(counter, _)| counter.tally());
        Ended { counts, by_drops: self.by_drops, tally }
    }

    fn take(&mut self, alert: Alert) {
        if let Some((counter, _)) = self.tuning.as_mut().filter(|_| alert.source != "internal") {
            return counter.count(&alert);
        }
        let alert = match &mut self.throttle {
            Some(throttle) => throttle.pass(alert),
            None => Some(alert),
        };
        if let Some(alert) = alert {
            self.worker.send(&alert);
        }
    }

    /// Sends what a window of grouping held back, once it has ended.
    fn send_grouped(&mut self, is_end: bool) {
        let Some(throttle) = &mut self.throttle else { return };
        let due = throttle.due(Instant::now(), is_end);
        self.telemetry.grouped(throttle.n_grouped());
        for alert in due {
            self.worker.send(&alert);
        }
    }

    /// Hands the counts over once the window has ended; from then on alerts are routed.
    fn end_tuning(&mut self) {
        let end = self.tuning.as_ref().and_then(|(_, end)| *end);
        if end.is_some_and(|end| Instant::now() >= end)
            && let Some((counter, _)) = self.tuning.take()
            && self.commands.send(Inbound::Tuned(counter.tally())).is_err()
        {
            tracing::error!("the report of tuning is lost: too many orders wait");
        }
    }

    fn observe(&mut self, stats: Stats) {
        let to_ns = stats.time_ns;
        let (from_ns, losses) = self.telemetry.observe(stats);
        let Some(act) = self.drops.observe(from_ns, to_ns, &losses) else { return };
        if let Some(alert) = &act.alert {
            self.worker.send(alert);
        }
        if act.is_end && !self.by_drops {
            // This thread must not wait for room: the next losses ask again.
            self.by_drops = self.commands.send(Inbound::Stop).is_ok();
        }
    }
}

fn cannot_write(source: SinkError) -> AppError {
    AppError::Environment { action: "write alerts".to_owned(), source: io::Error::other(source) }
}
