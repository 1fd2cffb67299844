//! Falco's own stable rules, unmodified: each fires on its act and is silent on what is nearly the same.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use saker_tests::cases::Place;
use saker_tests::container::Container;
use saker_tests::official::{API_SERVER, ROWS, check_all};
use saker_tests::runtime::{Containerd, IMAGE};
use saker_tests::sensor::{SOON, Sensor, wait_for};
use saker_tests::stage::Host;
use tempfile::TempDir;

use crate::setup;

/// Rules of which a runtime tells the condition: what runs, and what is nearly the same.
const BY_RUNTIME: [(&str, &[&str], &[&str]); 2] = [
    (
        "Debugfs Launched in Privileged Container",
        &["--privileged", "/bin/debugfs", "nothing"],
        &["/bin/debugfs", "nothing"],
    ),
    (
        "Drop and execute new binary in container",
        &["/bin/actor", "run-copy", "/bin/dropped"],
        &["/bin/actor", "nothing"],
    ),
];

#[test]
fn official_rules_on_the_host() -> Result<()> {
    let Some(file) = rules() else { return Ok(()) };
    let mut sensor = setup::sensor()?.rule_file(file).ready()?;
    check_all(&mut sensor, &Host::new(setup::actor())?, Place::Host)
}

#[test]
fn official_rules_in_a_container() -> Result<()> {
    let Some(file) = rules().filter(|_| !setup::is_skipped_without_container()) else { return Ok(()) };
    // Its own view of the hosts file stands for a name server.
    let hosts = TempDir::new()?;
    let hosts = hosts.path().join("hosts");
    fs::write(&hosts, format!("{} {}\n", API_SERVER.1, API_SERVER.0))?;
    let bind = format!("mount --bind {} /etc/hosts && exec \"$@\"", hosts.display());
    let sensor = setup::sensor()?.below(&["unshare", "--mount", "--fork", "sh", "-c", &bind, "sh"]);
    let mut sensor = sensor.rule_file(file).ready()?;
    wait_for("the API server's address", SOON, || {
        Ok((sensor.metrics()?.sum("saker_host_names", &[]) == 1).then_some(()))
    })?;
    check_all(&mut sensor, &Container::start(setup::actor())?, Place::Container)
}

#[test]
fn official_rules_that_ask_the_runtime() -> Result<()> {
    let Some(file) = rules().filter(|_| !setup::is_skipped_without_containerd()) else { return Ok(()) };
    let containerd = Containerd::start(setup::actor())?;
    let mut sensor = setup::beside(&containerd.socket())?.rule_file(file).ready()?;
    for (rule, act, near) in BY_RUNTIME {
        for (number, (words, is_alert)) in [(act, true), (near, false)].into_iter().enumerate() {
            let alerts = rules_of(&mut sensor, &containerd, &format!("c{number}"), words)?;
            ensure!(alerts.iter().any(|alert| alert == rule) == is_alert, "{words:?}: {alerts:?}");
        }
    }
    Ok(())
}

/// Rules that alert on a container which runs these words.
fn rules_of(sensor: &mut Sensor, containerd: &Containerd, id: &str, words: &[&str]) -> Result<Vec<String>> {
    let (flags, words): (Vec<&str>, Vec<&str>) = words.iter().partition(|word| word.starts_with("--"));
    let alerts = sensor.observe(|mark| {
        let mut run = containerd.ctr();
        run.args(["run", "--rm"]).args(flags).args([IMAGE, id]).args(words).arg(mark);
        finish(&mut run)
    })?;
    Ok(alerts.into_iter().map(|alert| alert.rule).collect())
}

fn finish(command: &mut Command) -> Result<()> {
    let output = command.output()?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

#[test]
fn every_official_rule_has_a_row() -> Result<()> {
    let Some(file) = rules() else { return Ok(()) };
    let text = fs::read_to_string(file)?;
    let rows: Vec<&str> = ROWS.iter().map(|row| row.0).chain(BY_RUNTIME.iter().map(|row| row.0)).collect();
    let rules: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("- rule: ")).collect();
    for rule in &rules {
        rows.iter().find(|row| row == &rule).with_context(|| format!("{rule} is not tested"))?;
    }
    ensure!(rules.len() == rows.len(), "{} rules, {} rows", rules.len(), rows.len());
    Ok(())
}

/// The file, where the tests can run and it is there.
fn rules() -> Option<PathBuf> {
    setup::conformance("official/falco_rules.yaml")
}
