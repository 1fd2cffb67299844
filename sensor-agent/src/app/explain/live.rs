//! One rule of the running agent, watched for an operator. It costs the hot thread a branch when nobody watches, and a bounded
//! part of its time when somebody does: the events that alert, and so many others a second.

use std::{
    fmt::Write,
    time::{Duration, Instant},
};

use super::{Account, Choice};
use crate::{
    app::{AppError, Chain, output::text},
    border::explain::{Answer, Piece, Question},
    enrich::{Event, Pinned, State},
    past::{OF_RULE, Past},
    rules::Explainer,
};

/// Events without an alert that are looked at in one second; each takes some microseconds.
const LOOKS: u64 = 1000;
const REFILL: Duration = Duration::from_secs(1);
/// Bytes that are shown of one event.
const MAX_TEXT: usize = 64 << 10;

/// The watch.
#[derive(Debug)]
pub(in crate::app) struct Watch {
    number: u64,
    rule: String,
    /// Events of the past that are shown first.
    last: usize,
    account: Account,
    bounds: Bounds,
    /// The rule alerts for the event that is evaluated now.
    has_alerted: bool,
}

impl Watch {
    /// Of what `question` asks, with `explainer` of the rule that it names.
    pub(in crate::app) fn open(
        question: Question,
        explainer: Result<Explainer, AppError>,
        now: Instant,
    ) -> Result<Self, Piece> {
        let explainer = explainer.map_err(|error| match error {
            AppError::Unknown { .. } => Piece::Unknown,
            error => Piece::Refused(Chain(&error).to_string()),
        })?;
        let bounds = Bounds::new(&question, now);
        let limit = question.limit.clamp(1, Question::MAX_EVENTS);
        let choice = Choice { event: None, matches: question.matches, process: question.process, limit };
        let account = Account::new(explainer, choice);
        let last = question.last.min(OF_RULE);
        Ok(Self { number: question.number, rule: question.rule, last, account, bounds, has_alerted: false })
    }

    /// Name of the rule.
    pub(in crate::app) fn rule(&self) -> &str {
        &self.rule
    }

    /// The events that the rule at `index` alerted for last, of `alerts` alerts since the start.
    pub(super) fn before(&self, past: &Past, state: &State, index: usize, alerts: u64) -> Vec<Answer> {
        if self.last == 0 {
            return Vec::new();
        }
        let kept = past.last(index, OF_RULE).filter(|event| self.account.is_of(event.actor()));
        let kept: Vec<_> = kept.collect();
        let shown = kept.get(kept.len().saturating_sub(self.last)..).unwrap_or_default();
        let head = match shown.len() {
            0 => format!("alerts of rule `{}` so far: {alerts}; no event is kept\n", self.rule),
            n => format!("alerts of rule `{}` so far: {alerts}; the last {n} that are kept:\n", self.rule),
        };
        let again = |event: &&Pinned| {
            event.again(state, state.metadata(event.actor()), |event| cut(self.account.past_event(event)))
        };
        let texts = std::iter::once(head).chain(shown.iter().filter_map(again));
        texts.map(|text| self.answer(Piece::Text(text))).collect()
    }

    /// It is watched from now on, or the past is all that was asked for: then this is the end.
    pub(super) fn begin(self: Box<Self>) -> (Answer, Option<Box<Self>>) {
        if self.bounds.is_nothing {
            return (self.answer(Piece::End(String::new())), None);
        }
        (self.answer(Piece::Text(format!("watching rule `{}`\n", self.rule))), Some(self))
    }

    /// This rule alerts for the event that is evaluated now.
    pub(in crate::app) fn fired(&mut self, rule: &str) {
        self.has_alerted |= rule == self.rule;
    }

    /// Takes an event that was evaluated; what is to be shown of it.
    pub(in crate::app) fn event(&mut self, event: &Event<'_>) -> Option<Answer> {
        let has_alerted = std::mem::take(&mut self.has_alerted);
        if self.account.is_full() || !self.account.is_about(event) || !self.bounds.may_look(has_alerted) {
            return None;
        }
        let told = self.account.event(event, Some(has_alerted))?;
        Some(self.answer(Piece::Text(cut(told))))
    }

    /// Tells the time; why the watch is over, if it is.
    pub(in crate::app) fn tick(&mut self, now: Instant) -> Option<&'static str> {
        if self.account.is_full() {
            return Some("as many events as asked for");
        }
        self.bounds.tick(now).then_some("the time is over")
    }

    /// What became of all.
    pub(in crate::app) fn end(&self, why: &str) -> Answer {
        let passed = self.bounds.passed;
        self.answer(Piece::End(text(|out| {
            self.account.summary(out, &self.rule)?;
            if passed > 0 {
                writeln!(out, "{passed} more events of its types came too fast to be looked at")?;
            }
            writeln!(out, "the watch has ended: {why}")
        })))
    }

    fn answer(&self, piece: Piece) -> Answer {
        Answer { number: self.number, piece }
    }
}

/// What a watch may take.
#[derive(Debug)]
struct Bounds {
    /// No time at all.
    is_nothing: bool,
    until: Instant,
    refill: Instant,
    looks: u64,
    /// Events that nobody looked at.
    passed: u64,
}

impl Bounds {
    fn new(question: &Question, now: Instant) -> Self {
        let until = now + Duration::from_millis(question.for_ms.min(Question::MAX_MS));
        Self { is_nothing: question.for_ms == 0, until, refill: now + REFILL, looks: LOOKS, passed: 0 }
    }

    /// Whether another event may be looked at.
    fn may_look(&mut self, has_alerted: bool) -> bool {
        if has_alerted {
            return true;
        }
        let may = self.looks > 0;
        self.looks -= u64::from(may);
        self.passed += u64::from(!may);
        may
    }

    /// Whether the time is over.
    fn tick(&mut self, now: Instant) -> bool {
        if now >= self.refill {
            (self.refill, self.looks) = (now + REFILL, LOOKS);
        }
        now >= self.until
    }
}

/// A condition may be as long as its author likes.
fn cut(mut text: String) -> String {
    if text.len() > MAX_TEXT {
        let end = (0..=MAX_TEXT).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push_str("…\n\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_are_looked_at_so_often_a_second() {
        let begin = Instant::now();
        let mut bounds = Bounds::new(&Question { for_ms: 10_000, ..Question::default() }, begin);
        let looked = (0..3 * LOOKS).filter(|_| bounds.may_look(false)).count() as u64;
        assert_eq!((looked, bounds.passed), (LOOKS, 2 * LOOKS));
        assert!(bounds.may_look(true), "an alert always");
        assert!(!bounds.tick(begin + REFILL / 2) && !bounds.may_look(false));
        assert!(!bounds.tick(begin + REFILL) && bounds.may_look(false));
    }

    #[test]
    fn it_ends() {
        let begin = Instant::now();
        let mut bounds = Bounds::new(&Question { for_ms: u64::MAX, ..Question::default() }, begin);
        let longest = Duration::from_millis(Question::MAX_MS);
        assert!(!bounds.tick(begin + longest / 2));
        assert!(bounds.tick(begin + longest));
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let kept = cut("ä".repeat(MAX_TEXT));
        assert_eq!(kept.len(), MAX_TEXT + "…\n\n".len());
        assert_eq!(cut("short".to_owned()), "short");
    }

    #[test]
    fn a_rule_that_does_not_exist_is_told_as_that() {
        let unknown = AppError::Unknown { kind: "rule", name: "r".to_owned() };
        let opened = Watch::open(Question::default(), Err(unknown), Instant::now());
        assert_eq!(opened.err(), Some(Piece::Unknown));
    }
}
