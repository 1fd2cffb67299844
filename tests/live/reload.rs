//! SIGHUP: a broken rule takes no other one down, a torn file changes nothing, and both are told by an alert.

use std::fs;

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
