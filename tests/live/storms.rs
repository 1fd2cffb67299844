//! What operators and disks do to a running agent: configuration replaced again and again, storms of signals, full disks.
//! Figures are printed: sent, delivered, lost.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use rustix::process::{Signal, kill_process};
use saker_tests::acts::{self, Acts, act, number};
use saker_tests::alert::Alert;
use saker_tests::receiver::Receiver;
use saker_tests::sensor::{SOON, Sensor, Start, wait_for};
use tempfile::TempDir;

use crate::setup;

/// Between two acts: about ten thousand a second, which outputs shall bear.
const PAUSE: Duration = Duration::from_micros(50);
/// For hundreds of reloads one after the other.
const LONG: Duration = Duration::from_secs(120);

/// The agent with a rule on acts.
fn sensor() -> Result<Start> {
    Ok(acts::watched(setup::sensor()?, "").option("outputs_queue.capacity=1000000"))
}

/// Every act has its alert, and the agent sees.
fn all_told(sensor: &mut Sensor, what: &str, n_acts: u64) -> Result<()> {
    let alerts = sensor.until_fence()?;
    let told: BTreeSet<u64> = alerts.iter().filter_map(number).collect();
    let metrics = sensor.metrics()?;
    let reloads = |result| metrics.sum("saker_reloads_total", &[("result", result)]);
    println!(
        "{what}: {} reloads, {} refused; {n_acts} acts, {} told",
        reloads("done"),
        reloads("refused"),
        told.len()
    );
    ensure!(told.len() as u64 == n_acts, "{n_acts} acts, {} told", told.len());
    ensure!(sensor.get("/healthz")?.0 == 200, "{:?}", sensor.get("/healthz")?);
    Ok(())
}

/// Every tenth is torn in the middle; what counts is that the last one holds and no act goes by untold.
#[test]
fn a_thousand_configurations_lose_no_alert() -> Result<()> {
    const N: u64 = 1_000;
    if setup::is_skipped() {
        return Ok(());
    }
    let directory = TempDir::new()?;
    let (file, next) = (directory.path().join("extra.yaml"), directory.path().join("next"));
    let replace = |round: u64| -> Result<()> {
        let torn = if round % 10 == 5 { "priority: [" } else { "" };
        fs::write(&next, format!("append_output: [{{extra_fields: [{{round: '{round}'}}]}}]\n{torn}\n"))?;
        Ok(fs::rename(&next, &file)?)
    };
    replace(0)?;
    let mut sensor = sensor()?.option(&format!("config_files[]={}", file.display())).ready()?;
    let acts = Acts::start(PAUSE);
    let begin = Instant::now();
    for round in 1..=N {
        replace(round)?;
        // Longer pauses between some of them, so that many are taken up, torn ones too.
        let pause = if round % 20 < 6 { 120 } else { 1 };
        thread::sleep(Duration::from_millis(pause));
    }
    let took = begin.elapsed();
    // The alerts so far are taken in passing: one that has the last file's field says that it holds.
    let last =
        sensor.wait(SOON, |alert| alert.rule == acts::RULE && alert.field("round") == N.to_string())?;
    let n_acts = acts.end()?;
    let rest = number(&last).context("an act")?;
    let mut told: BTreeSet<u64> = sensor.until_fence()?.iter().filter_map(number).collect();
    told.insert(rest);
    let metrics = sensor.metrics()?;
    let reloads = |result| metrics.sum("saker_reloads_total", &[("result", result)]);
    println!(
        "{N} configurations in {took:?}: {} reloads, {} refused; {n_acts} acts, {} told",
        reloads("done"),
        reloads("refused"),
        told.len()
    );
    ensure!(told.len() as u64 == n_acts, "{n_acts} acts, {} told", told.len());
    ensure!(reloads("done") > 10 && reloads("refused") > 0, "hardly any was taken up");
    ensure!(sensor.get("/healthz")?.0 == 200, "{:?}", sensor.get("/healthz")?);
    Ok(())
}

/// Signals as fast as one can send them: none costs an alert, the last one's rules hold, and the end is not kept waiting.
#[test]
fn a_storm_of_sighup_loses_no_alert_and_delays_no_end() -> Result<()> {
    const N: u64 = 10_000;
    if setup::is_skipped() {
        return Ok(());
    }
    let start = sensor()?.rule_file(setup::bundled()).option("watch_config_files=false");
    let mut sensor = start.ready()?;
    let pid = sensor.pid()?;
    let acts = Acts::start(PAUSE);
    for _ in 0..N {
        kill_process(pid, Signal::HUP)?;
    }
    let reloads = |sensor: &Sensor| -> Result<u64> {
        Ok(sensor.metrics()?.sum("saker_reloads_total", &[("result", "done")]))
    };
    wait_for("a reload", SOON, || Ok((reloads(&sensor)? > 0).then_some(())))?;
    let n_acts = acts.end()?;
    all_told(&mut sensor, "10,000 SIGHUP", n_acts)?;
    for _ in 0..N {
        kill_process(pid, Signal::HUP)?;
    }
    let begin = Instant::now();
    let ending = sensor.stop(Signal::TERM)?;
    println!("SIGTERM behind 10,000 SIGHUP: {:?}", begin.elapsed());
    ensure!(ending.status.success(), "{}: {}", ending.status, ending.errors);
    let reloads = ending.errors.matches("rules loaded again").count();
    println!("20,000 SIGHUP: {reloads} reloads in all");
    ensure!(reloads < 100, "{reloads} reloads: the end has waited for many");
    Ok(())
}

