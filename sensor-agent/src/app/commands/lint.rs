//! `saker lint`: what is to be said of rules files, with file, line and caret.

use std::path::PathBuf;

use crate::app::{
    AppError,
    config::Config,
    files::Trust,
    load,
    output::{print, tell},
    rule_files,
};

/// Looks at `files`, or at the configured ones where none is named. Errors fail, findings too where they are denied.
pub(super) fn lint(config: &Config, files: &[PathBuf], deny_warnings: bool) -> Result<(), AppError> {
    let files = if files.is_empty() {
        rule_files::read(&config.rules, Trust::Anyone)?.files
    } else {
        rule_files::read_named(files)?
    };
    let found = load::lint(&files, config);
    for fault in found.errors.iter().chain(&found.findings) {
        print(&format!("{fault}\n\n"))?;
    }
    let (errors, findings) = (found.errors.len(), found.findings.len());
    tell(&format!("{} files, {errors} errors, {findings} findings", files.len()));
    match errors + if deny_warnings { findings } else { 0 } {
        0 => Ok(()),
        faults => Err(AppError::Findings { faults }),
    }
}
