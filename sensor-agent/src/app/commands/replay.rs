//! `saker replay FILE`: the pipeline over a recorded file, without privileges.

use std::{fs::File, io::BufReader, path::Path};

use crate::{
    app::{
        AppError,
        config::Config,
        egress,
        files::FileError,
        load,
        output::tell,
        pipeline::Pipeline,
        recording::{self, Fed, RecordedFiles},
    },
    border::{self, Outbound},
    decode::recording::{Reader, RecordingError},
    enrich::{Limits, State, host::Host},
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
    let result =
        recording::replay(reader, seconds, |host, files| player(config, host, files).map_err(Failure::App));
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

/// Alerts of one record that may wait: all rules may match.
const WAITING: usize = 4096;

/// The pipeline and the sinks on one thread: nothing is lost, however fast the file is read.
fn player(config: &Config, mut host: Host, files: RecordedFiles) -> Result<impl FnMut(Fed<'_>), AppError> {
    let rules = load::rules(config, 1)?;
    rules.notices.iter().chain(&rules.faults).for_each(|text| tell(text));
    let mut sinks = egress::sinks(config, host.hostname.clone())?;
    host.static_fields.clone_from(&config.rules.static_fields);
    let (out, inbox) = border::channel(WAITING);
    let state = State::new(host, Limits { processes: config.processes });
    let mut pipeline = Pipeline::new(state, rules.set, out);
    Ok(move |fed: Fed<'_>| {
        match fed {
            Fed::Snapshot(bytes) => pipeline.seed(bytes, &files),
            Fed::Record(bytes) => pipeline.feed(bytes),
        }
        while let Some(message) = inbox.try_recv() {
            if let Outbound::Alert(alert) = message {
                sinks.deliver(&alert);
            }
        }
    })
}
