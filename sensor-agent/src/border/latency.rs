//! How long something took, as a histogram with fixed bounds.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Upper bounds of the buckets, ms; one more bucket has no bound.
pub const BOUNDS_MS: [u64; 9] = [1, 5, 10, 50, 100, 500, 1_000, 10_000, 60_000];

/// A histogram.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latency {
    /// By bucket, not summed up.
    pub counts: [u64; BOUNDS_MS.len() + 1],
    /// Of all, ns.
    pub sum_ns: u64,
}

impl Latency {
    /// One more.
    pub fn add(&mut self, took: Duration) {
        if let Some(count) = self.counts.get_mut(Self::bucket(took)) {
            *count += 1;
        }
        self.sum_ns += took.as_nanos() as u64;
    }

    /// The bucket of `took`.
    pub fn bucket(took: Duration) -> usize {
        BOUNDS_MS.iter().position(|bound| took <= Duration::from_millis(*bound)).unwrap_or(BOUNDS_MS.len())
    }
}
