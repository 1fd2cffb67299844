//! What alerted while nothing was routed: counts by what is alike (`saker tune`).

use serde::{Deserialize, Serialize};

/// Alerts that are alike. Texts are what processes chose, cut and made valid UTF-8.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Group {
    /// Rule name.
    pub rule: String,
    /// `proc.name`
    pub process: String,
    /// `proc.pname`; empty: unknown.
    pub parent: String,
    /// `proc.exepath`; empty: unknown.
    pub exe: String,
    /// Where it ran.
    pub place: Place,
    /// First directories of `fd.name`, with a slash at the end; empty: the event has no path.
    pub prefix: String,
}

/// Where a process ran.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Place {
    /// On the host.
    Host,
    /// In a container of this image (`container.image.repository`).
    Image(String),
    /// In a container of which nothing is known.
    Unknown,
}

/// How often a group was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Alerts.
    pub count: u64,
    /// The first, ns since the epoch.
    pub first_ns: u64,
    /// The last, ns since the epoch.
    pub last_ns: u64,
    /// The rule's priority.
    pub priority: super::Priority,
    /// The executable was written into its container after the start of it (`proc.is_exe_upper_layer`), at least once.
    pub is_dropped: bool,
}

/// All groups of a window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Groups, the most frequent first.
    pub groups: Vec<(Group, Seen)>,
    /// Alerts that found no room among the groups.
    pub n_others: u64,
}
