//! The binary under the names `kill` and `curl`, which the image links to it: what `kubectl exec … -- kill -HUP 1` and
//! `-- curl -s localhost:8765/healthz` need where there is no shell. No more than that, and nothing beyond this host.

mod curl;
mod kill;

use std::{ffi::OsString, path::Path, process::ExitCode};

/// Runs the applet that the first argument names; `None` when it names none.
pub fn run(arguments: &[OsString]) -> Option<ExitCode> {
    let (called, rest) = arguments.split_first()?;
    match Path::new(called).file_name()?.to_str()? {
        "kill" => Some(kill::run(rest)),
        "curl" => Some(curl::run(arguments)),
        _ => None,
    }
}
