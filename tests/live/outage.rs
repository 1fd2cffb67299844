//! The receiver is away or fails in another way, the agent is killed in the middle of a burst: what the spool had accepted arrives
//! after all of it, and what memory could not keep is counted. Figures are printed: sent, delivered, duplicated, lost.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use saker_tests::acts::{self, Acts, number};
use saker_tests::alert::Alert;
use saker_tests::ledger::flood;
use saker_tests::receiver::{Conduct, Receiver};
use saker_tests::sensor::{SOON, Sensor, Start, wait_for};

use crate::setup;

const RULE: &str = "Burst";
/// The agent is killed when so much is on disk, which is more than so many alerts.
const SPOOLED_BYTES: u64 = 1 << 20;
const N_SENT: usize = 1_000;
const HTTP: &[(&str, &str)] = &[("sink", "http")];
/// Between two acts: some hundred a second.
const PAUSE: Duration = Duration::from_millis(2);
/// The longest pause between two attempts, and a request that is not answered.
const LONG: Duration = Duration::from_secs(60);

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
        let is_empty = metrics.sum("saker_alerts_waiting", HTTP) == 0;
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

fn to_receiver(receiver: &Receiver, file: &Path) -> Result<Start> {
    let start = acts::watched(setup::sensor()?, "").option("http_output.enabled=true");
    let start = start.option("http_output.keep_alive=true").option("file_output.enabled=true");
    let start = start.option(&format!("file_output.filename={}", file.display()));
    Ok(start.option(&format!("http_output.url={}", receiver.url())))
}

/// Alerts to http with this result.
fn count(sensor: &Sensor, result: &str) -> Result<u64> {
    Ok(sensor.metrics()?.sum("saker_alerts_total", &[("sink", "http"), ("result", result)]))
}

/// Numbers of the acts that were taken, in order.
fn taken(receiver: &Receiver) -> Result<Vec<u64>> {
    Ok(receiver.alerts()?.iter().filter_map(number).collect())
}

/// The receiver behaves like this until two more attempts have failed. Meanwhile the file gets its alerts, and the agent is healthy.
fn endure(sensor: &Sensor, receiver: &Receiver, conduct: Conduct, file: &Path) -> Result<()> {
    let retries = || -> Result<u64> { Ok(sensor.metrics()?.sum("saker_alert_retries_total", HTTP)) };
    let before = retries()?;
    receiver.behave(conduct);
    let size = || Ok::<_, anyhow::Error>(fs::metadata(file)?.len());
    wait_for("failed attempts", LONG, || Ok((retries()? >= before + 2).then_some(())))
        .with_context(|| format!("{conduct:?}"))?;
    let had = size()?;
    wait_for("alerts in the file", SOON, || Ok((size()? > had).then_some(())))?;
    ensure!(sensor.get("/healthz")?.0 == 200, "{conduct:?}: {:?}", sensor.get("/healthz")?);
    Ok(())
}

/// 503, nobody there, no answer, gone in the middle, each after the other and each followed by a while that it is there.
#[test]
fn a_receiver_that_fails_in_each_way_gets_all_from_the_spool() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let (home, receiver) = (tempfile::tempdir()?, Receiver::away()?);
    let file = home.path().join("alerts.log");
    let start = to_receiver(&receiver, &file)?;
    let start = start.option(&format!("saker.spool_directory={}/spool", home.path().display()));
    let mut sensor = start.ready()?;
    let acts = Acts::start(PAUSE);
    for conduct in Conduct::ALL.into_iter().filter(|conduct| *conduct != Conduct::There) {
        endure(&sensor, &receiver, conduct, &file)?;
        receiver.come();
        let had = taken(&receiver)?.len();
        wait_for("alerts arrive again", LONG, || Ok((taken(&receiver)?.len() > had + 100).then_some(())))?;
    }
    let n_acts = acts.end()?;
    let sent = sensor.until_fence()?.iter().filter_map(number).count() as u64;
    ensure!(sent == n_acts, "{sent} of {n_acts} on standard output");
    wait_for("the spool is empty", LONG, || {
        let waiting = sensor.metrics()?.sum("saker_alerts_waiting", HTTP);
        Ok((waiting == 0 && count(&sensor, "delivered")? > n_acts).then_some(()))
    })?;
    let numbers = taken(&receiver)?;
    let distinct: BTreeSet<u64> = numbers.iter().copied().collect();
    println!(
        "receiver 503, down, deaf, dying: {n_acts} sent, {} delivered, {} duplicated, {} lost",
        distinct.len(),
        numbers.len() - distinct.len(),
        n_acts - distinct.len() as u64
    );
    ensure!(numbers.is_sorted(), "out of order");
    ensure!(distinct.len() as u64 == n_acts, "lost");
    ensure!(numbers.len() > distinct.len(), "the one that died in the middle cost no second delivery");
    ensure!(count(&sensor, "failed")? + count(&sensor, "discarded")? == 0, "counted as lost");
    let written = fs::read_to_string(&file)?;
    let written = written.lines().map(Alert::parse).collect::<Result<Vec<_>>>()?;
    ensure!(written.iter().filter_map(number).eq(0..n_acts), "the file has not each once and in order");
    Ok(())
}

/// Without a spool memory keeps them for as long as attempts are allowed; what is given up is counted, and the rest arrives.
#[test]
fn without_a_spool_what_is_given_up_is_counted() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let (home, receiver) = (tempfile::tempdir()?, Receiver::away()?);
    let file = home.path().join("alerts.log");
    let start = to_receiver(&receiver, &file)?.option("http_output.max_consecutive_timeouts=2");
    let mut sensor = start.ready()?;
    let acts = Acts::start(PAUSE);
    endure(&sensor, &receiver, Conduct::Away, &file)?;
    wait_for("alerts are given up", SOON, || Ok((count(&sensor, "failed")? > 0).then_some(())))?;
    endure(&sensor, &receiver, Conduct::Down, &file)?;
    receiver.come();
    wait_for("alerts arrive again", LONG, || Ok((taken(&receiver)?.len() > 100).then_some(())))?;
    let n_acts = acts.end()?;
    // The fence is one more.
    let sent = sensor.until_fence()?.iter().filter_map(number).count() as u64 + 1;
    ensure!(sent == n_acts + 1, "{sent} of {n_acts} on standard output");
    let (delivered, failed) = wait_for("all are accounted for", LONG, || {
        let counts = (count(&sensor, "delivered")?, count(&sensor, "failed")?);
        Ok((counts.0 + counts.1 >= sent).then_some(counts))
    })?;
    let numbers = taken(&receiver)?;
    let distinct: BTreeSet<u64> = numbers.iter().copied().collect();
    println!(
        "receiver 503, down, no spool: {sent} sent, {delivered} delivered, {} duplicated, {failed} lost and counted",
        numbers.len() - distinct.len()
    );
    ensure!(delivered + failed == sent && failed > 0, "{delivered} delivered and {failed} failed of {sent}");
    ensure!(distinct.len() as u64 + 1 == delivered, "{} arrived, {delivered} delivered", distinct.len() + 1);
    ensure!(numbers.is_sorted() && numbers.len() == distinct.len(), "out of order or twice");
    Ok(())
}
