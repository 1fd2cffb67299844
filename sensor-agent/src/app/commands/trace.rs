//! `saker doctor --trace`: what each hook says that it does, one line a call.

use crate::app::{AppError, config::Config};

/// Prints the hooks' log lines until SIGINT, SIGTERM or `seconds` have passed (0: no limit). Records are taken off the
/// ring and forgotten, so that it does not fill.
#[cfg(feature = "trace")]
pub(super) fn trace(config: &Config, seconds: u64) -> Result<(), AppError> {
    use std::{
        sync::atomic::Ordering,
        time::{Duration, Instant},
    };

    use sensor_common::syscalls::TABLE;

    use super::record::{LOOK, stop_flag};
    use crate::{
        app::output::print,
        capture::{Options, Sensor},
    };

    let is_stopped = stop_flag()?;
    let ring = config.ring;
    let mut sensor = Sensor::attach(Options { ring_bytes: ring.bytes, reserve_bytes: ring.reserve_bytes })?;
    // A reader that goes away ends the command by the signal that comes with it.
    let mut tracer = sensor.tracer(|line| drop(print(&format!("{line}\n"))))?;
    sensor.policy.set_interest(TABLE.iter().map(|row| row.nr));
    let end = (seconds > 0).then(|| Instant::now() + Duration::from_secs(seconds));
    while !is_stopped.load(Ordering::Relaxed) && end.is_none_or(|end| Instant::now() < end) {
        let round = sensor.drain.round(|_record| {});
        tracer.flush();
        sensor.drain.wait(round, LOOK)?;
    }
    Ok(())
}

/// This build has no log lines.
#[cfg(not(feature = "trace"))]
pub(super) fn trace(_config: &Config, _seconds: u64) -> Result<(), AppError> {
    Err(AppError::NotBuilt { what: "log lines of the kernel programs", how: "cargo xtask build --trace" })
}
