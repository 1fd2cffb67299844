//! Stops one thread of another process, and only that one, as a debugger does: ptrace seize and interrupt.

use std::fs;

use anyhow::{Context, Result, ensure};
use nix::sys::ptrace;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// A thread that stands still until this is dropped. It belongs to the thread that made it.
pub struct Frozen {
    thread: Pid,
}

impl Frozen {
    /// Stops the thread of process `tgid` that is called `name`.
    pub fn new(tgid: i32, name: &str) -> Result<Self> {
        let thread = Pid::from_raw(find(tgid, name)?);
        ptrace::seize(thread, ptrace::Options::empty()).with_context(|| format!("cannot seize {thread}"))?;
        let frozen = Self { thread };
        ptrace::interrupt(thread)?;
        let status = waitpid(thread, Some(WaitPidFlag::__WALL))?;
        ensure!(matches!(status, WaitStatus::PtraceEvent(..)), "{thread} did not stop: {status:?}");
        Ok(frozen)
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        // A process that has died is no longer traced.
        ptrace::detach(self.thread, None).ok();
    }
}

fn find(tgid: i32, name: &str) -> Result<i32> {
    let mut others = Vec::new();
    for entry in fs::read_dir(format!("/proc/{tgid}/task"))? {
        let path = entry?.path();
        let called = fs::read_to_string(path.join("comm"))?.trim().to_owned();
        if called == name {
            let number =
                path.file_name().and_then(|number| number.to_str()).context("a thread without a number")?;
            return Ok(number.parse()?);
        }
        others.push(called);
    }
    anyhow::bail!("process {tgid} has no thread {name}, but {others:?}")
}
