//! A recording through the pipeline, on one thread: nothing is lost, however fast the file is read.

use std::{fs::File, io::BufReader, path::Path, sync::Arc};

use super::{
    AppError,
    config::Config,
    files::FileError,
    output::tell,
    pipeline::Pipeline,
    recording::{self, Fed, RecordedFiles},
};
use crate::{
    border::{self, Alert, Outbound},
    decode::recording::{Reader, RecordingError},
    enrich::{Limits, State, host::Host},
    rules::RuleSet,
};

/// Opens a recording; what it is not is told before anything else is asked for.
pub(super) fn open(path: &Path) -> Result<Reader<BufReader<File>>, AppError> {
    let file = File::open(path).map_err(|source| FileError::Read { path: path.to_owned(), source })?;
    Reader::new(BufReader::new(file)).map_err(|source| AppError::Recording { path: path.to_owned(), source })
}

/// Alerts of one record that may wait: all rules may match.
const WAITING: usize = 4096;

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

/// Plays `path` through `rules`, `seconds` of event time at most (0: all). `begin` learns of the recorded host and makes what
/// takes the alerts.
pub(super) fn play<F: FnMut(&Alert)>(
    config: &Config,
    rules: &Arc<RuleSet>,
    path: &Path,
    seconds: u64,
    begin: impl FnOnce(&Host) -> Result<F, AppError>,
) -> Result<(), AppError> {
    let wrong = |source| AppError::Recording { path: path.to_owned(), source };
    let result = recording::replay(open(path)?, seconds, |host, files| {
        let take = begin(&host).map_err(Failure::App)?;
        Ok(player(config, rules, host, files, take))
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

fn player(
    config: &Config,
    rules: &Arc<RuleSet>,
    mut host: Host,
    files: RecordedFiles,
    mut take: impl FnMut(&Alert),
) -> impl FnMut(Fed<'_>) {
    host.static_fields.clone_from(&config.rules.static_fields);
    let (out, inbox) = border::channel(WAITING);
    let mut state = State::new(host, Limits { processes: config.processes });
    state.recognise(config.engines.clone());
    let mut pipeline = Pipeline::new(state, Arc::clone(rules), out);
    move |fed: Fed<'_>| {
        match fed {
            Fed::Snapshot(bytes) => pipeline.seed(bytes, &files),
            Fed::Record(bytes) => pipeline.feed(bytes),
        }
        while let Some(message) = inbox.try_recv() {
            if let Outbound::Alert(alert) = message {
                take(&alert);
            }
        }
    }
}
