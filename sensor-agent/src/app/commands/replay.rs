//! `saker replay FILE`: the pipeline over a recorded file, without privileges.

use std::{fs::File, io::BufReader, path::Path};

use crate::{
    app::{AppError, config::Config, files::FileError, output::tell, recording, shim},
    decode::recording::{Reader, RecordingError},
};

/// A failure inside a replay: of the recording, or of what it is fed to.
enum Failure {
    Recording(RecordingError),
    App(AppError),
}

impl From<RecordingError> for Failure {
    fn from(error: RecordingError) -> Self {
        Self::Recording(error)
    }
}

/// Replays `path` through the configured rules, `seconds` of event time at most (0: all).
pub(super) fn replay(config: &Config, path: &Path, seconds: u64) -> Result<(), AppError> {
    config.require_output()?;
    let wrong = |source| AppError::Recording { path: path.to_owned(), source };
    let file = File::open(path).map_err(|source| FileError::Read { path: path.to_owned(), source })?;
    let reader = Reader::new(BufReader::new(file)).map_err(wrong)?;
    let result = recording::replay(reader, seconds, |host, files| {
        shim::pipeline(config, host, files).map_err(Failure::App)
    });
    let summary = result.map_err(|failure| match failure {
        Failure::Recording(source) => wrong(source),
        Failure::App(error) => error,
    })?;
    if let Some(cut) = summary.cut {
        tell(&format!(
            "{}: {cut}; the {} records before that were replayed",
            path.display(),
            summary.records
        ));
    }
    Ok(())
}
