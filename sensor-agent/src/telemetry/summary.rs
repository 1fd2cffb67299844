//! What is said at the end, on stderr: Falco's two lists (spec/rules.md 4.6), then what was seen and lost.

use std::fmt;

use sensor_common::ledger::Reason;

use crate::border::{Priority, SinkCount, Stats, text::push_visible};

/// The report; `Display` is its text, with a line break at the end.
#[derive(Clone, Copy, Debug)]
pub struct Summary<'a> {
    /// The last statistics.
    pub stats: &'a Stats,
    /// What became of the alerts.
    pub sinks: &'a [SinkCount],
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rules = || self.stats.rules.iter().filter(|rule| rule.count > 0);
        writeln!(f, "Events detected: {}", rules().map(|rule| rule.count).sum::<u64>())?;
        writeln!(f, "Rule counts by severity:")?;
        for (number, priority) in (0_u8..).zip(Priority::ALL) {
            let count: u64 = rules().filter(|rule| rule.priority == number).map(|rule| rule.count).sum();
            if count > 0 {
                writeln!(f, "   {}: {count}", severity(priority))?;
            }
        }
        writeln!(f, "Triggered rules by rule name:")?;
        for rule in rules() {
            let mut name = String::new();
            push_visible(&mut name, &rule.rule);
            writeln!(f, "   {name}: {}", rule.count)?;
        }
        self.events(f)?;
        for SinkCount { sink, delivered, failed, discarded, waiting, .. } in self.sinks {
            write!(f, "Alerts to {sink}: {delivered} delivered, {failed} failed, {discarded} discarded")?;
            // Left in the spool, for the next start.
            match waiting {
                0 => writeln!(f)?,
                waiting => writeln!(f, ", {waiting} left")?,
            }
        }
        Ok(())
    }
}

impl Summary<'_> {
    fn events(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stats = self.stats;
        let total = |reason: Reason| stats.total(reason.label());
        write!(f, "Events: {} seen, {} filtered, ", total(Reason::Seen), total(Reason::Filtered))?;
        write!(f, "{} submitted, {} lost", total(Reason::Submitted), stats.lost())?;
        let reasons = Reason::ALL.into_iter().filter(|reason| reason.is_loss() && total(*reason) > 0);
        for (index, reason) in reasons.enumerate() {
            write!(f, "{}{} {}", if index == 0 { ": " } else { ", " }, reason.label(), total(reason))?;
        }
        match stats.skipped() {
            0 => writeln!(f),
            skipped => writeln!(f, "; {skipped} runs skipped by the kernel"),
        }
    }
}

/// Upper case, and Falco's short form of Informational.
fn severity(priority: Priority) -> String {
    match priority {
        Priority::Informational => "INFO".to_owned(),
        other => other.label().to_ascii_uppercase(),
    }
}
