//! `saker explain RULE FILE`: why a rule fired for the events of a recording, and why it did not.

use std::{fs::File, io::BufReader, path::Path};

use crate::{
    app::{
        AppError,
        config::Config,
        explain::{Account, Choice},
        files::{FileError, Trust},
        load,
        output::{print, tell, text},
        recording::{self, Fed},
        rule_files,
    },
    decode::{Record, recording::Reader},
    enrich::{Limits, State},
};

/// Explains the rule called `rule` for the events of `path` that it is about.
pub(super) fn explain(config: &Config, rule: &str, path: &Path, choice: Choice) -> Result<(), AppError> {
    let files = rule_files::read(&config.rules, Trust::Anyone)?;
    let explainer = load::explainer(&files.files, config, rule)?;
    let wrong = |source| AppError::Recording { path: path.to_owned(), source };
    let file = File::open(path).map_err(|source| FileError::Read { path: path.to_owned(), source })?;
    let reader = Reader::new(BufReader::new(file)).map_err(wrong)?;
    let mut account = Account::new(explainer, choice);
    let result = recording::replay(reader, 0, |host, files| {
        let mut state = State::new(host, Limits { processes: config.processes });
        state.recognise(config.engines.clone());
        let account = &mut account;
        Ok::<_, crate::decode::recording::RecordingError>(move |fed: Fed<'_>| match fed {
            // What cannot be decoded is counted by `replay`; here it is no event.
            Fed::Snapshot(bytes) => drop(state.seed(bytes, &files)),
            Fed::Record(bytes) => {
                if let Ok(record) = Record::parse(bytes) {
                    state.apply(&record, |event| {
                        let told = account.is_about(event).then(|| account.event(event, None)).flatten();
                        // A reader that went away ends the writing, not the counting.
                        let _closed = told.map(|text| print(&text));
                    });
                }
            }
        })
    });
    let summary = result.map_err(wrong)?;
    if let Some(cut) = summary.cut {
        tell(&format!(
            "{}: {cut}; the {} records before that were looked at",
            path.display(),
            summary.records
        ));
    }
    print(&text(|out| account.summary(out, rule)))
}
