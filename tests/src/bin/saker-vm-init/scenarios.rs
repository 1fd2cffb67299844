//! What is tried on each kernel, as a table. A scenario performs its acts itself, by system calls: the machine
//! has no shell.

use std::process::{Command, Stdio};

use crate::guest::{Guest, Need};

const SAKER: &str = "/saker";
/// Tries the kernel side alone (sensor-agent/examples/probe).
const PROBE: &str = "/probe";

/// One row: a name, what the kernel must have for it, and the act with its check.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) needs: &'static [Need],
    pub(crate) act: fn(&Guest) -> Result<(), String>,
}

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario { name: "version", needs: &[], act: version },
    Scenario { name: "doctor", needs: &[Need::Btf], act: doctor },
    Scenario { name: "probe", needs: &[Need::Btf], act: probe },
];

/// The binary starts at all.
fn version(_: &Guest) -> Result<(), String> {
    saker(&["--version"])
}

/// The agent finds what it needs on this kernel.
fn doctor(_: &Guest) -> Result<(), String> {
    saker(&["doctor"])
}

/// Every program loads, and each record says what was done.
fn probe(_: &Guest) -> Result<(), String> {
    run(PROBE, &[])
}

/// Runs the agent to its end.
fn saker(args: &[&str]) -> Result<(), String> {
    run(SAKER, args)
}

/// Runs a program to its end; its output stands on the console.
fn run(program: &str, args: &[&str]) -> Result<(), String> {
    let mut command = Command::new(program);
    let status =
        command.args(args).stdin(Stdio::null()).status().map_err(|error| format!("{program}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{program} {}: {status}", args.join(" "))) }
}
