//! What one rule makes of events, told to a reader: the same for a recording and for the running agent.

pub(super) mod live;
mod witness;

pub(super) use live::Watch;
pub(super) use witness::Witness;

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
};

use super::output::text;
use crate::{
    border::text::push_escaped,
    enrich::{Event, Process},
    rules::{Explainer, Explanation, Naming},
};

/// Longest part of a condition that is shown, in characters.
const MAX_PART: usize = 120;
/// Deciding comparisons that the summary names.
const DECIDING: usize = 10;

/// Behind the verdict of an event that matches and has no alert.
const SILENT: &str = ", but no alert: the rule is off, or one before it took the event";
/// Behind that of an event that had one and does not match.
const CHANGED: &str =
    " by now, but it alerted: since then the rule or what is known of the container or user has changed";

/// Which events are shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Choice {
    /// The one with this number.
    pub(super) event: Option<u64>,
    /// Only those that match.
    pub(super) matches: bool,
    /// Only those of processes with this name.
    pub(super) process: Option<String>,
    /// This many; all are counted.
    pub(super) limit: usize,
}

/// A rule, and what became of the events that it is about.
#[derive(Debug)]
pub(super) struct Account {
    explainer: Explainer,
    choice: Choice,
    shown: usize,
    seen: u64,
    matched: u64,
    /// By what ruled events out: parts of one condition, so there are not many.
    deciding: BTreeMap<String, u64>,
}

impl Account {
    pub(super) fn new(explainer: Explainer, choice: Choice) -> Self {
        Self { explainer, choice, shown: 0, seen: 0, matched: 0, deciding: BTreeMap::new() }
    }

    /// Whether the rule and the choice are about events like this one.
    pub(super) fn is_about(&self, event: &Event<'_>) -> bool {
        self.is_of(event.actor) && self.explainer.is_about(event)
    }

    /// Whether the choice is about what this process does.
    pub(super) fn is_of(&self, process: &Process) -> bool {
        self.choice.process.as_ref().is_none_or(|name| *process.name == *name.as_bytes())
    }

    /// Takes an event that it is about; what is to be shown of it. `has_alerted` is known of the running agent's.
    pub(super) fn event(&mut self, event: &Event<'_>, has_alerted: Option<bool>) -> Option<String> {
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
        if !is_chosen || self.is_full() {
            return None;
        }
        self.shown += 1;
        let is_silent = explanation.is_match && has_alerted == Some(false);
        let but = if is_silent { SILENT } else { "" };
        Some(text(|out| write(out, &Explainer::headline(event), &explanation, but)))
    }

    /// What is to be shown of an event that it alerted for some time ago.
    pub(super) fn past_event(&self, event: &Event<'_>) -> String {
        let explanation = self.explainer.explain(event);
        let but = if explanation.is_match { "" } else { CHANGED };
        text(|out| write(out, &Explainer::headline(event), &explanation, but))
    }

    /// Whether as many are shown as were asked for.
    pub(super) fn is_full(&self) -> bool {
        self.shown >= self.choice.limit
    }

    /// What became of all.
    pub(super) fn summary(&self, out: &mut String, rule: &str) -> fmt::Result {
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

fn write(out: &mut String, headline: &str, explanation: &Explanation, but: &str) -> fmt::Result {
    push_escaped(out, headline);
    let verdict = match (explanation.is_match, explanation.naming) {
        (false, _) => "no match",
        (true, Naming::Spelled) => "MATCH",
        (true, Naming::Resolved) => "MATCH by the resolved name",
    };
    writeln!(out, ": {verdict}{but}")?;
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

#[cfg(test)]
mod tests;
