//! Somebody sets the wall clock by an hour, forwards and backwards: times of alerts follow it, and nothing that has to come after
//! a while comes sooner or later. It sets the clock of the machine, so it is for the first process of a virtual machine alone.

use std::process;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use rustix::time::{ClockId, Timespec, clock_gettime, clock_settime};

use crate::acts::{self, act, number};
use crate::alert::Alert;
use crate::receiver::Receiver;
use crate::sensor::{SOON, Sensor, Start, wait_for};

/// Steps, s: they end where they began.
const STEPS: [i64; 3] = [3600, -7200, 3600];
/// So near to the clock is an alert that follows it.
const NEAR: Duration = Duration::from_secs(60);
const DROPS: &str = "Falco internal: syscall event drop";

/// Steps the clock under two agents, one for times, losses, retries and canaries, one that groups alerts.
pub fn check(start: &Start) -> Result<()> {
    ensure!(process::id() == 1, "the clock is set in virtual machines only");
    follows(start.clone())?;
    groups(start.clone())
}

fn follows(start: Start) -> Result<()> {
    let receiver = Receiver::away()?;
    let start = acts::watched(start, "%evt.rawtime %evt.reltime %proc.duration");
    // One drop alert at once; an hour on the wall clock would allow another.
    let start = start.option("syscall_event_drops.simulate_drops=true");
    let start = start.option("syscall_event_drops.rate=0.001").option("syscall_event_drops.max_burst=1");
    let start = start.option("http_output.enabled=true").option("http_output.max_consecutive_timeouts=255");
    let mut sensor = start.option(&format!("http_output.url={}", receiver.url())).ready()?;
    sensor.wait(SOON, |alert| alert.rule == DROPS)?;
    let begin = Instant::now();
    let mut n_acts = 0;
    let mut first = told(&mut sensor, &mut n_acts)?;
    for step in STEPS {
        let before = retries(&sensor)?;
        set(step)?;
        let alert = wait_for("an alert of the time that was set", SOON, || {
            Ok(Some(told(&mut sensor, &mut n_acts)?).filter(is_now))
        })?;
        // As far apart as the clock that nobody sets says.
        for field in ["evt.reltime", "proc.duration"] {
            let since = value(&alert, field)?.checked_sub(value(&first, field)?);
            let since = Duration::from_nanos(since.with_context(|| format!("{step}: {field} went back"))?);
            ensure!(since <= begin.elapsed(), "{step}: {since:?} between two values of {field}");
        }
        first = alert;
        wait_for("another attempt", SOON, || Ok((retries(&sensor)? > before).then_some(())))?;
        ensure!(sensor.get("/healthz")?.0 == 200, "{step}: {:?}", sensor.get("/healthz")?);
    }
    let slow = sensor.metrics()?.sum("saker_canary_latency_seconds_sum", &[]);
    ensure!(slow < NEAR.as_secs(), "canaries took {slow} s in all");
    receiver.come();
    wait_for("all alerts delivered", SOON, || {
        let taken = receiver.alerts()?.iter().filter_map(number).count() as u64;
        Ok((taken == n_acts).then_some(()))
    })?;
    let rest = sensor.stop(Signal::TERM)?.alerts;
    ensure!(rest.iter().all(|alert| alert.rule != DROPS), "another drop alert: {rest:?}");
    Ok(())
}

/// What would come after ten minutes does not come because the clock says so.
fn groups(start: Start) -> Result<()> {
    let mut sensor = acts::watched(start, "").option("saker.throttle_window=10m").ready()?;
    (0..3).try_for_each(act)?;
    for step in STEPS {
        set(step)?;
        // The egress half looks at its windows before it takes another alert.
        for alert in sensor.until_fence()? {
            ensure!(alert.field("saker.grouped.count").is_empty(), "{step}: {alert:?}");
        }
    }
    let rest = sensor.stop(Signal::TERM)?.alerts;
    let grouped = rest.iter().find(|alert| alert.rule == acts::RULE).context("no grouped alert")?;
    ensure!(grouped.field("saker.grouped.count") == "2", "{grouped:?}");
    Ok(())
}

/// Puts the wall clock forward.
fn set(by_s: i64) -> Result<()> {
    let now = clock_gettime(ClockId::Realtime);
    Ok(clock_settime(ClockId::Realtime, Timespec { tv_sec: now.tv_sec + by_s, ..now })?)
}

/// The alert of another act.
fn told(sensor: &mut Sensor, n_acts: &mut u64) -> Result<Alert> {
    let own = *n_acts;
    *n_acts += 1;
    act(own)?;
    sensor.wait(SOON, |alert| number(alert) == Some(own))
}

fn value(alert: &Alert, field: &str) -> Result<u64> {
    alert.field(field).parse().with_context(|| format!("{field} of {alert:?}"))
}

fn is_now(alert: &Alert) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    value(alert, "evt.rawtime").is_ok_and(|time_ns| now.abs_diff(Duration::from_nanos(time_ns)) < NEAR)
}

fn retries(sensor: &Sensor) -> Result<u64> {
    Ok(sensor.metrics()?.sum("saker_alert_retries_total", &[("sink", "http")]))
}
