//! `stdout_output`: one line per alert, coloured by priority on a terminal.

use std::{fs::File, io, os::fd::AsFd};

use crate::border::Priority;

use super::{Line, Outcome, Sink, SinkError, writer::Writer};

/// Standard output, or what stands for it.
#[derive(Debug)]
pub struct Stdout {
    writer: Writer,
    paint: bool,
    closed: bool,
}

impl Stdout {
    /// The process's standard output. `paint`: colour text lines (it is a terminal and nobody asked otherwise).
    pub fn new(buffered: bool, paint: bool) -> Result<Self, SinkError> {
        let owned = io::stdout().as_fd().try_clone_to_owned();
        let owned = owned.map_err(|source| SinkError::NoStdout { source })?;
        Ok(Self::to(owned.into(), buffered, paint))
    }

    /// Writes to `file` instead.
    pub fn to(file: File, buffered: bool, paint: bool) -> Self {
        Self { writer: Writer::new(file, buffered), paint, closed: false }
    }

    fn guard(&mut self, result: Result<(), SinkError>) -> Result<(), SinkError> {
        self.closed |= matches!(result, Err(SinkError::Closed));
        result
    }
}

impl Sink for Stdout {
    fn name(&self) -> &'static str {
        "stdout"
    }

    fn deliver(&mut self, line: &Line) -> Result<Outcome, SinkError> {
        // A pipe never comes back.
        if self.closed {
            return Err(SinkError::Closed);
        }
        let result = match line.split_at_priority().filter(|_| self.paint) {
            Some((time, word, rest)) => self.writer.write(
                format!("\x1b[2m{time}\x1b[0m\x1b[{}m{word}\x1b[0m{rest}", colour(line.priority()))
                    .as_bytes(),
            ),
            None => self.writer.write(line.terminated().as_bytes()),
        };
        self.guard(result).map(|()| Outcome::Delivered)
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        let result = self.writer.flush();
        self.guard(result)
    }
}

/// Parameters of the escape sequence that selects the colour.
const fn colour(priority: Priority) -> &'static str {
    match priority {
        Priority::Emergency | Priority::Alert => "1;97;41",
        Priority::Critical => "1;31",
        Priority::Error => "31",
        Priority::Warning => "33",
        Priority::Notice => "36",
        Priority::Informational => "32",
        Priority::Debug => "2",
    }
}
