//! Where this process speaks: its log, and standard output of commands: a reader that goes away (`saker --list | head`) is no failure.

mod log;

pub(super) use log::start as start_log;

use std::{
    fmt,
    io::{self, Write},
};

use super::AppError;

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
