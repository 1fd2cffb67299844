//! Alerts → lines → world: Falco's alert formats, where they go, and what became of them.

mod format;
mod time;
mod json;
mod text;
mod sink;
mod writer;
mod stdout;
mod file;
mod syslog;
mod program;
mod http;
mod spool;
mod spooled;
mod delivery;
mod queue;
mod worker;

pub use delivery::{Count, Sinks};
pub use file::FileSink;
pub use format::{Format, Include, Line};
pub use http::{Client, Http, HttpOptions};
pub use jiff::tz::TimeZone;
pub use json::sample_line;
pub use program::{Launcher, Program, Shell, Started};
pub use queue::Policy;
pub use sink::{Outcome, Sink, SinkError};
pub use spool::{SpoolError, SpoolOptions};
pub use spooled::Spooled;
pub use stdout::Stdout;
pub use syslog::{DEV_LOG, Protocol, Syslog, SystemLog};
pub use worker::{Reopener, StopError, Worker};

#[cfg(test)]
mod tests;
