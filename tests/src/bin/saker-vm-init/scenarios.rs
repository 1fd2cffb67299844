//! What is tried on each kernel, as a table: the same checks as the live tests', with /init as the actor and a control
//! group named like a container's instead of a container.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use saker_tests::cases::{self, CASES, Place};
use saker_tests::sensor::Start;
use saker_tests::stage::{ControlGroup, Host, Stage};
use saker_tests::{clock, ledger, lifecycle, network, vertical};

use crate::guest::{Guest, Need};

const SAKER: &str = "/saker";
/// Tries the kernel side alone (sensor-agent/examples/probe).
const PROBE: &str = "/probe";
const ACTOR: &str = "/init";
const RULES: &str = "/rules/saker_rules.yaml";
const CGROUPS: &str = "/sys/fs/cgroup";

/// One row: a name, what the kernel must have for it, and the act with its check.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) needs: &'static [Need],
    pub(crate) act: fn(&Guest) -> Result<()>,
}

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario { name: "version", needs: &[], act: version },
    Scenario { name: "doctor", needs: &[Need::Btf], act: doctor },
    Scenario { name: "probe", needs: &[Need::Btf], act: probe },
    Scenario { name: "open, exec and connect", needs: &[Need::Btf], act: vertical },
    Scenario { name: "bundled rules on the host", needs: &[Need::Btf], act: rules_on_the_host },
    Scenario { name: "bundled rules in a container", needs: &[Need::Btf], act: rules_in_a_container },
    Scenario { name: "a flood is accounted for", needs: &[Need::Btf], act: ledger },
    Scenario { name: "a full ring takes lifecycle records", needs: &[Need::Btf], act: lifecycle },
    Scenario { name: "the wall clock is set", needs: &[Need::Btf], act: clock },
];

/// The binary starts at all.
fn version(_: &Guest) -> Result<()> {
    saker(&["--version"])
}

/// The agent finds what it needs on this kernel.
fn doctor(_: &Guest) -> Result<()> {
    saker(&["doctor"])
}

fn vertical(_: &Guest) -> Result<()> {
    furnish()?;
    let mut sensor = vertical::rules(Start::new(SAKER)).ready()?;
    vertical::check(&mut sensor, &Host::new(Path::new(ACTOR))?)
}

fn rules_on_the_host(_: &Guest) -> Result<()> {
    rules(&Host::new(Path::new(ACTOR))?, Place::Host)
}

fn rules_in_a_container(_: &Guest) -> Result<()> {
    rules(&ControlGroup::new(Path::new(ACTOR), Path::new(CGROUPS))?, Place::Container)
}

fn rules(stage: &dyn Stage, place: Place) -> Result<()> {
    furnish()?;
    let mut sensor = Start::new(SAKER).rule_file(RULES).ready()?;
    cases::check_all(&mut sensor, stage, CASES.iter().filter(|case| case.place == place))
}

fn ledger(_: &Guest) -> Result<()> {
    ledger::check(Start::new(SAKER), Path::new(ACTOR), 2, 20_000)
}

fn lifecycle(_: &Guest) -> Result<()> {
    lifecycle::check(Start::new(SAKER), Path::new(ACTOR))
}

fn clock(_: &Guest) -> Result<()> {
    clock::check(&Start::new(SAKER))
}

/// Files, a shell and addresses for the acts, anew for each scenario.
fn furnish() -> Result<()> {
    cases::furnish(Path::new("/"))?;
    std::fs::create_dir_all("/bin")?;
    // There from an earlier scenario.
    symlink(ACTOR, "/bin/sh").ok();
    for address in cases::ADDRESSES {
        network::add_address(address.parse()?).with_context(|| format!("cannot add {address}"))?;
    }
    Ok(())
}

/// Every program loads, and each record says what was done.
fn probe(_: &Guest) -> Result<()> {
    run(PROBE, &[])
}

fn saker(args: &[&str]) -> Result<()> {
    run(SAKER, args)
}

/// Runs a program to its end; its output stands on the console.
fn run(program: &'static str, args: &[&str]) -> Result<()> {
    let status = Command::new(program).args(args).stdin(Stdio::null()).status().context(program)?;
    ensure!(status.success(), "{program} {}: {status}", args.join(" "));
    Ok(())
}
