//! A system call becomes a JSON line: open, exec and connect.

use anyhow::Result;
use saker_tests::stage::Host;
use saker_tests::vertical;

use crate::setup;

#[test]
fn system_calls_become_alerts() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let mut sensor = vertical::rules(setup::sensor()?).ready()?;
    vertical::check(&mut sensor, &Host::new(setup::actor())?)
}
