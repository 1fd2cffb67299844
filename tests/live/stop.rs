//! SIGTERM, SIGINT and `-M`: what is in the ring is still told, the summary stands on standard error, the exit code is 0.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use saker_tests::refusal::finish;
use saker_tests::sensor::{SOON, rule};
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

/// `-M`, `-P`, `-U` and `-p` of a run, as Falco has them.
#[test]
fn flags_of_a_run_do_what_they_do_in_falco() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let files = tempfile::tempdir()?;
    let path = |name: &str| files.path().join(name);
    fs::write(path("saker.yaml"), "json_output: true\nstdout_output: {enabled: true}\nlog_syslog: false\n")?;
    fs::write(path("rules.yaml"), rule("Renames", "evt.type = rename", "%evt.type"))?;
    // The shell becomes the agent, so that its id is known.
    let mut command = Command::new("sh");
    command.args(["-c", "echo $$ >own && exec \"$@\"", "sh"]).arg(setup::saker()?);
    command.args(["-c", "saker.yaml", "-r", "rules.yaml", "-o", "saker.admin_socket="]);
    command.args(["-M", "2", "-P", "pid", "-U", "-p", "number=%evt.num"]).current_dir(files.path());
    let begin = Instant::now();
    let finished = finish(&mut command, SOON)?;
    ensure!(finished.status.success(), "{finished:?}");
    ensure!(begin.elapsed() >= Duration::from_secs(2), "ended after {:?}", begin.elapsed());
    let read = |name: &str| fs::read_to_string(path(name));
    ensure!(read("own")?.trim() == read("pid")?, "{:?} in the file", read("pid"));
    for words in ["The -p/--print option is deprecated", "Events detected: 0"] {
        ensure!(finished.errors.contains(words), "no {words:?} in {}", finished.errors);
    }
    ensure!(finished.output.is_empty(), "{}", finished.output);
    Ok(())
}
