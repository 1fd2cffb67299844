//! The privilege border. Left of it is the sensor half (BPF, rules, /proc; no network), right of it the egress
//! half (sinks, admin server, later kube and runtimes; no capability). Only the owned, serialisable messages of
//! this module cross, over [`channel`]; nothing may be shared that could not cross a socket.

pub mod alert;
pub mod stats;
pub mod channel;

pub use alert::{Alert, FieldValue, Priority};
pub use channel::{Receiver, RecvError, SendError, Sender, channel};
pub use stats::Stats;

use serde::{Deserialize, Serialize};

/// From the sensor half to the egress half.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Outbound {
    /// A rule matched, or the sensor has something to say about itself.
    Alert(Alert),
    /// Counters, about once a second and once at the end.
    Stats(Box<Stats>),
    /// A canary came out at the end of the pipeline.
    Canary {
        /// Which way it went: `syscall` or `lifecycle`.
        path: CanaryPath,
        /// The nonce that was sent.
        nonce: u64,
    },
}

/// From the egress half to the sensor half.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Inbound {
    /// Load rules and configuration again (SIGHUP or a changed file).
    Reload,
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
