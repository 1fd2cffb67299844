//! SIGTERM and SIGINT: what is in the ring is still told, the summary stands on standard error, the exit code is 0.

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use saker_tests::stage::{Host, Stage, Step};

use crate::setup;

const RULE: &str = "Seen before the end";

#[test]
fn signals_end_it_in_order() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let host = Host::new(setup::actor())?;
    for signal in [Signal::TERM, Signal::INT] {
        let condition = "evt.type = openat and fd.name = /etc/passwd and proc.name = last";
        let sensor = setup::sensor()?.rule(RULE, condition, "%fd.name %proc.cmdline").ready()?;
        // Nobody waits for the alert: the signal follows at once.
        host.perform(&Step { program: "last", act: &["read", "/etc/passwd"] }, "the-end")?;
        let ending = sensor.stop(signal)?;
        ensure!(ending.status.code() == Some(0), "{signal:?}: {}\n{}", ending.status, ending.errors);
        let alert = ending.alerts.iter().find(|alert| alert.rule == RULE);
        alert.with_context(|| format!("{signal:?}: the last event was not told:\n{}", ending.errors))?;
        for line in ["Events detected: 1", "   DEBUG: 1", "   Seen before the end: 1"] {
            ensure!(ending.errors.lines().any(|own| own == line), "no {line:?} in\n{}", ending.errors);
        }
        ensure!(ending.errors.contains(" seen, "), "nothing about events in\n{}", ending.errors);
    }
    Ok(())
}
