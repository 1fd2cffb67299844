//! The one thread that takes what arrives.

use std::{
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use super::{drops::Watch, obituary, settled::Settled, snapshots::Ticker, throttle::Throttle};
use crate::{
    border::{
        Alert, Inbound, Outbound, Receiver, RecvError, Sender, SinkCount, Stats, explain::Answer,
        link::Arrival, since_boot, since_epoch,
    },
    capture, context,
    sinks::Worker,
    telemetry::{Alive, Telemetry},
    tuning::Counter,
};

/// How long sinks may take to write what waits when the agent stops.
const FLUSH: Duration = Duration::from_secs(5);
/// Longest time without a look at the clock.
const TICK: Duration = Duration::from_millis(200);

/// Alerts that are settled together, unless time goes by.
const SETTLE: usize = 512;

/// What arrives.
#[derive(Debug)]
pub(super) enum Arrived {
    /// From the sensor half.
    Link(Arrival<Outbound>),
    /// The sensor half has ended: how. Another follows it.
    Mourn(String),
}

/// What the thread did.
#[derive(Debug, Default)]
pub(super) struct Ended {
    /// By sink.
    pub(super) counts: Vec<SinkCount>,
    /// Losses ended the program (`syscall_event_drops.actions: [exit]`).
    pub(super) by_drops: bool,
}

/// The thread's belongings.
pub(super) struct Office {
    pub(super) worker: Worker,
    pub(super) telemetry: Arc<Telemetry>,
    pub(super) drops: Watch,
    pub(super) ticker: Ticker,
    /// `output_timeout`
    pub(super) timeout: Duration,
    pub(super) commands: Sender<Inbound>,
    /// Where answers to an operator go; `None`: nobody can ask.
    pub(super) console: Option<mpsc::SyncSender<Answer>>,
    pub(super) runtimes: context::Options,
    /// Begun anew with each life of the sensor half, which has to be told everything.
    pub(super) context: Option<context::Service>,
    pub(super) by_drops: bool,
    /// Groups identical alerts.
    pub(super) throttle: Option<Throttle>,
    /// Counts alerts until then (or to the end), instead of sinks that take them.
    pub(super) tuning: Option<(Counter, Option<Instant>)>,
    pub(super) settled: Settled,
    pub(super) settled_at: Instant,
    /// While the sensor half lives.
    pub(super) sensor: Option<Alive>,
}

impl Office {
    pub(super) fn serve(mut self, inbox: &Receiver<Arrived>) -> Ended {
        let telemetry = Arc::clone(&self.telemetry);
        let _alive = telemetry.alive("egress");
        loop {
            match inbox.recv(self.ticker.left().min(TICK)) {
                Ok(Arrived::Link(Arrival::Message(number, message))) => self.take(number, message),
                Ok(Arrived::Link(Arrival::Hello(session))) => self.meet(session),
                Ok(Arrived::Mourn(how)) => {
                    self.sensor = None;
                    self.telemetry.sensor_ended();
                    self.worker.send(&obituary(&how));
                }
                Err(RecvError::Quiet) => {}
                Ok(Arrived::Link(Arrival::Closed)) | Err(RecvError::Closed) => break,
            }
            self.settle();
            self.end_window();
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
        Ended { counts, by_drops: self.by_drops }
    }

    /// The sensor half has begun.
    fn meet(&mut self, session: u64) {
        self.settled.begin(session);
        // What its predecessor had written before it died has arrived by now.
        self.telemetry.sensor_ended();
        self.sensor = Some(self.telemetry.alive("sensor"));
        // The old one's threads first: it must not answer questions of the new one.
        self.context = None;
        match context::Service::start(self.runtimes.clone(), self.commands.clone()) {
            Ok(service) => self.context = Some(service),
            Err(error) => tracing::error!(%error, "no runtime can be asked: no thread for it"),
        }
    }

    fn take(&mut self, number: u64, message: Outbound) {
        match message {
            Outbound::Alert(alert) => {
                self.alert(alert);
                self.settled.take(number, self.worker.sent());
            }
            Outbound::Stats(stats) => self.observe(*stats),
            Outbound::Wanted(wanted) => {
                // Without room the container's next event asks again.
                let _asked = self.context.as_ref().is_some_and(|context| context.ask(wanted));
            }
            Outbound::Names(names) => {
                if let Some(context) = &self.context {
                    context.look_up(names);
                }
            }
            Outbound::Facts(facts) => {
                self.telemetry.facts(*facts);
                self.ticker.begin();
            }
            Outbound::Cost(cost) => self.telemetry.cost(cost),
            Outbound::Canary { path, nonce, boot_ns } => {
                let took = since_boot().saturating_sub(Duration::from_nanos(boot_ns));
                self.telemetry.canary(path, nonce, took);
            }
            Outbound::Invite(nonce) => {
                capture::answer(nonce);
                // Without room the next life of either half is invited again.
                let _full = self.commands.send(Inbound::Introduced);
            }
            Outbound::EndTuning => self.end_tuning(),
            Outbound::Explained(answer) => {
                // A caller who does not read misses some; what is meant for one that has gone is not missed.
                let _full = self.console.as_ref().map(|console| console.try_send(answer));
            }
        }
    }

    fn alert(&mut self, alert: Alert) {
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

    /// Tells the sensor half what it need not keep any longer.
    fn settle(&mut self) {
        // An answer for each alert would cost as much as the alert.
        if self.settled.waiting() < SETTLE && self.settled_at.elapsed() < TICK {
            return;
        }
        self.settled_at = Instant::now();
        let (session, numbers) = self.settled.settle(self.worker.done());
        if !numbers.is_empty() {
            // What it keeps is bounded: an answer that finds no room costs memory for a while.
            let _full = self.commands.send(Inbound::Settled { session, numbers });
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

    fn end_window(&mut self) {
        if self.tuning.as_ref().and_then(|(_, end)| *end).is_some_and(|end| Instant::now() >= end) {
            self.end_tuning();
        }
    }

    /// Hands the counts over; from then on alerts are routed.
    fn end_tuning(&mut self) {
        if let Some((counter, _)) = self.tuning.take()
            && self.commands.send(Inbound::Tuned(counter.tally())).is_err()
        {
            tracing::error!("the report of tuning is lost: too many orders wait");
        }
    }

    fn observe(&mut self, stats: Stats) {
        let (to_ns, discarded) = (stats.time_ns, stats.discarded);
        let (from_ns, losses) = self.telemetry.observe(stats);
        self.worker.tell_slow(self.timeout);
        if let Some(context) = &self.context {
            self.telemetry.context(context.sources());
        }
        self.telemetry.sinks(self.worker.counts(), self.worker.discarded() + discarded);
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
