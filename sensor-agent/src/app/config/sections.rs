//! A checked configuration: units in types, choices as enums, nothing left to interpret.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use crate::{
    border::Priority,
    rules::LoadOptions,
    sinks::{HttpOptions, Policy, Protocol, SpoolOptions},
    telemetry::{Gates, log::LevelFilter},
};

/// Where records come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Engine {
    /// This kernel. Falco's kinds `modern_ebpf`, `kmod` and `ebpf` all mean it: there is one driver.
    Live,
    /// A recorded file (`engine.kind: replay`).
    Replay(PathBuf),
    /// Nowhere (`engine.kind: nodriver`).
    None,
}

/// `engine.*.buf_size_preset`, or `saker.ring_bytes` and `saker.reserve_bytes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingSize {
    /// Bytes of the ring, a power of two.
    pub bytes: u32,
    /// Bytes of it for lifecycle records only.
    pub reserve_bytes: u32,
}

/// Which rules run, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// Files and directories in load order, as they are named.
    pub paths: Vec<PathBuf>,
    /// They were named on the command line: one that is missing is an error, not a notice.
    pub are_explicit: bool,
    /// Which are evaluated, and what is added to their outputs.
    pub options: LoadOptions,
    /// `base_syscalls.custom_set`: `!name` takes a system call out.
    pub custom_set: Vec<String>,
    /// A fault in one rule refuses its file (Falco); otherwise the other rules run.
    pub is_strict: bool,
    /// `static_fields:`, name and value.
    pub static_fields: Vec<(String, String)>,
}

/// How an alert looks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "switches, as Falco has them")]
pub struct AlertFormat {
    /// JSON lines instead of text.
    pub json: bool,
    /// JSON key `output`.
    pub include_output: bool,
    /// JSON key `message`.
    pub include_message: bool,
    /// JSON key `output_fields`.
    pub include_output_fields: bool,
    /// JSON key `tags`.
    pub include_tags: bool,
    /// ISO 8601 in text lines.
    pub iso_time: bool,
}

/// Where alerts go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outputs {
    /// How they look.
    pub format: AlertFormat,
    /// Alerts that may wait before each output.
    pub queue: usize,
    /// What is discarded, and counted, when more come.
    pub policy: Policy,
    /// Lines are flushed only when the buffer is full.
    pub is_buffered: bool,
    /// How long an output may take for one alert before that is logged.
    pub timeout: Duration,
    /// Standard output.
    pub stdout: bool,
    /// The system log, and the form of its messages.
    pub syslog: Option<Protocol>,
    /// A file.
    pub file: Option<FileOutput>,
    /// A program's standard input.
    pub program: Option<ProgramOutput>,
    /// POST requests.
    pub http: Option<HttpOptions>,
    /// Where they wait on disk.
    pub spool: Option<SpoolOptions>,
    /// Window in which identical alerts become one more; `None`: each goes out.
    pub throttle: Option<Duration>,
}

/// `file_output:`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileOutput {
    /// Appended to.
    pub path: PathBuf,
    /// Kept open between alerts.
    pub keep_alive: bool,
}

/// `program_output:`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramOutput {
    /// A shell command.
    pub program: String,
    /// Kept running between alerts.
    pub keep_alive: bool,
}

/// `webserver:`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webserver {
    /// Address and port.
    pub listen: SocketAddr,
    /// Path of the health answer.
    pub healthz: String,
    /// `/metrics` is answered.
    pub has_metrics: bool,
    /// Bearer token for details from afar.
    pub token: Option<String>,
    /// PEM file with certificate chain and key: it speaks TLS.
    pub certificate: Option<PathBuf>,
}

/// The agent's own log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Log {
    /// To standard error.
    pub stderr: bool,
    /// To the system log.
    pub syslog: bool,
    /// The least severe level.
    pub level: Priority,
    /// The same of what libraries say, as far as `level` goes.
    pub libraries: LevelFilter,
}

/// `metrics:`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metrics {
    /// Time between snapshots.
    pub interval: Duration,
    /// Snapshots are internal alerts.
    pub output_rule: bool,
    /// Snapshots are lines of this file.
    pub output_file: Option<PathBuf>,
    /// What is told.
    pub gates: Gates,
}

/// `syscall_event_drops:`
#[derive(Clone, Debug, PartialEq)]
pub struct Drops {
    /// Share of lost events that is acted on, 0 to 1.
    pub threshold: f64,
    /// What is done, in order; empty: nothing.
    pub actions: Vec<DropAction>,
    /// Actions a second.
    pub rate: f64,
    /// Actions at once.
    pub max_burst: u64,
    /// One loss a second is pretended.
    pub simulate: bool,
}

/// What is done about lost events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropAction {
    /// A line in the log.
    Log,
    /// An internal alert.
    Alert,
    /// The program ends.
    Exit,
}

/// `tuning:`, or `saker tune`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tuning {
    /// How long alerts are counted instead of routed.
    pub window: Duration,
    /// Where reports go.
    pub out: PathBuf,
    /// The agent runs for this alone.
    pub is_only: bool,
}
