//! The receiver is away, the agent is killed in the middle of a burst: what the spool had accepted arrives after both.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Result, ensure};
use rustix::process::Signal;
use saker_tests::alert::Alert;
use saker_tests::ledger::flood;
use saker_tests::receiver::Receiver;
use saker_tests::sensor::{SOON, Start, wait_for};

use crate::setup;

const RULE: &str = "Burst";
/// The agent is killed when so much is on disk, which is more than so many alerts.
const SPOOLED_BYTES: u64 = 1 << 20;
const N_SENT: usize = 1_000;
const SPOOLED: &[(&str, &str)] = &[("sink", "http")];

#[test]
fn a_killed_agents_alerts_are_delivered_by_the_next() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let home = tempfile::tempdir()?;
    let receiver = Receiver::away()?;
    let start = || -> Result<Start> {
        let start = setup::sensor()?.rule(RULE, "evt.type = openat and fd.name = /saker-flood", "%evt.num");
        let start = start.option("http_output.enabled=true").option("http_output.keep_alive=true");
        let start = start.option(&format!("http_output.url={}", receiver.url()));
        Ok(start.option(&format!("saker.spool_directory={}/spool", home.path().display())))
    };
    let sensor = start()?.ready()?;
    let flood = flood(setup::actor(), 2, 1_000_000)?;
    wait_for("alerts in the spool", SOON, || {
        let files = fs::read_dir(home.path().join("spool"))?;
        let sizes = files.map(|file| Ok(file?.metadata()?.len())).collect::<Result<Vec<u64>>>()?;
        Ok((sizes.iter().sum::<u64>() > SPOOLED_BYTES).then_some(()))
    })?;
    let ending = sensor.stop(Signal::KILL)?;
    drop(flood);
    ensure!(ending.status.code().is_none(), "not killed: {}", ending.status);
    let key = |alert: &Alert| alert.field("evt.num").parse::<u64>().unwrap_or_default();
    let sent: BTreeSet<_> = ending.alerts.iter().filter(|alert| alert.rule == RULE).map(key).collect();
    ensure!(sent.len() > N_SENT, "only {} on standard output", sent.len());
    ensure!(receiver.alerts()?.is_empty(), "the receiver was away");

    receiver.come();
    let sensor = start()?.ready()?;
    wait_for("the spool is empty", SOON, || {
        let metrics = sensor.metrics()?;
        let is_empty = metrics.sum("saker_alerts_waiting", SPOOLED) == 0;
        let delivered = metrics.sum("saker_alerts_total", &[("sink", "http"), ("result", "delivered")]);
        Ok((is_empty && delivered > N_SENT as u64).then_some(()))
    })?;
    sensor.stop(Signal::TERM)?;

    let taken: Vec<_> = receiver.alerts()?.iter().filter(|alert| alert.rule == RULE).map(key).collect();
    let distinct: BTreeSet<_> = taken.iter().copied().collect();
    let lost = sent.difference(&distinct).count();
    println!(
        "receiver away, kill -9 in a burst: {} sent (standard output), {} delivered, {} duplicated, {lost} lost (still in memory)",
        sent.len(),
        distinct.len(),
        taken.len() - distinct.len()
    );
    ensure!(taken.is_sorted(), "out of order");
    ensure!(distinct.len() > N_SENT, "what the spool had accepted did not arrive");
    Ok(())
}
