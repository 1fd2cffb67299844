//! The agent's own reading and answering is filtered in the kernel and counted, also inside a pid namespace; otherwise
//! watching would feed on itself.

use anyhow::{Result, ensure};
use saker_tests::sensor::{SOON, Start, wait_for};

use crate::setup;

const N_SCRAPES: u64 = 20;

#[test]
fn own_work_is_not_watched() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    check(setup::sensor()?)
}

#[test]
fn own_work_is_not_watched_inside_a_pid_namespace() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    check(setup::sensor()?.below(&["unshare", "--pid", "--fork", "--kill-child"]))
}

fn check(start: Start) -> Result<()> {
    let name = setup::saker()?;
    let own = format!(
        "evt.type in (open, openat, accept, accept4, connect, sendto, recvfrom) and proc.exepath = {}",
        name.display()
    );
    let mut sensor = start.rule("Own work", &own, "%evt.type %fd.name %proc.exepath").ready()?;
    // What was under way at the start is not of interest.
    sensor.until_fence()?;
    let before = sensor.metrics()?.sum("saker_events_filtered_total", &[]);
    for _ in 0..N_SCRAPES {
        sensor.metrics()?;
    }
    let alerts = sensor.until_fence()?;
    let own = alerts.iter().find(|alert| alert.rule == "Own work");
    ensure!(own.is_none(), "the agent watched itself: {own:?}");
    // Counters are told once a second.
    wait_for("its own events among the filtered", SOON, || {
        let filtered = sensor.metrics()?.sum("saker_events_filtered_total", &[]) - before;
        Ok((filtered >= N_SCRAPES).then_some(()))
    })
}