/// A file system of a few KiB.
struct Tiny(TempDir);

impl Tiny {
    fn new(options: &std::ffi::CStr) -> Result<Self> {
        let directory = TempDir::new()?;
        mount("tmpfs", directory.path(), "tmpfs", MountFlags::empty(), Some(options))?;
        Ok(Self(directory))
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

impl Drop for Tiny {
    fn drop(&mut self) {
        unmount(self.0.path(), UnmountFlags::DETACH).ok();
    }
}

/// Alerts to a sink with this result.
fn count(sensor: &Sensor, sink: &str, result: &str) -> Result<u64> {
    Ok(sensor.metrics()?.sum("saker_alerts_total", &[("sink", sink), ("result", result)]))
}

/// Whole lines of a file.
fn written(path: &Path) -> Result<Vec<u64>> {
    Ok(fs::read_to_string(path)?.lines().filter_map(|line| number(&Alert::parse(line).ok()?)).collect())
}

#[test]
fn a_full_disk_costs_the_files_alerts_only() -> Result<()> {
    const N: u64 = 500;
    if setup::is_skipped() {
        return Ok(());
    }
    for keep_alive in [false, true] {
        let disk = Tiny::new(c"size=32k,mode=0755")?;
        let file = disk.at("alerts.log");
        let start = sensor()?
            .option("file_output.enabled=true")
            .option(&format!("file_output.keep_alive={keep_alive}"));
        let mut sensor = start.option(&format!("file_output.filename={}", file.display())).ready()?;
        (0..N).try_for_each(act)?;
        let told: Vec<u64> = sensor.until_fence()?.iter().filter_map(number).collect();
        ensure!(told == (0..N).collect::<Vec<_>>(), "standard output: {} of {N}", told.len());
        let failed = wait_for("failures", SOON, || {
            let both = (count(&sensor, "file", "delivered")?, count(&sensor, "file", "failed")?);
            Ok((both.0 + both.1 > N).then_some(both.1))
        })?;
        let before = written(&file)?;
        ensure!(failed > 0 && !before.is_empty() && before.len() < N as usize, "{failed} failed, {before:?}");
        ensure!(before == (0..before.len() as u64).collect::<Vec<_>>(), "{before:?}");
        ensure!(sensor.get("/healthz")?.0 == 200, "{:?}", sensor.get("/healthz")?);
        // Somebody makes room.
        OpenOptions::new().write(true).open(&file)?.set_len(0)?;
        (N..N + 10).try_for_each(act)?;
        sensor.until_fence()?;
        let after = wait_for("alerts in the file again", SOON, || {
            Ok(Some(written(&file)?).filter(|lines| lines.last() == Some(&(N + 9))))
        })?;
        ensure!(after == (N..N + 10).collect::<Vec<_>>(), "{after:?}");
        println!(
            "disk full, keep_alive {keep_alive}: {N} sent, {} written, {failed} failed and counted; then 10 of 10",
            before.len()
        );
        let ending = sensor.stop(Signal::TERM)?;
        ensure!(ending.status.success(), "{}", ending.errors);
        let told = ending.errors.matches("alerts are not delivered").count();
        ensure!(told == 1, "said {told} times:\n{}", ending.errors);
    }
    Ok(())
}

#[test]
fn a_full_disk_under_the_spool_is_counted_and_heals() -> Result<()> {
    const N: u64 = 500;
    if setup::is_skipped() {
        return Ok(());
    }
    let disk = Tiny::new(c"size=64k,mode=0755")?;
    let receiver = Receiver::away()?;
    let start = sensor()?.option("http_output.enabled=true").option("http_output.keep_alive=true");
    let start = start.option(&format!("http_output.url={}", receiver.url()));
    let mut sensor =
        start.option(&format!("saker.spool_directory={}", disk.at("spool").display())).ready()?;
    (0..N).try_for_each(act)?;
    let told = sensor.until_fence()?.iter().filter_map(number).count() as u64;
    ensure!(told == N, "standard output: {told} of {N}");
    let spooled = || -> Result<(u64, u64)> {
        let lost = count(&sensor, "http", "failed")? + count(&sensor, "http", "discarded")?;
        Ok((sensor.metrics()?.sum("saker_alerts_waiting", &[("sink", "http")]), lost))
    };
    // The fence is one, too.
    let (waiting, lost) =
        wait_for("all counted", SOON, || Ok(Some(spooled()?).filter(|it| it.0 + it.1 > N)))?;
    ensure!(waiting > 0 && lost > 0, "{waiting} waiting, {lost} lost");
    ensure!(sensor.get("/healthz")?.0 == 200, "{:?}", sensor.get("/healthz")?);
    receiver.come();
    wait_for("the spool is empty", LONG, || Ok((spooled()?.0 == 0).then_some(())))?;
    (N..N + 10).try_for_each(act)?;
    sensor.until_fence()?;
    let taken = wait_for("alerts arrive again", SOON, || {
        let numbers: Vec<u64> = receiver.alerts()?.iter().filter_map(number).collect();
        Ok(Some(numbers).filter(|numbers| numbers.last() == Some(&(N + 9))))
    })?;
    ensure!(taken.is_sorted(), "{taken:?}");
    let distinct: BTreeSet<u64> = taken.iter().copied().collect();
    ensure!(distinct.len() as u64 == taken.len() as u64, "twice: {taken:?}");
    ensure!((N..N + 10).all(|number| distinct.contains(&number)), "{taken:?}");
    println!(
        "disk full under the spool: {N} sent, {waiting} spooled, {lost} lost and counted; then 10 of 10"
    );
    Ok(())
}
