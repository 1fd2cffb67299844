//! However short a process lives, the first thing told of it is whole: command line, executable, user, parent,
//! container.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use saker_tests::alert::Alert;
use saker_tests::container::Container;
use saker_tests::sensor::{Sensor, rule};
use saker_tests::stage::{Host, Stage, Step};

use crate::setup;

const RULE: &str = "Known from the start";
const OUTPUT: &str = "%evt.type %proc.name %proc.cmdline %proc.exepath %proc.exe %proc.pid %proc.ppid %proc.pname \
                      %proc.pcmdline %proc.pexepath %proc.cwd %user.name %user.uid %group.name %container.id";
const STEP: Step = Step { program: "brief", act: &["read", "/etc/passwd"] };
const N_PROCESSES: usize = 50;

fn watch() -> Result<Sensor> {
    let condition = "evt.type in (execve, open, openat) and proc.name = brief";
    ensure!(rule(RULE, condition, OUTPUT).contains(RULE), "a rule without its name");
    setup::sensor()?.rule(RULE, condition, OUTPUT).ready()
}

fn check(alerts: &[Alert], container_id: &str, mark: &str) -> Result<()> {
    let command_line = format!("brief read /etc/passwd {mark}");
    for alert in alerts {
        ensure!(alert.missing().is_empty(), "without a value: {:?} in {}", alert.missing(), alert.output);
        for (name, expected) in
            [("proc.cmdline", command_line.as_str()), ("container.id", container_id), ("user.name", "root")]
        {
            let found = alert.field(name);
            ensure!(found == expected, "{name} is {found:?}, not {expected:?}, in {}", alert.output);
        }
        for name in ["proc.exepath", "proc.pname", "proc.pcmdline", "proc.pexepath"] {
            ensure!(!alert.field(name).is_empty(), "{name} is empty in {}", alert.output);
        }
    }
    Ok(())
}

#[test]
fn many_processes_that_end_at_once() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let mut sensor = watch()?;
    let host = Host::new(setup::actor())?;
    let mut said = String::new();
    let alerts = sensor.observe(|mark| {
        mark.clone_into(&mut said);
        let start = |_| {
            let mut command: Command = host.command(&STEP, mark)?;
            Ok(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?)
        };
        // All are started before the first is waited for.
        let started: Vec<_> = (0..N_PROCESSES).map(start).collect::<Result<_>>()?;
        started.into_iter().try_for_each(|mut child| {
            ensure!(child.wait()?.success(), "an actor failed");
            Ok(())
        })
    })?;
    check(&alerts, "host", &said)?;
    for evt_type in ["execve", "openat"] {
        let of_type = alerts.iter().filter(|alert| alert.field("evt.type") == evt_type);
        let on_passwd = of_type.map(|alert| alert.field("proc.pid"));
        let pids: std::collections::BTreeSet<String> = on_passwd.collect();
        ensure!(pids.len() == N_PROCESSES, "{evt_type} of {} processes, not {N_PROCESSES}", pids.len());
    }
    Ok(())
}

#[test]
fn first_process_that_enters_a_container() -> Result<()> {
    if setup::is_skipped_without_container() {
        return Ok(());
    }
    let mut sensor = watch()?;
    // The container is younger than the sensor.
    let container = Container::start(setup::actor())?;
    let mut said = String::new();
    let alerts = sensor.observe(|mark| {
        mark.clone_into(&mut said);
        container.perform(&STEP, mark)
    })?;
    let first = alerts.first().context("no alert")?;
    ensure!(first.field("evt.type") == "execve", "the first event is {}", first.output);
    check(&alerts, &container.container_id(), &said)
}
