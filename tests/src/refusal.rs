//! The agent run to an end that it reaches by itself: listings, replays, and starts that it must refuse.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::sensor::wait_for;

/// What it said and how it ended.
#[derive(Debug)]
pub struct Finished {
    /// Exit status.
    pub status: ExitStatus,
    /// Standard output.
    pub output: String,
    /// Standard error.
    pub errors: String,
}

/// Runs to the end, which must come in time. Little is said, so the pipes hold it.
pub fn finish(command: &mut Command, patience: Duration) -> Result<Finished> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
    let mut running = Running(Some(child));
    let ended = wait_for("its end", patience, || Ok(running.child()?.try_wait()?.map(drop)));
    ended.with_context(|| format!("{command:?}"))?;
    let output = running.0.take().context("gone")?.wait_with_output()?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Finished { status: output.status, output: text(output.stdout), errors: text(output.stderr) })
}

/// Is killed if it does not end.
struct Running(Option<Child>);

impl Running {
    fn child(&mut self) -> Result<&mut Child> {
        self.0.as_mut().context("gone")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            drop(child.kill());
            drop(child.wait());
        }
    }
}
