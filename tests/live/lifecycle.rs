//! A full ring takes every fork, exec and exit.

use anyhow::Result;
use saker_tests::lifecycle;

use crate::setup;

#[test]
fn a_full_ring_takes_every_fork_exec_and_exit() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    lifecycle::check(setup::sensor()?, setup::actor())
}
