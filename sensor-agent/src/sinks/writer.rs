//! Whole lines to a descriptor: one write per alert, and a line that was cut by an error is ended before the next.

use std::{
    fs::File,
    io::{ErrorKind, Write},
    time::Duration,
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::SinkError;

/// Bytes that `buffered_outputs` may hold back.
const BUFFER_BYTES: usize = 64 * 1024;

/// A file that lines are written to.
#[derive(Debug)]
pub(super) struct Writer {
    file: File,
    /// What is not written yet; stays empty unless buffered.
    pending: Vec<u8>,
    buffered: bool,
    /// The last write ended inside a line.
    torn: bool,
    /// How long a non-blocking descriptor may be full; for ever without.
    patience: Option<Duration>,
}

impl Writer {
    pub(super) fn new(file: File, buffered: bool) -> Self {
        Self { file, pending: Vec::new(), buffered, torn: false, patience: None }
    }

    /// Gives up a write after this time without progress.
    pub(super) fn within(self, patience: Duration) -> Self {
        Self { patience: Some(patience), ..self }
    }

    /// Writes `line`, which ends with its line break; when buffered, only once there is enough.
    pub(super) fn write(&mut self, line: &[u8]) -> Result<(), SinkError> {
        if self.buffered && self.pending.len() + line.len() <= BUFFER_BYTES {
            self.pending.extend_from_slice(line);
            return Ok(());
        }
        self.flush()?;
        self.write_now(line)
    }

    /// Writes what is held back. What cannot be written is dropped: a full disk must not become a full memory.
    pub(super) fn flush(&mut self) -> Result<(), SinkError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let pending = std::mem::take(&mut self.pending);
        self.write_now(&pending)
    }

    fn write_now(&mut self, lines: &[u8]) -> Result<(), SinkError> {
        if self.torn {
            self.write_all(b"\n")?;
            self.torn = false;
        }
        self.write_all(lines)
    }

    fn write_all(&mut self, mut bytes: &[u8]) -> Result<(), SinkError> {
        let mut last = b'\n';
        while !bytes.is_empty() {
            match self.file.write(bytes) {
                Ok(0) => return self.fail(last, ErrorKind::WriteZero.into()),
                Ok(n) => {
                    last = bytes[n - 1];
                    bytes = &bytes[n..];
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Somebody else made the shared description non-blocking: wait as if it were not.
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let limit = self.patience.and_then(|patience| Timespec::try_from(patience).ok());
                    match poll(&mut [PollFd::new(&self.file, PollFlags::OUT)], limit.as_ref()) {
                        Ok(0) => return self.fail(last, ErrorKind::TimedOut.into()),
                        Ok(_) | Err(rustix::io::Errno::INTR) => {}
                        Err(error) => return self.fail(last, error.into()),
                    }
                }
                Err(error) => return self.fail(last, error),
            }
        }
        Ok(())
    }

    fn fail(&mut self, last: u8, source: std::io::Error) -> Result<(), SinkError> {
        self.torn |= last != b'\n';
        match source.kind() {
            ErrorKind::BrokenPipe => Err(SinkError::Closed),
            _ => Err(SinkError::Write { source }),
        }
    }
}
