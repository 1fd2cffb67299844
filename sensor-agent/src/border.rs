//! The privilege border. Left of it is the sensor half (BPF, rules, /proc; no network), right of it the egress
//! half (sinks, admin server, later kube and runtimes; no capability). Only the owned, serialisable messages of
//! this module cross, over [`channel`]; nothing may be shared that could not cross a socket.

pub mod alert;
pub mod context;
pub mod cost;
pub mod explain;
pub mod facts;
pub mod latency;
pub mod names;
pub mod stats;
pub mod tally;
pub mod text;
pub mod channel;
pub mod link;
mod packet;

pub use alert::{Alert, FieldValue, Priority};
pub use channel::{Receiver, RecvError, SendError, Sender, channel};
pub use context::{Context, ContextSource, PodFacts, PodTold, Told, Wanted};
pub use cost::Cost;
pub use facts::Facts;
pub use latency::Latency;
pub use names::Resolved;
pub use stats::{SinkCount, Stats};

use std::time::{Duration, SystemTime};

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// From the sensor half to the egress half.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Outbound {
    /// A rule matched, or the sensor has something to say about itself.
    Alert(Alert),
    /// Counters, about once a second and once at the end.
    Stats(Box<Stats>),
    /// What changes with a reload at most, at start and after each.
    Facts(Box<Facts>),
    /// A container was seen of which nothing is known yet.
    Wanted(Wanted),
    /// Host names that the rules in force compare with, at start and after each reload.
    Names(Vec<String>),
    /// What the sensor half costs, every few seconds.
    Cost(Cost),
    /// Make yourself known to the kernel side with this nonce, and say so.
    Invite(u32),
    /// The window of tuning ends now: hand over what was counted.
    EndTuning,
    /// A piece of the answer to an operator's question.
    Explained(explain::Answer),
    /// A canary came out at the end of the pipeline.
    Canary {
        /// Which way it went: `syscall` or `lifecycle`.
        path: CanaryPath,
        /// The nonce that was sent.
        nonce: u64,
        /// When its last call was made, ns since the boot: that clock is never set.
        boot_ns: u64,
    },
}

/// From the egress half to the sensor half.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Inbound {
    /// What is known of a container now; at the first answer of all its events may go on.
    Context(Told),
    /// What the API server tells of a pod now.
    Pod(PodTold),
    /// The addresses of all host names that were sent last.
    Names(Vec<Resolved>),
    /// What alerted in the window of tuning, which is over.
    Tuned(tally::Tally),
    /// Alerts that every sink is done with: they need not be kept for a successor.
    Settled {
        /// The sensor half's, as its link said.
        session: u64,
        /// Numbers of their messages.
        numbers: Vec<u64>,
    },
    /// The invitation was answered.
    Introduced,
    /// An operator asks; a question before it, if any is open, is given up.
    Explain(explain::Question),
    /// Drain what is in the ring and end.
    Stop,
}

/// Way of a canary through the pipeline (DESIGN D10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CanaryPath {
    /// Through the `sys_exit` dispatcher.
    Syscall,
    /// Through fork and exit.
    Lifecycle,
}

impl CanaryPath {
    /// Both ways.
    pub const ALL: [Self; 2] = [Self::Syscall, Self::Lifecycle];

    /// Label in metrics and messages.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Syscall => "syscall",
            Self::Lifecycle => "lifecycle",
        }
    }
}

/// Time since the boot: the clock of durations from one half to the other.
pub fn since_boot() -> Duration {
    Duration::try_from(clock_gettime(ClockId::Boottime)).unwrap_or_default()
}

/// Time since the epoch: the clock of everything that crosses with a time. Before 1970 it stands still.
pub fn since_epoch() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
