//! What a place that alerts go to must do.

use std::{io, path::PathBuf};

use super::Line;

/// One destination. A sink may wait, since it has the worker's thread; it must not buffer without bound.
pub trait Sink: Send {
    /// Name in metrics and messages: `stdout`, `file`.
    fn name(&self) -> &'static str;

    /// Takes one alert, whole.
    fn deliver(&mut self, line: &Line) -> Result<(), SinkError>;

    /// Hands on what is buffered.
    fn flush(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    /// Opens its file or program anew (SIGUSR1).
    fn reopen(&mut self) -> Result<(), SinkError> {
        Ok(())
    }
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
    /// The alert could not be encoded.
    #[error("cannot encode the alert")]
    Encode {
        /// Cause.
        source: serde_json::Error,
    },
    /// The thread that delivers could not be started.
    #[error("cannot start the sinks' thread")]
    Thread {
        /// Cause.
        source: io::Error,
    },
}
