//! The agent as the first process of a pid namespace, as in a container: orders that come while it starts are kept, and
//! orphans do not stay as zombies.

use std::fs;
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use saker_tests::http;
use saker_tests::sensor::{SOON, free_port, rule, wait_for};
use tempfile::TempDir;

use crate::setup;

/// Half a second of loading.
const N_RULES: u32 = 20_000;
const NAMESPACE: [&str; 3] = ["--pid", "--fork", "--kill-child"];
/// Bits of `SigCgt` in proc(5).
const CAUGHT: u64 = 1 << (Signal::HUP.as_raw() - 1) | 1 << (Signal::TERM.as_raw() - 1);

#[test]
fn orders_are_heard_from_the_first_moment() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let port = free_port()?;
    // So that the start takes long enough to be looked at.
    let directory = TempDir::new()?;
    let rules = directory.path().join("rules.yaml");
    let text: String = (0..N_RULES).map(|index| rule(&format!("r{index}"), "evt.type = open", "o")).collect();
    fs::write(&rules, text)?;
    let mut command = Command::new("unshare");
    command.args(NAMESPACE).arg(setup::saker()?).arg("-r").arg(rules);
    command.args(["-o", "stdout_output.enabled=true", "-o", "webserver.enabled=true"]);
    command.args([
        "-o",
        "webserver.listen_address=127.0.0.1",
        "-o",
        &format!("webserver.listen_port={port}"),
    ]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut wrapper = command.spawn()?;
    let ended = stop_early(&mut wrapper, port);
    // Whatever came of it, nothing stays behind.
    drop(wrapper.kill());
    let output = wrapper.wait_with_output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    let ended = ended.with_context(|| errors.clone().into_owned())?;
    ensure!(ended.success(), "{ended}: {errors}");
    ensure!(errors.contains("Events: "), "no summary: {errors}");
    Ok(())
}

/// Sends both orders as soon as they can be heard, and waits for the end.
fn stop_early(wrapper: &mut Child, port: u16) -> Result<ExitStatus> {
    let first = wait_for("handlers of the first process", SOON, || {
        ensure!(wrapper.try_wait()?.is_none(), "it has ended");
        Ok(child(wrapper)?.filter(|pid| caught(*pid).is_some_and(|mask| mask & CAUGHT == CAUGHT)))
    })?;
    let is_ready = http::get(port, "/healthz").is_ok_and(|(status, _)| status == 200);
    ensure!(!is_ready, "it has started before it could be looked at");
    for signal in [Signal::HUP, Signal::TERM] {
        kill_process(first, signal)?;
    }
    wait_for("its end", SOON, || Ok(wrapper.try_wait()?))
}

#[test]
fn orphans_are_taken_note_of() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let sensor = setup::sensor()?.below(&["unshare", NAMESPACE[0], NAMESPACE[1], NAMESPACE[2]]).ready()?;
    let first = sensor.pid()?.as_raw_nonzero();
    let children = || fs::read_to_string(format!("/proc/{first}/task/{first}/children"));
    let halves = children()?;
    let mut enter = Command::new("nsenter");
    enter.args(["--pid", "--target", &first.to_string(), "sh", "-c", "sleep 1 & echo"]);
    let status = enter.stdin(Stdio::null()).stdout(Stdio::null()).status()?;
    ensure!(status.success(), "{enter:?}: {status}");
    ensure!(children()? != halves, "the orphan was not given to the first process");
    wait_for("the orphan's end is noted", SOON, || Ok((children()? == halves).then_some(())))
}

fn child(of: &Child) -> Result<Option<Pid>> {
    let id = of.id();
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).context("the wrapper")?;
    Ok(children.trim().parse().ok().and_then(Pid::from_raw))
}

/// `SigCgt` of proc(5).
fn caught(pid: Pid) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).ok()?;
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"))?;
    u64::from_str_radix(mask.trim(), 16).ok()
}
