//! What processes of the agent cost, as the kernel says. Missing figures are missing, not zero.

use std::{ops::Add, time::Duration};

use serde::{Deserialize, Serialize};

/// One process, or several together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// CPU time of all threads since their start.
    pub cpu: Duration,
    /// Resident bytes.
    pub rss_bytes: Option<u64>,
    /// Resident bytes, shared ones in proportion.
    pub pss_bytes: Option<u64>,
    /// Bytes of address space.
    pub vsz_bytes: Option<u64>,
}

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let sum = |one: Option<u64>, other: Option<u64>| Some(one? + other?);
        Self {
            cpu: self.cpu + other.cpu,
            rss_bytes: sum(self.rss_bytes, other.rss_bytes),
            pss_bytes: sum(self.pss_bytes, other.pss_bytes),
            vsz_bytes: sum(self.vsz_bytes, other.vsz_bytes),
        }
    }
}
