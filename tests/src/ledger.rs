//! Loss is an accounting identity: under a flood of a ring that is far too small, nothing goes missing uncounted.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Result, ensure};

use crate::metrics::Metrics;
use crate::sensor::{SOON, Start, wait_for};

/// A rule on openat, which makes the kernel side send every one of them, and a ring for very few.
#[must_use]
pub fn tiny_ring(start: Start) -> Start {
    let start = start.rule("Opens", "evt.type = openat and fd.name = /nowhere", "%fd.name");
    start.option("saker.ring_bytes=65536").option("saker.reserve_bytes=16384")
}

/// Processes that open a missing file as fast as they can, so many times each.
pub fn flood(actor: &Path, n_flooders: usize, n_opens: u64) -> Result<Flood> {
    let start = |_| {
        let mut command = Command::new(actor);
        command.args(["fail-open", "/saker-flood", &n_opens.to_string(), "flood"]).stdin(Stdio::null());
        Ok(command.spawn()?)
    };
    Ok(Flood((0..n_flooders).map(start).collect::<Result<_>>()?))
}

/// Running flooders; they end with this.
pub struct Flood(Vec<Child>);

impl Flood {
    /// Waits for the end of all.
    pub fn ebb(mut self) -> Result<()> {
        for flooder in &mut self.0 {
            ensure!(flooder.wait()?.success(), "a flooder failed");
        }
        Ok(())
    }

    /// Whether one still runs.
    pub fn is_on(&mut self) -> Result<bool> {
        let running = self.0.iter_mut().map(|flooder| Ok(flooder.try_wait()?.is_none()));
        Ok(running.collect::<Result<Vec<bool>>>()?.contains(&true))
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        for flooder in &mut self.0 {
            // One that has ended cannot be killed and is only reaped.
            flooder.kill().ok();
            flooder.wait().ok();
        }
    }
}

/// What does not add up, by system call; `None` when everything does.
fn imbalance(metrics: &Metrics) -> Option<String> {
    for syscall in metrics.values("syscall") {
        let of = |name: &str| metrics.sum(&format!("saker_events_{name}_total"), &[("syscall", syscall)]);
        let (seen, filtered, submitted, lost) = (of("seen"), of("filtered"), of("submitted"), of("lost"));
        if seen != filtered + submitted + lost {
            return Some(format!(
                "{syscall}: {seen} seen, {filtered} filtered, {submitted} submitted, {lost} lost"
            ));
        }
    }
    let submitted = metrics.sum("saker_events_submitted_total", &[]);
    let decoded = metrics.sum("saker_events_decoded_total", &[]);
    let failed = metrics.sum("saker_decode_failures_total", &[]);
    (submitted != decoded + failed)
        .then(|| format!("{submitted} submitted, {decoded} decoded, {failed} failed"))
}

/// Floods a tiny ring and compares all counters when it is over.
pub fn check(start: Start, actor: &Path, n_flooders: usize, n_opens: u64) -> Result<()> {
    let sensor = tiny_ring(start).ready()?;
    flood(actor, n_flooders, n_opens)?.ebb()?;

    let opens = &[("syscall", "openat")];
    let mut unequal = None;
    // The machine goes on living: at a moment when nothing is under way the sums are exact.
    let metrics = wait_for("the ledger in balance", SOON, || {
        let metrics = sensor.metrics()?;
        unequal = imbalance(&metrics);
        // Counters are told once a second: these may still be from before the flood's end.
        let is_told = metrics.sum("saker_events_seen_total", opens) >= n_flooders as u64 * n_opens;
        Ok((is_told && unequal.is_none()).then_some(metrics))
    });
    let metrics = metrics.map_err(|error| error.context(format!("out of balance: {unequal:?}")))?;

    let seen = metrics.sum("saker_events_seen_total", opens);
    let lost = metrics.sum("saker_events_lost_total", opens);
    ensure!(lost > 0, "this flood of {seen} opens was too small: nothing was lost");
    ensure!(metrics.sum("saker_decode_failures_total", &[]) == 0, "records that cannot be decoded");
    Ok(())
}
