//! `program_output`: alerts to the standard input of a shell command, started for each alert or kept running.
//!
//! It is somebody else's program: one that neither reads nor ends is killed with its children and started anew.

mod shell;

use std::{
    io,
    os::fd::OwnedFd,
    process::ExitStatus,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};

pub use shell::Shell;

use super::{Line, Outcome, Sink, SinkError, writer::Writer};

/// A program that is kept running is started so often at most: one that ends at once must not cost a fork per alert.
const RESTART: Duration = Duration::from_secs(1);

/// Starts the configured command, one at a time.
pub trait Launcher: Send {
    /// Starts it.
    fn start(&mut self) -> io::Result<Started>;

    /// How it ended. If it has not, it is killed with its children.
    fn finish(&mut self) -> io::Result<ExitStatus>;
}

/// A command that runs.
#[derive(Debug)]
pub struct Started {
    /// Its standard input.
    pub input: OwnedFd,
    /// Readable once it has ended (a pidfd).
    pub end: OwnedFd,
}

/// A shell command.
pub struct Program {
    launcher: Box<dyn Launcher>,
    keep_alive: bool,
    buffered: bool,
    /// How long it may take to read or to end.
    patience: Duration,
    running: Option<Running>,
    started: Option<Instant>,
}

struct Running {
    input: Writer,
    end: OwnedFd,
}

impl Program {
    /// `program_output.keep_alive`, `buffered_outputs`.
    pub fn new(launcher: Box<dyn Launcher>, keep_alive: bool, buffered: bool, patience: Duration) -> Self {
        let buffered = buffered && keep_alive;
        Self { launcher, keep_alive, buffered, patience, running: None, started: None }
    }

    fn start(&mut self) -> Result<&mut Running, SinkError> {
        let failed = |source| SinkError::Spawn { source };
        let Started { input, end } = self.launcher.start().map_err(failed)?;
        self.started = Some(Instant::now());
        // So that a full pipe is waited for with a deadline.
        rustix::io::ioctl_fionbio(&input, true).map_err(|error| failed(error.into()))?;
        let input = Writer::new(input.into(), self.buffered).within(self.patience);
        Ok(self.running.insert(Running { input, end }))
    }

    fn each(&mut self, line: &Line) -> Result<(), SinkError> {
        if let Err(error) = self.start()?.write(line) {
            self.kill();
            return Err(error);
        }
        match self.end()? {
            Some(status) if !status.success() => Err(SinkError::Ended { status }),
            _ => Ok(()),
        }
    }

    fn kept(&mut self, line: &Line) -> Result<(), SinkError> {
        let running = match &mut self.running {
            Some(running) => running,
            None => self.start()?,
        };
        let Err(error) = running.write(line) else { return Ok(()) };
        self.kill();
        let is_early = self.started.is_some_and(|started| started.elapsed() < RESTART);
        if is_early || !matches!(error, SinkError::Closed) {
            return Err(error);
        }
        let written = self.start()?.write(line);
        if written.is_err() {
            self.kill();
        }
        written
    }

    /// Closes its input and waits; `None`: it does not run.
    fn end(&mut self) -> Result<Option<ExitStatus>, SinkError> {
        let Some(Running { input, end }) = self.running.take() else { return Ok(None) };
        drop(input);
        let failed = |source| SinkError::Spawn { source };
        let until = Instant::now() + self.patience;
        let is_stuck = loop {
            let left = Timespec::try_from(until.saturating_duration_since(Instant::now())).ok();
            match poll(&mut [PollFd::new(&end, PollFlags::IN)], left.as_ref()) {
                Err(Errno::INTR) => {}
                polled => break polled.map_err(|error| failed(error.into()))? == 0,
            }
        };
        let status = self.launcher.finish().map_err(failed)?;
        if is_stuck { Err(SinkError::Stuck { waited: self.patience }) } else { Ok(Some(status)) }
    }

    fn kill(&mut self) {
        if self.running.take().is_some() {
            // What is told is why.
            let _ended = self.launcher.finish();
        }
    }
}

impl Running {
    fn write(&mut self, line: &Line) -> Result<(), SinkError> {
        self.input.write(line.terminated().as_bytes())
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
        self.running.as_mut().map_or(Ok(()), |running| running.input.flush())
    }

    /// Lets it end and starts another with the next alert.
    fn reopen(&mut self) -> Result<(), SinkError> {
        let flushed = self.flush();
        self.end()?;
        flushed
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It gets its end of input and the time to work on what it has read; nobody is left to tell.
        let _ended = self.end();
    }
}
