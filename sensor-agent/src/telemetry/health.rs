//! Whether the sensor sees: canaries and the consumer's progress, as a state machine over times that are handed in.
//!
//! Loss alone is never unhealthy: whoever could flood the sensor could otherwise have it restarted.

use std::{fmt, time::Duration};

use crate::border::{CanaryPath, stats::Ring};

/// When silence becomes a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A canary is sent on each path this often.
    pub canary_every: Duration,
    /// So many missed in a row are a fault.
    pub canary_misses: u32,
    /// The consumer may stand still so long while data waits.
    pub stall: Duration,
    /// The sensor half may say nothing for so long.
    pub silence: Duration,
}

/// How often a canary is sent on each path.
pub const CANARY_EVERY: Duration = Duration::from_secs(1);

impl Default for Limits {
    /// Whatever fails is told within 5 s; statistics come once a second, and so do canaries.
    fn default() -> Self {
        let patience = Duration::from_secs(4);
        Self { canary_every: CANARY_EVERY, canary_misses: 4, stall: patience, silence: patience }
    }
}

/// The state machine. Times are since the agent's start.
#[derive(Clone, Debug)]
pub struct Health {
    limits: Limits,
    nonce: u64,
    canaries: [(CanaryPath, Canary); 2],
    consumer: Option<Consumer>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Canary {
    received: u64,
    last: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Consumer {
    ring_used_bytes: u64,
    consumed_bytes: u64,
    /// When it last had nothing to do or had done something.
    progress: Duration,
    heard: Duration,
}

/// The state at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Why it is unhealthy; healthy when empty.
    pub faults: Vec<Fault>,
    /// Canaries that came through, and the age of the last.
    pub canaries: Vec<(CanaryPath, u64, Option<Duration>)>,
}

/// One reason to be unhealthy; `Display` says it in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No canary has come this way since the start.
    Awaited {
        /// The way.
        path: CanaryPath,
        /// Time since start.
        waited: Duration,
    },
    /// As many canaries as are tolerated are missing.
    Overdue {
        /// The way.
        path: CanaryPath,
        /// Time since the last one.
        age: Duration,
        /// Time that would have been tolerated.
        deadline: Duration,
    },
    /// The consumer takes nothing although records wait.
    Stalled {
        /// Bytes in the ring.
        waiting_bytes: u64,
        /// For how long.
        stalled: Duration,
    },
    /// The sensor half sends no statistics.
    Silent {
        /// For how long.
        age: Duration,
    },
}

impl Health {
    /// Nothing has come through yet. Canaries with another nonce than `nonce` do not count.
    pub fn new(limits: Limits, nonce: u64) -> Self {
        let canaries = CanaryPath::ALL.map(|path| (path, Canary::default()));
        Self { limits, nonce, canaries, consumer: None }
    }

    /// The sensor half has ended: its successor has to prove itself.
    pub fn begin_anew(&mut self) {
        *self = Self::new(self.limits, self.nonce);
    }

    /// A canary came out at the end of the pipeline.
    pub fn canary(&mut self, now: Duration, path: CanaryPath, nonce: u64) {
        if nonce != self.nonce {
            return;
        }
        for (_, canary) in self.canaries.iter_mut().filter(|(own, _)| *own == path) {
            canary.received += 1;
            canary.last = now;
        }
    }

    /// Statistics came.
    pub fn observe(&mut self, now: Duration, ring: &Ring) {
        let before = self.consumer;
        let moved = before.is_none_or(|before| before.consumed_bytes != ring.consumed_bytes);
        // Data that was not there the last time has not waited yet.
        let waited = before.is_some_and(|before| before.ring_used_bytes > 0) && ring.used_bytes > 0;
        let progress = match before {
            Some(before) if waited && !moved => before.progress,
            _ => now,
        };
        let Ring { used_bytes, consumed_bytes, .. } = *ring;
        self.consumer = Some(Consumer { ring_used_bytes: used_bytes, consumed_bytes, progress, heard: now });
    }

    /// The state at `now`.
    pub fn report(&self, now: Duration) -> Report {
        let age = |canary: &Canary| (canary.received > 0).then(|| now.saturating_sub(canary.last));
        let canaries = self.canaries.iter().map(|(path, canary)| (*path, canary.received, age(canary)));
        let canaries: Vec<_> = canaries.collect();
        let deadline = self.limits.canary_every * self.limits.canary_misses;
        let overdue = canaries.iter().filter_map(|(path, _, age)| match *age {
            None => Some(Fault::Awaited { path: *path, waited: now }),
            Some(age) if age > deadline => Some(Fault::Overdue { path: *path, age, deadline }),
            Some(_) => None,
        });
        let faults = overdue.chain(self.stalled(now)).chain(self.silent(now)).collect();
        Report { faults, canaries }
    }

    fn stalled(&self, now: Duration) -> Option<Fault> {
        let consumer = self.consumer.filter(|consumer| consumer.ring_used_bytes > 0)?;
        let stalled = now.saturating_sub(consumer.progress);
        let waiting_bytes = consumer.ring_used_bytes;
        (stalled > self.limits.stall).then_some(Fault::Stalled { waiting_bytes, stalled })
    }

    fn silent(&self, now: Duration) -> Option<Fault> {
        let age = now.saturating_sub(self.consumer.map_or(Duration::ZERO, |consumer| consumer.heard));
        (age > self.limits.silence).then_some(Fault::Silent { age })
    }
}

impl Report {
    /// Whether the sensor sees.
    pub fn is_healthy(&self) -> bool {
        self.faults.is_empty()
    }
}

impl Fault {
    /// Label in metrics.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Awaited { .. } => "canary_awaited",
            Self::Overdue { .. } => "canary_overdue",
            Self::Stalled { .. } => "consumer_stalled",
            Self::Silent { .. } => "sensor_silent",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Awaited { path, waited } => {
                let (path, waited) = (path.label(), waited.as_secs_f64());
                write!(f, "no {path} canary has come through in the {waited:.1} s since the start")
            }
            Self::Overdue { path, age, deadline } => {
                let (path, age, deadline) = (path.label(), age.as_secs_f64(), deadline.as_secs_f64());
                write!(
                    f,
                    "the last {path} canary came through {age:.1} s ago, the deadline is {deadline:.1} s"
                )
            }
            Self::Stalled { waiting_bytes, stalled } => {
                let stalled = stalled.as_secs_f64();
                write!(
                    f,
                    "nothing was taken from the ring for {stalled:.1} s while {waiting_bytes} bytes wait"
                )
            }
            Self::Silent { age } => {
                write!(f, "the sensor has sent no statistics for {:.1} s", age.as_secs_f64())
            }
        }
    }
}

#[cfg(test)]
mod tests;
