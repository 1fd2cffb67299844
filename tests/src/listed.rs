//! Known differences of a recorded run: a line a difference, its key and, in the last column, its reason. One that is missing
//! fails a test, and so does one that no longer differs.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};

/// A list and what was found beside it.
#[derive(Debug)]
pub struct Listed<'t> {
    file: &'static str,
    lines: BTreeMap<Vec<&'t str>, bool>,
    unlisted: Vec<String>,
}

impl<'t> Listed<'t> {
    /// Reads a list: columns separated by tabs, the last one the reason; `#` begins a comment.
    ///
    /// # Errors
    /// A line without a reason.
    pub fn parse(file: &'static str, text: &'t str) -> Result<Self> {
        let lines = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
            let (key, reason) = line.rsplit_once('\t')?;
            (!reason.is_empty()).then(|| (key.split('\t').collect(), false))
        });
        let lines = lines.collect::<Option<_>>().with_context(|| format!("{file}: a line has no reason"))?;
        Ok(Self { file, lines, unlisted: Vec::new() })
    }

    /// Notes a difference that any of these keys may list, the first one before the others.
    pub fn found<'k>(
        &mut self,
        keys: impl IntoIterator<Item = Vec<&'k str>>,
        difference: impl FnOnce() -> String,
    ) {
        for key in keys {
            if let Some((_, is_seen)) = self.lines.iter_mut().find(|(listed, _)| **listed == key) {
                *is_seen = true;
                return;
            }
        }
        self.unlisted.push(difference());
    }

    /// Fails if something was found that is not listed, or something is listed that was not found.
    ///
    /// # Errors
    /// All such differences.
    pub fn check(self) -> Result<()> {
        let Self { file, lines, unlisted } = self;
        let stale: Vec<_> = lines.into_iter().filter(|(_, is_seen)| !is_seen).map(|(key, _)| key).collect();
        ensure!(unlisted.is_empty(), "{} not in {file}:\n{}", unlisted.len(), unlisted.join("\n"));
        ensure!(stale.is_empty(), "in {file}, but no longer different: {stale:?}");
        Ok(())
    }
}
