//! Decides early: is anybody interested, is it the agent itself.

use sensor_common::control::{Control, NUMBERS, SEATS};

use crate::maps::CONTROL;

/// The policy; `None` never happens, the map has one value.
#[inline(always)]
pub fn control() -> Option<&'static Control> {
    CONTROL.get(0)
}

/// Whether a bitmap over call numbers has this one.
#[inline(always)]
pub fn has(bits: *const [u64; NUMBERS / 64], nr: u64) -> bool {
    const _: () = assert!(NUMBERS == 512);
    let word = crate::mask!(nr >> 6, "7") as usize;
    // SAFETY: masked to the array's length. Volatile: user space writes it while we run.
    let bits = unsafe { bits.cast::<u64>().add(word).read_volatile() };
    bits >> (nr & 63) & 1 != 0
}

/// Ledger slot of a native system call.
#[inline(always)]
pub fn slot_of(control: &Control, nr: u64) -> u16 {
    let index = crate::mask!(nr, "0x1ff") as usize;
    // SAFETY: masked to the array's length.
    unsafe { (&raw const control.slot_of).cast::<u16>().add(index).read_volatile() }
}

/// Whether this is a call of the agent itself, whose plain I/O would feed back into itself. Its canary thread passes.
#[inline(always)]
pub fn is_own(control: &Control, tgid: u32, tid: u32) -> bool {
    let own = (&raw const control.own_tgids).cast::<u32>();
    // SAFETY: volatile reads of the shared policy value, within the array.
    let is_one = |seat| tgid == unsafe { own.add(seat).read_volatile() };
    (0..SEATS).any(is_one) && tid != canary(control)
}

/// The agent's canary thread; 0 before it introduced itself.
#[inline(always)]
pub fn canary(control: &Control) -> u32 {
    // SAFETY: volatile read of the shared policy value.
    unsafe { (&raw const control.canary_tid).read_volatile() }
}
