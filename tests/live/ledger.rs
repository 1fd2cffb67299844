//! Loss is an accounting identity, under overload as well.

use anyhow::Result;
use saker_tests::ledger;

use crate::setup;

const N_FLOODERS: usize = 4;
const N_OPENS: u64 = 100_000;

#[test]
fn every_event_of_a_flood_is_accounted_for() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    ledger::check(setup::sensor()?, setup::actor(), N_FLOODERS, N_OPENS)
}
