//! The wall clock may be set while the agent runs: times since the epoch follow it, differences between them stay as they are.

use super::State;

/// Less than that is left to the next look: no two readings of clocks are the same.
const LEAST_NS: u64 = 1_000_000;

impl State {
    /// The clock was read again. By how much it was put forward (ns), if that is worth a change.
    pub fn set_clock(&mut self, boot_epoch_ns: u64) -> Option<i64> {
        let by = boot_epoch_ns.wrapping_sub(self.host.boot_epoch_ns).cast_signed();
        if by.unsigned_abs() < LEAST_NS {
            return None;
        }
        self.host.boot_epoch_ns = boot_epoch_ns;
        let shift = |time_ns: &mut u64| *time_ns = time_ns.saturating_add_signed(by);
        shift(&mut self.first_ns);
        shift(&mut self.last_ns);
        self.table.processes_mut().for_each(|process| shift(&mut process.started_ns));
        Some(by)
    }
}
