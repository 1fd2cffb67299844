//! SIGHUP: a broken rule takes no other one down, a torn file changes nothing, and both are told by an alert.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use rustix::process::{Signal, kill_process};
use saker_tests::sensor::{SOON, Sensor, rule, wait_for};
use tempfile::TempDir;

use crate::setup;

const LEFT_OUT: &str = "Falco internal: rules left out";
const REFUSED: &str = "Falco internal: hot restart failure";
const BROKEN: &str =
    "- rule: Broken\n  desc: d\n  condition: evt.typo = mkdir\n  output: o\n  priority: INFO\n";
const TORN: &str = "- rule: Torn\n  desc: \"never closed\n";

/// An mkdir below a directory that does not exist.
fn below(directory: &str) -> String {
    format!("evt.type = mkdir and evt.arg.path startswith /saker-{directory}/")
}

/// The rules that alert when both directories are tried.
fn told(sensor: &mut Sensor) -> Result<Vec<String>> {
    for directory in ["old", "new"] {
        ensure!(fs::create_dir(format!("/saker-{directory}/x")).is_err(), "/saker-{directory} exists");
    }
    let alerts = sensor.until_fence()?.into_iter().map(|alert| alert.rule);
    Ok(alerts.filter(|rule| rule == "old" || rule == "new").collect())
}

/// Reloads, and waits for the alert that says how it went.
fn reload(sensor: &mut Sensor, alert: &str) -> Result<()> {
    kill_process(sensor.pid()?, Signal::HUP)?;
    sensor.wait(SOON, |told| told.rule == alert).map(drop)
}

#[test]
fn a_reload_never_takes_good_rules_down() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let directory = TempDir::new()?;
    let local = directory.path().join("local.yaml");
    fs::write(&local, TORN)?;
    let mut sensor = setup::sensor()?.rule("old", &below("old"), "o").rule_file(&local).ready()?;
    let alert = sensor.wait(SOON, |alert| alert.rule == LEFT_OUT)?;
    ensure!(alert.output.contains("local.yaml:2:") && !alert.output.contains("rule `"), "{alert:?}");
    ensure!(told(&mut sensor)? == ["old"], "at start");

    fs::write(&local, rule("new", &below("new"), "o") + BROKEN)?;
    reload(&mut sensor, LEFT_OUT)?;
    ensure!(told(&mut sensor)? == ["old", "new"], "beside a broken rule");
    ensure!(sensor.get("/healthz")?.1.contains("evt.typo"), "the fault is not in /healthz");

    fs::write(&local, TORN)?;
    reload(&mut sensor, REFUSED)?;
    ensure!(told(&mut sensor)? == ["old", "new"], "after a torn file");

    fs::write(&local, "[]\n")?;
    kill_process(sensor.pid()?, Signal::HUP)?;
    wait_for("the rules without the local file", SOON, || Ok((told(&mut sensor)? == ["old"]).then_some(())))
}

#[test]
fn a_changed_file_needs_no_signal() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let directory = TempDir::new()?;
    let local = directory.path().join("local.yaml");
    fs::write(&local, rule("old", &below("old"), "o"))?;
    let mut sensor = setup::sensor()?.rule_file(&local).ready()?;
    ensure!(told(&mut sensor)? == ["old"], "at start");
    let next = directory.path().join("next");
    fs::write(&next, rule("new", &below("new"), "o"))?;
    fs::rename(&next, &local)?;
    wait_for("the renamed file's rule", SOON, || Ok((told(&mut sensor)? == ["new"]).then_some(())))?;
    fs::write(&local, TORN)?;
    sensor.wait(SOON, |alert| alert.rule == REFUSED)?;
    ensure!(told(&mut sensor)? == ["new"], "after a torn file");
    Ok(())
}

/// Issue 6: events that match all the time lose no alert in 100 reloads, and each alert says which rules it is of.
#[test]
fn a_hundred_reloads_lose_no_alert() -> Result<()> {
    const RELOADS: u64 = 100;
    if setup::is_skipped() {
        return Ok(());
    }
    let directory = TempDir::new()?;
    let local = directory.path().join("local.yaml");
    fs::write(&local, rule("old", &below("old"), "%evt.arg.path"))?;
    let start = setup::sensor()?.rule_file(&local).option("saker.alert_generation=true");
    // Changed files must not make reloads of their own: they are counted.
    let mut sensor =
        start.option("watch_config_files=false").option("outputs_queue.capacity=1000000").ready()?;
    let is_over = Arc::new(AtomicBool::new(false));
    let acts = thread::spawn({
        let is_over = Arc::clone(&is_over);
        move || {
            let mut n_acts = 0;
            while !is_over.load(Ordering::Relaxed) {
                assert!(fs::create_dir(format!("/saker-old/{n_acts}")).is_err(), "/saker-old exists");
                n_acts += 1;
                // About ten thousand a second: the border's queue holds what one reload keeps waiting.
                thread::sleep(Duration::from_micros(50));
            }
            n_acts
        }
    });
    let begin = Instant::now();
    for number in 1..=RELOADS {
        fs::write(&local, rule("old", &below("old"), &format!("%evt.arg.path {number}")))?;
        kill_process(sensor.pid()?, Signal::HUP)?;
        wait_for("a reload", SOON, || {
            let done = sensor.metrics()?.sum("saker_reloads_total", &[("result", "done")]);
            Ok((done >= number).then_some(()))
        })?;
    }
    let took = begin.elapsed();
    is_over.store(true, Ordering::Relaxed);
    let n_acts: u64 = acts.join().map_err(|panic| anyhow::anyhow!("the acts panicked: {panic:?}"))?;
    let alerts = sensor.until_fence()?;
    let told: BTreeSet<String> =
        alerts.iter().filter(|it| it.rule == "old").map(|it| it.field("evt.arg.path")).collect();
    let generations: BTreeSet<String> = alerts.iter().map(|it| it.field("saker.generation")).collect();
    println!(
        "{RELOADS} reloads in {took:?}: {n_acts} acts, {} told, {} generations",
        told.len(),
        generations.len()
    );
    ensure!(told.len() as u64 == n_acts, "{n_acts} acts, {} told", told.len());
    ensure!(generations.len() as u64 > RELOADS / 2, "{generations:?}");
    Ok(())
}

/// `kill -HUP $(pgrep falco)` hits the halves, too: they leave it to the supervisor.
#[test]
fn a_signal_to_every_process_is_a_reload() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let sensor = setup::sensor()?.ready()?;
    let halves = || Ok::<_, anyhow::Error>([sensor.half("sensor")?, sensor.half("egress")?]);
    let before = halves()?;
    for pid in [before[0], sensor.pid()?, before[1]] {
        kill_process(pid, Signal::HUP)?;
    }
    wait_for("a reload", SOON, || {
        let done = sensor.metrics()?.sum("saker_reloads_total", &[("result", "done")]);
        Ok((done > 0).then_some(()))
    })?;
    ensure!(halves()? == before, "a half was started again");
    let ending = sensor.stop(Signal::TERM)?;
    ensure!(ending.status.success(), "{}", ending.errors);
    let reloads = ending.errors.matches("rules loaded again").count();
    ensure!(reloads == 1, "{reloads} reloads");
    Ok(())
}
