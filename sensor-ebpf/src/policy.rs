//! Decides early: is anybody interested, is it the agent itself.

use sensor_common::control::{Control, NUMBERS};

use crate::maps::CONTROL;

/// The policy; `None` never happens, the map has one value.
#[inline(always)]
pub fn control() -> Option<&'static Control> {
    CONTROL.get(0)
}

/// Whether a loaded rule wants this native system call.
#[inline(always)]
pub fn is_interesting(control: &Control, nr: u64) -> bool {
    const _: () = assert!(NUMBERS == 512);
    let word = crate::mask!(nr >> 6, "7") as usize;
    // SAFETY: masked to the array's length. Volatile: user space writes it while we run.
    let bits = unsafe { (&raw const control.interest).cast::<u64>().add(word).read_volatile() };
    bits >> (nr & 63) & 1 != 0
}

/// Ledger slot of a native system call.
#[inline(always)]
pub fn slot_of(control: &Control, nr: u64) -> u16 {
    let index = crate::mask!(nr, "0x1ff") as usize;
    // SAFETY: masked to the array's length.
    unsafe { (&raw const control.slot_of).cast::<u16>().add(index).read_volatile() }
}

/// Whether this is the agent's own plain I/O, which would feed back into itself. Its canary thread passes.
#[inline(always)]
pub fn is_own(control: &Control, tgid: u32, tid: u32) -> bool {
    // SAFETY: volatile reads of the shared policy value.
    let (own, canary) = unsafe {
        ((&raw const control.self_tgid).read_volatile(), (&raw const control.canary_tid).read_volatile())
    };
    tgid == own && tid != canary
}
