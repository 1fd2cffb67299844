//! `-V`: which rules files are right, and what is wrong with the others.

use serde_json::{Map, Value};

use super::report::{FileReport, failure};
use crate::app::{AppError, output};

/// Prints the reports; an error when a file is invalid. `description` is the answer to `-L` or `-l`, shown in the same
/// document when everything is valid.
pub(super) fn answer(reports: &[FileReport], json: bool, description: Option<Value>) -> Result<(), AppError> {
    let failed = failure(reports);
    if json {
        output::print(&document(reports, description.filter(|_| failed.is_none())))?;
    } else {
        let shown = |report: &FileReport| {
            if report.is_successful() { report.status() } else { report.details() }
        };
        output::print(&format!("{}\n", reports.iter().map(shown).collect::<Vec<_>>().join("\n")))?;
        for report in reports.iter().filter(|report| report.is_successful()) {
            if report.details() != report.status() {
                output::tell(&report.details());
            }
        }
    }
    failed.map_or(Ok(()), |report| Err(AppError::Rules { report }))
}

fn document(reports: &[FileReport], description: Option<Value>) -> String {
    let mut object = Map::new();
    object.insert("falco_load_results".into(), reports.iter().map(FileReport::json).collect());
    if let Some(description) = description {
        object.insert("falco_describe_results".into(), description);
    }
    format!("{}\n", Value::Object(object))
}
