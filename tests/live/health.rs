//! Health is about seeing: a consumer that stands still is unhealthy and the answer says why; loss alone never is.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use saker_tests::freeze::Frozen;
use saker_tests::ledger::{flood, tiny_ring};
use saker_tests::lifecycle::HOT_THREAD;
use saker_tests::sensor::{SOON, wait_for};

use crate::setup;

/// So soon any failure is told.
const UNHEALTHY_WITHIN: Duration = Duration::from_secs(5);

#[test]
fn a_stopped_consumer_is_unhealthy_until_it_goes_on() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let sensor = setup::sensor()?.ready()?;
    {
        let _frozen = Frozen::new(sensor.half("sensor")?.as_raw_nonzero().get(), HOT_THREAD)?;
        let begin = Instant::now();
        let body = wait_for("/healthz is 503", UNHEALTHY_WITHIN, || {
            let (status, body) = sensor.get("/healthz")?;
            Ok((status == 503).then_some(body))
        })?;
        println!("told after {:?}: {}", begin.elapsed(), body.get(..200).unwrap_or(&body));
        // Which deadline passes first depends on whether a record was waiting when the thread stopped.
        let reasons = ["nothing was taken from the ring", "the last syscall canary came through"];
        ensure!(reasons.iter().any(|reason| body.contains(reason)), "no reason in {body}");
        ensure!(sensor.get("/livez")?.0 == 200, "the process lives: {:?}", sensor.get("/livez")?);
    }
    wait_for("/healthz is 200 again", SOON, || Ok((sensor.get("/healthz")?.0 == 200).then_some(())))
}

#[test]
fn a_flooded_ring_is_healthy() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let sensor = tiny_ring(setup::sensor()?).ready()?;
    let mut flood = flood(setup::actor(), 4, 2_000_000)?;
    // For longer than it takes to become unhealthy.
    wait_for("the flood's end", Duration::from_secs(300), || {
        let (status, body) = sensor.get("/healthz")?;
        ensure!(status == 200, "unhealthy under a flood: {body}");
        Ok((!flood.is_on()?).then_some(()))
    })?;
    flood.ebb()?;
    ensure!(sensor.metrics()?.sum("saker_events_lost_total", &[]) > 0, "this flood was too small");
    Ok(())
}
