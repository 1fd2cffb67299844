//! `saker explain RULE FILE`: why a rule fired for the events of a recording, and why it did not.

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
    fs::File,
    io::BufReader,
    path::Path,
};

use crate::{
    app::{
        AppError,
        config::Config,
        files::{FileError, Trust},
        load,
        output::{print, tell, text},
        recording::{self, Fed},
        rule_files,
    },
    border::text::push_escaped,
    decode::{Record, recording::Reader},
    enrich::{Event, Limits, State},
    rules::{Explainer, Explanation, Naming},
};

/// Longest part of a condition that is shown, in characters.
const MAX_PART: usize = 120;
/// Deciding comparisons that the summary names.
const DECIDING: usize = 10;

/// Which events are shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice {
    /// The one with this number.
    pub(super) event: Option<u64>,
    /// Only those that match.
    pub(super) matches: bool,
    /// This many; all are counted.
    pub(super) limit: usize,
}

/// Explains the rule called `rule` for the events of `path` that it is about.
pub(super) fn explain(config: &Config, rule: &str, path: &Path, choice: Choice) -> Result<(), AppError> {
    let files = rule_files::read(&config.rules, Trust::Anyone)?;
    let explainer = load::explainer(&files.files, config, rule)?;
    let wrong = |source| AppError::Recording { path: path.to_owned(), source };
    let file = File::open(path).map_err(|source| FileError::Read { path: path.to_owned(), source })?;
    let reader = Reader::new(BufReader::new(file)).map_err(wrong)?;
    let mut told = Told { explainer, choice, shown: 0, seen: 0, matched: 0, deciding: BTreeMap::new() };
    let result = recording::replay(reader, 0, |host, files| {
        let mut state = State::new(host, Limits { processes: config.processes });
        state.recognise(config.engines.clone());
        let told = &mut told;
        Ok::<_, crate::decode::recording::RecordingError>(move |fed: Fed<'_>| match fed {
            // What cannot be decoded is counted by `replay`; here it is no event.
            Fed::Snapshot(bytes) => drop(state.seed(bytes, &files)),
            Fed::Record(bytes) => {
                if let Ok(record) = Record::parse(bytes) {
                    state.apply(&record, |event| told.event(event));
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
    print(&text(|out| told.summary(out, rule)))
}

struct Told {
    explainer: Explainer,
    choice: Choice,
    shown: usize,
    seen: u64,
    matched: u64,
    deciding: BTreeMap<String, u64>,
}

impl Told {
    fn event(&mut self, event: &Event<'_>) {
        if !self.explainer.is_about(event) {
            return;
        }
        let explanation = self.explainer.explain(event);
        self.seen += 1;
        self.matched += u64::from(explanation.is_match);
        if let Some(decisive) = &explanation.decisive {
            *self.deciding.entry(decisive.clone()).or_default() += 1;
        }
        let is_chosen = match self.choice.event {
            Some(number) => number == event.num,
            None => explanation.is_match || !self.choice.matches,
        };
        if is_chosen && self.shown < self.choice.limit {
            self.shown += 1;
            let text = text(|out| write(out, &Explainer::headline(event), &explanation));
            // A reader that went away ends the writing, not the counting.
            let _closed = print(&text);
        }
    }

    fn summary(&self, out: &mut String, rule: &str) -> fmt::Result {
        let Self { seen, matched, shown, .. } = self;
        writeln!(out, "rule `{rule}`: {seen} events of its types, {matched} match, {shown} shown")?;
        let mut deciding: Vec<_> = self.deciding.iter().collect();
        deciding.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        if !deciding.is_empty() {
            writeln!(out, "what ruled the others out:")?;
        }
        deciding
            .iter()
            .take(DECIDING)
            .try_for_each(|(part, count)| writeln!(out, "{count:>10}  {}", shortened(part)))
    }
}

fn write(out: &mut String, headline: &str, explanation: &Explanation) -> fmt::Result {
    push_escaped(out, headline);
    let verdict = match (explanation.is_match, explanation.naming) {
        (false, _) => "no match",
        (true, Naming::Spelled) => "MATCH",
        (true, Naming::Resolved) => "MATCH by the resolved name",
    };
    writeln!(out, ": {verdict}")?;
    for part in &explanation.parts {
        let mark = if part.holds { "true " } else { "false" };
        write!(out, "  {mark} {:indent$}{}", "", shortened(&part.label), indent = part.depth * 2)?;
        if let Some(value) = &part.value {
            out.push_str("    [");
            match value {
                Some(value) => push_escaped(out, &shortened(&String::from_utf8_lossy(value))),
                None => out.push_str("absent"),
            }
            out.push(']');
        }
        out.push('\n');
    }
    out.push('\n');
    Ok(())
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= MAX_PART {
        return text.to_owned();
    }
    let kept: String = text.chars().take(MAX_PART).collect();
    format!("{kept}…")
}
