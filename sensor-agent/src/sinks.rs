//! Alerts → lines → world: Falco's alert formats, where they go, and what became of them.

mod format;
mod time;
mod json;
mod text;
mod sink;
mod writer;
mod stdout;
mod file;
mod delivery;
mod worker;

pub use delivery::Sinks;
pub use file::FileSink;
pub use format::{Format, Include, Line};
pub use jiff::tz::TimeZone;
pub use sink::{Sink, SinkError};
pub use stdout::Stdout;
pub use worker::{StopError, Worker};

#[cfg(test)]
mod tests;
