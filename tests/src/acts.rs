//! Acts that a rule of the test alerts on, each with a number: what was done can be compared with what was told.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::alert::Alert;
use crate::calls::MKDIR;
use crate::sensor::Start;

/// Name of the rule.
pub const RULE: &str = "Act";

/// The agent with the rule; its alerts say these fields, too.
#[must_use]
pub fn watched(start: Start, fields: &str) -> Start {
    let condition = format!("evt.type = {MKDIR} and evt.arg.path startswith /saker-act/");
    start.rule(RULE, &condition, &format!("%evt.arg.path {fields}"))
}

/// An act of this number: a directory that cannot be made.
pub fn act(number: u64) -> Result<()> {
    ensure!(fs::create_dir(format!("/saker-act/{number}")).is_err(), "/saker-act exists");
    Ok(())
}

/// The act that an alert is about.
pub fn number(alert: &Alert) -> Option<u64> {
    (alert.rule == RULE).then(|| alert.field("evt.arg.path").rsplit('/').next()?.parse().ok())?
}

/// Acts all the time, on a thread of their own.
pub struct Acts {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<Result<u64>>,
}

impl Acts {
    /// Begins with number 0; `pause` is made after each.
    pub fn start(pause: Duration) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let own = Arc::clone(&is_over);
        let thread = thread::spawn(move || {
            let mut n_acts = 0;
            while !own.load(Ordering::Relaxed) {
                act(n_acts)?;
                n_acts += 1;
                thread::sleep(pause);
            }
            Ok(n_acts)
        });
        Self { is_over, thread }
    }

    /// How many there were, once they have ended.
    pub fn end(self) -> Result<u64> {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|panic| anyhow::anyhow!("the acts panicked: {panic:?}"))?
    }
}
