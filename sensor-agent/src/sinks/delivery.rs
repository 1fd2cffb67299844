//! Every enabled sink: each alert is rendered once and offered to all, in order; what becomes of it is counted.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use crate::border::{Alert, SinkCount};

use super::{Format, Line, Sink, SinkError};

/// The enabled sinks.
pub struct Sinks {
    format: Format,
    slots: Vec<Slot>,
    counts: Counts,
}

struct Slot {
    sink: Box<dyn Sink>,
    /// The last attempt failed; said once, not per alert.
    failing: bool,
}

/// Counters by sink, readable while the sinks work on another thread.
#[derive(Clone, Debug)]
pub(super) struct Counts(Arc<[Count]>);

#[derive(Debug)]
struct Count {
    sink: &'static str,
    delivered: AtomicU64,
    failed: AtomicU64,
}

impl fmt::Debug for Sinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sinks").field("counts", &self.counts).finish_non_exhaustive()
    }
}

impl Sinks {
    /// `sinks` in the order in which they are to be written.
    pub fn new(format: Format, sinks: Vec<Box<dyn Sink>>) -> Self {
        let zero = |sink| Count { sink, delivered: AtomicU64::new(0), failed: AtomicU64::new(0) };
        let counts = Counts(sinks.iter().map(|sink| zero(sink.name())).collect());
        let slots = sinks.into_iter().map(|sink| Slot { sink, failing: false }).collect();
        Self { format, slots, counts }
    }

    /// Offers `alert` to every sink; one that fails does not keep it from the others.
    pub fn deliver(&mut self, alert: &Alert) {
        let line = self.format.line(alert);
        for (slot, count) in self.slots.iter_mut().zip(&*self.counts.0) {
            let taken = line.as_ref().is_ok_and(|line| slot.deliver(line));
            let counter = if taken { &count.delivered } else { &count.failed };
            counter.fetch_add(1, Relaxed);
        }
        if let Err(error) = line {
            tracing::error!(cause = cause(&error), "an alert is not delivered: {error}");
        }
    }

    /// Hands on what is buffered.
    pub fn flush(&mut self) {
        self.slots.iter_mut().for_each(|slot| {
            let result = slot.sink.flush();
            slot.note(&result);
        });
    }

    /// Opens files and programs anew (SIGUSR1).
    pub fn reopen(&mut self) {
        self.slots.iter_mut().for_each(|slot| {
            let result = slot.sink.reopen();
            slot.note(&result);
        });
    }

    /// Counts by sink since start.
    pub fn counts(&self) -> Vec<SinkCount> {
        self.counts.read(0)
    }

    pub(super) fn shared_counts(&self) -> Counts {
        self.counts.clone()
    }
}

impl Slot {
    fn deliver(&mut self, line: &Line) -> bool {
        let result = self.sink.deliver(line);
        self.note(&result);
        if result.is_ok() && std::mem::take(&mut self.failing) {
            tracing::info!(sink = self.sink.name(), "alerts are delivered again");
        }
        result.is_ok()
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

impl Counts {
    /// `discarded`: what the queue before all sinks had no room for.
    pub(super) fn read(&self, discarded: u64) -> Vec<SinkCount> {
        let read = |count: &Count| SinkCount {
            sink: count.sink.to_owned(),
            delivered: count.delivered.load(Relaxed),
            failed: count.failed.load(Relaxed),
            discarded,
        };
        self.0.iter().map(read).collect()
    }
}

fn cause(error: &SinkError) -> String {
    std::error::Error::source(error).map(ToString::to_string).unwrap_or_default()
}
