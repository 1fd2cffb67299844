//! One sink with its counters, and all of them in order on the caller's thread, as a replay uses them.

use std::{
    fmt,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use crate::border::{Alert, Latency, SinkCount, latency::BOUNDS_MS, since_epoch};

use super::{Format, Line, Sink, SinkError, sink::Outcome};

/// The enabled sinks.
pub struct Sinks {
    format: Format,
    slots: Vec<Slot>,
}

/// A sink and what became of its alerts.
pub(super) struct Slot {
    sink: Box<dyn Sink>,
    count: Arc<Count>,
    /// The last attempt failed; said once, not per alert.
    failing: bool,
}

/// Counters of a sink, readable while it works on another thread, and the order to end.
#[derive(Debug)]
pub struct Count {
    pub(super) sink: &'static str,
    delivered: AtomicU64,
    failed: AtomicU64,
    discarded: AtomicU64,
    retried: AtomicU64,
    /// Accepted, on disk, not yet delivered.
    waiting: AtomicU64,
    is_closing: Mutex<bool>,
    closing: Condvar,
    latency: [AtomicU64; BOUNDS_MS.len() + 1],
    latency_ns: AtomicU64,
}

impl fmt::Debug for Sinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sinks").field("counts", &self.counts()).finish_non_exhaustive()
    }
}

impl Sinks {
    /// `sinks` in the order in which they are to be written.
    pub fn new(format: Format, sinks: Vec<Box<dyn Sink>>) -> Self {
        Self { format, slots: sinks.into_iter().map(Slot::new).collect() }
    }

    /// Offers `alert` to every sink; one that fails does not keep it from the others.
    pub fn deliver(&mut self, alert: &Alert) {
        match self.format.line(alert) {
            Ok(line) => self.slots.iter_mut().for_each(|slot| slot.deliver(&line)),
            Err(error) => {
                self.slots.iter().for_each(|slot| slot.count.fail());
                tracing::error!(cause = cause(&error), "an alert is not delivered: {error}");
            }
        }
    }

    /// Hands on what is buffered.
    pub fn flush(&mut self) {
        self.slots.iter_mut().for_each(Slot::flush);
    }

    /// Opens files and programs anew (SIGUSR1).
    pub fn reopen(&mut self) {
        self.slots.iter_mut().for_each(Slot::reopen);
    }

    /// Counts by sink since start.
    pub fn counts(&self) -> Vec<SinkCount> {
        self.slots.iter().map(|slot| slot.count.read(0, 0)).collect()
    }

    pub(super) fn into_parts(self) -> (Format, Vec<Slot>) {
        (self.format, self.slots)
    }
}

impl Slot {
    fn new(mut sink: Box<dyn Sink>) -> Self {
        let count = Arc::new(Count::new(sink.name()));
        sink.adopt(Arc::clone(&count));
        Self { sink, count, failing: false }
    }

    pub(super) fn name(&self) -> &'static str {
        self.count.sink
    }

    pub(super) fn count(&self) -> Arc<Count> {
        Arc::clone(&self.count)
    }

    pub(super) fn deliver(&mut self, line: &Line) {
        let result = self.sink.deliver(line);
        match &result {
            Ok(Outcome::Delivered) => self.count.deliver(line.time_ns()),
            // Counted by the sink when it has come to an end.
            Ok(Outcome::Accepted) => {}
            Err(_) => self.count.fail(),
        }
        let is_taken = result.is_ok();
        self.note(&result.map(drop));
        if is_taken && std::mem::take(&mut self.failing) {
            tracing::info!(sink = self.sink.name(), "alerts are delivered again");
        }
    }

    pub(super) fn flush(&mut self) {
        let result = self.sink.flush();
        self.note(&result);
    }

    pub(super) fn reopen(&mut self) {
        let result = self.sink.reopen();
        self.note(&result);
    }

    fn note(&mut self, result: &Result<(), SinkError>) {
        if let Err(error) = result
            && !std::mem::replace(&mut self.failing, true)
        {
            tracing::error!(
                sink = self.sink.name(),
                cause = cause(error),
                "alerts are not delivered: {error}"
            );
        }
    }
}

impl Count {
    pub(super) fn new(sink: &'static str) -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            sink,
            delivered: zero(),
            failed: zero(),
            discarded: zero(),
            retried: zero(),
            waiting: zero(),
            is_closing: Mutex::new(false),
            closing: Condvar::new(),
            latency: std::array::from_fn(|_| zero()),
            latency_ns: zero(),
        }
    }

    /// An alert on an event of `time_ns` is there. A clock that was put back makes it no time.
    pub(super) fn deliver(&self, time_ns: u64) {
        self.delivered.fetch_add(1, Relaxed);
        let took = since_epoch().saturating_sub(Duration::from_nanos(time_ns));
        if let Some(bucket) = self.latency.get(Latency::bucket(took)) {
            bucket.fetch_add(1, Relaxed);
        }
        self.latency_ns.fetch_add(took.as_nanos() as u64, Relaxed);
    }

    pub(super) fn fail(&self) {
        self.failed.fetch_add(1, Relaxed);
    }

    pub(super) fn retry(&self) {
        self.retried.fetch_add(1, Relaxed);
    }

    /// `n` alerts had no room on disk.
    pub(super) fn discard(&self, n: u64) {
        self.discarded.fetch_add(n, Relaxed);
    }

    pub(super) fn set_waiting(&self, waiting: u64) {
        self.waiting.store(waiting, Relaxed);
    }

    /// Time to end: no more pauses before another attempt.
    pub(super) fn close(&self) {
        *self.is_closing.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.closing.notify_all();
    }

    /// A pause before another attempt. Whether it was cut short: it is time to end.
    pub(super) fn pause(&self, pause: Duration) -> bool {
        let is_closing = self.is_closing.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.closing.wait_timeout_while(is_closing, pause, |is_closing| !*is_closing);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// With what the queue before the sink `discarded` and what is `waiting` there.
    pub(super) fn read(&self, discarded: u64, waiting: u64) -> SinkCount {
        SinkCount {
            sink: self.sink.to_owned(),
            delivered: self.delivered.load(Relaxed),
            failed: self.failed.load(Relaxed),
            discarded: discarded + self.discarded.load(Relaxed),
            retried: self.retried.load(Relaxed),
            waiting: waiting + self.waiting.load(Relaxed),
            latency: Latency {
                counts: std::array::from_fn(|bucket| self.latency[bucket].load(Relaxed)),
                sum_ns: self.latency_ns.load(Relaxed),
            },
        }
    }
}

pub(super) fn cause(error: &SinkError) -> String {
    let mut causes = Vec::new();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    causes.join(": ")
}
