//! `program_output`: alerts to the standard input of a shell command, started for each alert or kept running.
//!
//! It is somebody else's program: one that neither reads nor ends is killed with its children and started anew.

use std::{
    io,
    os::{fd::OwnedFd, unix::process::CommandExt},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open},
};

use super::{Line, Outcome, Sink, SinkError, writer::Writer};

/// A program that is kept running is started so often at most: one that ends at once must not cost a fork per alert.
const RESTART: Duration = Duration::from_secs(1);

/// A shell command.
#[derive(Debug)]
pub struct Program {
    command: String,
    keep_alive: bool,
    buffered: bool,
    /// How long it may take to read or to end.
    patience: Duration,
    running: Option<Running>,
    started: Option<Instant>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    input: Option<Writer>,
}

impl Program {
    /// `program_output.program` and `.keep_alive`, `buffered_outputs`.
    pub fn new(command: String, keep_alive: bool, buffered: bool, patience: Duration) -> Self {
        let buffered = buffered && keep_alive;
        Self { command, keep_alive, buffered, patience, running: None, started: None }
    }

    fn start(&mut self) -> Result<Running, SinkError> {
        let failed = |source| SinkError::Spawn { source };
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(&self.command).stdin(Stdio::piped()).process_group(0);
        let child = command.spawn().map_err(failed)?;
        self.started = Some(Instant::now());
        let mut running = Running { input: None, child };
        let Some(input) = running.child.stdin.take() else {
            return Err(failed(io::ErrorKind::BrokenPipe.into()));
        };
        let input = OwnedFd::from(input);
        // So that a full pipe is waited for with a deadline.
        rustix::io::ioctl_fionbio(&input, true).map_err(|error| failed(error.into()))?;
        running.input = Some(Writer::new(input.into(), self.buffered).within(self.patience));
        Ok(running)
    }

    fn each(&mut self, line: &Line) -> Result<(), SinkError> {
        let mut running = self.start()?;
        running.write(line)?;
        match running.end(self.patience)? {
            status if status.success() => Ok(()),
            status => Err(SinkError::Ended { status }),
        }
    }

    fn kept(&mut self, line: &Line) -> Result<(), SinkError> {
        let mut running = match self.running.take() {
            Some(running) => running,
            None => self.start()?,
        };
        if let Err(error) = running.write(line) {
            drop(running);
            let is_early = self.started.is_some_and(|started| started.elapsed() < RESTART);
            if is_early || !matches!(error, SinkError::Closed) {
                return Err(error);
            }
            running = self.start()?;
            running.write(line)?;
        }
        self.running = Some(running);
        Ok(())
    }
}

impl Sink for Program {
    fn name(&self) -> &'static str {
        "program"
    }

    fn deliver(&mut self, line: &Line) -> Result<Outcome, SinkError> {
        let result = if self.keep_alive { self.kept(line) } else { self.each(line) };
        result.map(|()| Outcome::Delivered)
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        let input = self.running.as_mut().and_then(|running| running.input.as_mut());
        input.map_or(Ok(()), Writer::flush)
    }

    /// Lets it end and starts another with the next alert.
    fn reopen(&mut self) -> Result<(), SinkError> {
        let flushed = self.flush();
        if let Some(mut running) = self.running.take() {
            running.end(self.patience)?;
        }
        flushed
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(mut running) = self.running.take() {
            // It gets its end of input and the time to work on what it has read; nobody is left to tell.
            drop(running.end(self.patience));
        }
    }
}

impl Running {
    fn write(&mut self, line: &Line) -> Result<(), SinkError> {
        match self.input.as_mut().map(|input| input.write(line.terminated().as_bytes())) {
            Some(result) => result,
            None => Err(SinkError::Closed),
        }
    }

    /// Closes its input and waits.
    fn end(&mut self, patience: Duration) -> Result<ExitStatus, SinkError> {
        self.input = None;
        let failed = |error: Errno| SinkError::Spawn { source: error.into() };
        // Readable once the child has ended; not reaped yet, its number is no other's.
        let ended = pidfd_open(Pid::from_child(&self.child), PidfdFlags::empty()).map_err(failed)?;
        let until = Instant::now() + patience;
        loop {
            let left = Timespec::try_from(until.saturating_duration_since(Instant::now())).ok();
            match poll(&mut [PollFd::new(&ended, PollFlags::IN)], left.as_ref()) {
                Ok(0) => return Err(SinkError::Stuck { waited: patience }),
                Ok(_) => return self.child.wait().map_err(|source| SinkError::Spawn { source }),
                Err(Errno::INTR) => {}
                Err(error) => return Err(failed(error)),
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.input = None;
        // Its group is our child's own, and the child is not reaped yet, so the number is not another's.
        if matches!(self.child.try_wait(), Ok(None)) {
            if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
                // It may end at this moment.
                kill_process_group(group, Signal::KILL).unwrap_or_default();
            }
            self.child.wait().map(drop).unwrap_or_default();
        }
    }
}
