//! What a place that alerts go to must do.

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use super::{Line, delivery::Count, spool::SpoolError};

/// One destination. A sink may wait, since it has a thread of its own; it must not buffer without bound.
pub trait Sink: Send {
    /// Name in metrics and messages: `stdout`, `file`.
    fn name(&self) -> &'static str;

    /// Takes one alert, whole.
    fn deliver(&mut self, line: &Line) -> Result<Outcome, SinkError>;

    /// Hands on what is buffered.
    fn flush(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    /// Opens its file or program anew (SIGUSR1).
    fn reopen(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    /// Is shown its counters before the first alert.
    fn adopt(&mut self, _count: Arc<Count>) {}
}

/// What became of an alert that was not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is there.
    Delivered,
    /// It is kept, and the sink counts it when it is there.
    Accepted,
}

/// Why a sink did not take an alert, or could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The reader of the pipe has gone.
    #[error("the reader has gone")]
    Closed,
    /// Writing failed.
    #[error("cannot write")]
    Write {
        /// Cause.
        source: io::Error,
    },
    /// The file cannot be opened for appending.
    #[error("cannot open {path:?}")]
    Open {
        /// `file_output.filename`.
        path: PathBuf,
        /// Cause.
        source: io::Error,
    },
    /// Standard output cannot be used.
    #[error("standard output is not open")]
    NoStdout {
        /// Cause.
        source: io::Error,
    },
    /// The system log's socket.
    #[error("cannot write to the system log at {path:?}")]
    Syslog {
        /// `/dev/log`.
        path: PathBuf,
        /// Cause.
        source: io::Error,
    },
    /// The program cannot be started.
    #[error("cannot start program_output.program with /bin/sh")]
    Spawn {
        /// Cause.
        source: io::Error,
    },
    /// The program took an alert and failed, or ended before it had.
    #[error("program_output.program ended: {status}")]
    Ended {
        /// How.
        status: std::process::ExitStatus,
    },
    /// The program neither reads nor ends.
    #[error("program_output.program did nothing for {waited:?} and was killed")]
    Stuck {
        /// How long it was waited for.
        waited: Duration,
    },
    /// A certificate, key or URL of `http_output` cannot be used.
    #[error("http_output.{key}: {what}")]
    HttpOption {
        /// `ca_cert`, `client_key`, `url`, …
        key: &'static str,
        /// What is wrong, and with which file.
        what: String,
    },
    /// The request did not come through, after all attempts.
    #[error("cannot POST to http_output.url")]
    Http {
        /// Cause.
        source: Box<ureq::Error>,
    },
    /// The answer says that it was not taken, after all attempts.
    #[error("http_output.url answered {status}")]
    Status {
        /// HTTP status.
        status: u16,
    },
    /// The spool.
    #[error("the spool does not take the alert")]
    Spool {
        /// Cause.
        source: SpoolError,
    },
    /// The alert could not be encoded.
    #[error("cannot encode the alert")]
    Encode {
        /// Cause.
        source: serde_json::Error,
    },
    /// A thread that delivers could not be started.
    #[error("cannot start a sink's thread")]
    Thread {
        /// Cause.
        source: io::Error,
    },
}
