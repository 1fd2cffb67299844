//! What is tried on each kernel, as a table. A scenario performs its acts itself, by system calls: the machine
//! has no shell.

use std::process::{Command, Stdio};

use crate::guest::{Guest, Need};

const SAKER: &str = "/saker";

/// One row: a name, what the kernel must have for it, and the act with its check.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) needs: &'static [Need],
    pub(crate) act: fn(&Guest) -> Result<(), String>,
}

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario { name: "version", needs: &[], act: version },
    Scenario { name: "doctor", needs: &[Need::Btf], act: doctor },
];

/// The binary starts at all.
fn version(_: &Guest) -> Result<(), String> {
    saker(&["--version"])
}

/// The agent finds what it needs on this kernel.
fn doctor(_: &Guest) -> Result<(), String> {
    saker(&["doctor"])
}

/// Runs the agent to its end; its output stands on the console.
fn saker(args: &[&str]) -> Result<(), String> {
    let mut command = Command::new(SAKER);
    let status =
        command.args(args).stdin(Stdio::null()).status().map_err(|error| format!("{SAKER}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("saker {}: {status}", args.join(" "))) }
}
