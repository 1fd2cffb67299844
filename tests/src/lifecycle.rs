//! File noise cannot starve the process table: a ring full of opens still takes every fork, exec and exit.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};

use crate::freeze::Frozen;
use crate::ledger::flood;
use crate::sensor::{SOON, Start, wait_for};

/// The agent's thread that takes records off the ring.
pub const HOT_THREAD: &str = "saker-hot";

const FORK: &str = "A fork";
const EXEC: &str = "An exec";
const EXIT: &str = "An exit";
const N_PROCESSES: usize = 100;
/// So little of the ring is in use that anything fits.
const ROOM_BYTES: u64 = 1 << 20;
/// Far more than the ring holds.
const N_OPENS: u64 = 50_000;

/// Stops the consumer, fills the ring with opens, runs processes, and lets the consumer go on: all must be told.
pub fn check(start: Start, actor: &Path) -> Result<()> {
    let output = "%evt.type %proc.pid %proc.ppid %proc.cmdline";
    let start = start
        .rule(FORK, "evt.type in (clone, clone3, fork, vfork) and evt.rawres = 0", output)
        .rule(EXEC, "evt.type = execve and evt.failed = false", output)
        .rule(EXIT, "evt.type = procexit", output)
        .rule("Opens", "evt.type = openat and fd.name = /nowhere", "%fd.name");
    let mut sensor =
        start.option("saker.ring_bytes=4194304").option("saker.reserve_bytes=2097152").ready()?;

    let pids = {
        let _frozen = Frozen::new(sensor.half("sensor")?.as_raw_nonzero().get(), HOT_THREAD)?;
        flood(actor, 1, N_OPENS)?.ebb()?;
        (0..N_PROCESSES).map(|_| one_process(actor)).collect::<Result<BTreeSet<String>>>()?
    };

    // The fence is a data record: it needs room.
    let refused = &[("syscall", "openat"), ("reason", "reserve")];
    wait_for("room in the ring", SOON, || {
        let metrics = sensor.metrics()?;
        let is_told = metrics.sum("saker_events_lost_total", refused) > 0;
        Ok((is_told && metrics.sum("saker_ring_used_bytes", &[]) < ROOM_BYTES).then_some(()))
    })?;
    let alerts = sensor.until_fence()?;
    for rule in [FORK, EXEC, EXIT] {
        let of_rule = alerts.iter().filter(|alert| alert.rule == rule);
        let told: BTreeSet<String> = of_rule.map(|alert| alert.field("proc.pid")).collect();
        let n_missing = pids.difference(&told).count();
        ensure!(n_missing == 0, "{rule}: {n_missing} of {N_PROCESSES} are missing");
    }
    let metrics = sensor.metrics()?;
    for syscall in ["fork", "exec", "exit", "process"] {
        let lost = metrics.sum("saker_events_lost_total", &[("syscall", syscall)]);
        ensure!(lost == 0, "{lost} {syscall} records were lost");
    }
    Ok(())
}

/// Starts a process, waits for its end, and returns its id.
fn one_process(actor: &Path) -> Result<String> {
    let mut command = Command::new(actor);
    // Little to tell of each, so that all of them fit.
    command.env_clear().args(["nothing", "mark"]).stdin(Stdio::null());
    let mut child = command.spawn()?;
    let pid = child.id();
    ensure!(child.wait()?.success(), "an actor failed");
    Ok(pid.to_string())
}
