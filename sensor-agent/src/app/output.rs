//! Standard output of commands: a reader that goes away (`saker --list | head`) is no failure.

use std::{
    fmt,
    io::{self, Write},
};

use super::{AppError, config::Config};
use crate::telemetry;

/// Writes `text` to standard output.
pub fn print(text: &str) -> Result<(), AppError> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(AppError::Environment { action: "write to standard output".into(), source: error })
        }
        _ => Ok(()),
    }
}

/// Writes a line to standard error; where that is closed there is nobody left to tell.
pub fn tell(text: &str) {
    let _closed = writeln!(io::stderr().lock(), "{text}");
}

/// The text that `write` writes: to a string it cannot fail.
pub fn text(write: impl FnOnce(&mut String) -> fmt::Result) -> String {
    let mut out = String::new();
    let _never_fails = write(&mut out);
    out
}

/// Starts the log of this process, as the configuration says.
pub(super) fn start_log(config: &Config) {
    let level = telemetry::log::level(config.log.level.label());
    let level = level.filter(|_| config.log.stderr).unwrap_or(telemetry::log::LevelFilter::OFF);
    if let Err(error) =
        telemetry::log::init(telemetry::log::Options { level, json: config.outputs.format.json })
    {
        tell(&error.to_string());
    }
}
