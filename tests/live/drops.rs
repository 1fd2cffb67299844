//! Losses are told by themselves: an alert on a timer, with Falco's fields and the calls that are missing.

use anyhow::{Result, ensure};
use saker_tests::ledger::{flood, tiny_ring};
use saker_tests::sensor::SOON;

use crate::setup;

const RULE: &str = "Falco internal: syscall event drop";

#[test]
fn losses_alert_without_an_event_that_would() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let start = tiny_ring(setup::sensor()?).option("syscall_event_drops.threshold=0");
    let mut sensor = start.ready()?;
    let flood = flood(setup::actor(), 4, 200_000)?;
    // Nothing else matches a rule: only the timer can bring it.
    let alert = sensor.wait(SOON, |alert| alert.rule == RULE)?;
    flood.ebb()?;
    let n_drops: u64 = alert.field("n_drops").parse()?;
    ensure!(n_drops > 0 && alert.source == "internal" && alert.priority == "Debug", "{alert:?}");
    ensure!(alert.output == format!("{RULE}. {n_drops} system calls dropped in last second."), "{alert:?}");
    ensure!(alert.field("saker.missed_by_syscall").contains("openat="), "{alert:?}");
    // The flood is this test's, on the host.
    ensure!(alert.field("saker.missed_by_container").contains("host="), "{alert:?}");
    let body = sensor.get("/healthz")?.1;
    ensure!(body.contains("events of") && body.contains("were lost: openat="), "no gap in {body}");
    println!("{n_drops} of {} lost: {}", alert.field("n_evts"), alert.field("saker.missed_by_reason"));
    Ok(())
}
