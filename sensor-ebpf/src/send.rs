//! The only writer of the ring, and the only place that counts. Every run that was `seen` ends in exactly one of
//! `filtered`, `submitted` or a loss.

use core::arch::asm;

use aya_ebpf::{
    bindings::{BPF_RB_AVAIL_DATA, BPF_RB_FORCE_WAKEUP, BPF_RB_NO_WAKEUP},
    helpers::{
        bpf_get_current_pid_tgid, bpf_get_smp_processor_id, bpf_ktime_get_boot_ns,
        generated::bpf_ringbuf_output,
    },
};
use sensor_common::{
    ABI, Header, Kind,
    abi::MAX_RECORD,
    control::Control,
    ledger::{REASONS, Reason, SLOTS, VICTIMS as ROWS, Victim, victim_row},
};

use crate::{
    kernel,
    maps::{ASLEEP, LEDGER, RECORD_MASK, RING, SCRATCH, Scratch, VICTIMS},
    policy, snapshot,
};

/// Forces `x & mask` into the program: LLVM drops masks it can prove, the verifier cannot prove them.
#[macro_export]
macro_rules! mask {
    ($x:expr, $m:literal) => {{
        let mut value: u64 = $x as u64;
        // SAFETY: one register, no memory.
        #[allow(unused_unsafe)]
        unsafe {
            core::arch::asm!(concat!("{0} &= ", $m), inout(reg) value, options(pure, nomem, nostack));
        }
        value
    }};
}

/// `*cell += value`, atomically. Without fetch, as 5.8 has none; by asm, as rustc has no atomics for this target.
///
/// # Safety
/// `cell` must be an aligned cell of a map value.
#[inline(always)]
pub unsafe fn add(cell: *mut u64, value: u64) {
    // SAFETY: the caller's.
    unsafe { asm!("lock *(u64 *)({0} + 0) += {1}", in(reg) cell, in(reg) value, options(nostack)) };
}

/// One slot's row of this CPU's ledger.
#[derive(Clone, Copy)]
pub struct Account {
    counts: *mut [u64; REASONS],
    /// This CPU.
    pub cpu: u32,
    /// The slot.
    pub slot: u16,
}

impl Account {
    /// Opens the account of `slot`; `None` only if the loader sized the map wrongly.
    #[inline(always)]
    pub fn open(slot: u16) -> Option<Self> {
        // SAFETY: helper without arguments.
        let cpu = unsafe { bpf_get_smp_processor_id() };
        let ledger = LEDGER.get_ptr_mut(cpu)?;
        let index = mask!(slot, "0x1ff") as usize;
        const _: () = assert!(SLOTS == 0x200);
        // SAFETY: `index` is masked to the number of slots.
        let counts = unsafe { (&raw mut (*ledger).counts).cast::<[u64; REASONS]>().add(index) };
        Some(Self { counts, cpu, slot })
    }

    /// Adds one. Atomic, as a tracepoint may be preempted by another on its CPU.
    #[inline(always)]
    pub fn count(self, reason: Reason) {
        // SAFETY: a column of the row; the map value is 8-byte aligned and lives as long as the program.
        unsafe { add(self.counts.cast::<u64>().add(reason as usize), 1) };
    }

    /// The header of a record of this slot.
    #[inline(always)]
    pub fn header(self, kind: Kind, len: u32, control: &Control) -> Header {
        Header {
            len,
            abi: ABI,
            kind: kind as u16,
            slot: self.slot,
            cpu: self.cpu as u16,
            generation: control.generation,
            // SAFETY: helper without arguments.
            time_ns: unsafe { bpf_ktime_get_boot_ns() },
        }
    }
}

/// Counts a loss, and whose it was.
#[inline(always)]
fn lose(account: Account, reason: Reason) {
    account.count(reason);
    let Some(victims) = VICTIMS.get_ptr_mut(0) else { return };
    let cgroup = snapshot::cgroup_of(kernel::current());
    let (id, hierarchy) = (cgroup.kn().id(), u64::from(cgroup.hierarchy()));
    let index = mask!(victim_row(id, hierarchy), "0xff") as usize;
    const _: () = assert!(ROWS == 0x100);
    // SAFETY: `index` is masked to the number of rows. Not atomic but for the count: of two cgroups that come to a free row at
    // once, one is counted as the other's.
    unsafe {
        let row = (&raw mut (*victims).rows).cast::<Victim>().add(index);
        if (*row).cgroup_id == 0 {
            (&raw mut (*row).hierarchy).write_volatile(hierarchy);
            (&raw mut (*row).cgroup_id).write_volatile(id);
        }
        if (*row).cgroup_id == id && (*row).hierarchy == hierarchy {
            add(&raw mut (*row).lost, 1);
        } else {
            add(&raw mut (*victims).others, 1);
        }
    }
}

/// Whether a record of this kind may still use the ring: the last part is for lifecycle records, and for the canary
/// that shows that the sensor sees (a flood must not make it look blind).
#[inline(always)]
fn has_room(account: Account, control: &Control, kind: Kind, len: u64) -> bool {
    if kind.is_lifecycle() {
        return true;
    }
    let Some(scratch) = SCRATCH.get_ptr_mut(account.cpu) else { return false };
    // SAFETY: map value. Not atomic: what a preempting run takes twice is a small part of the reserve.
    let grant = unsafe { &raw mut (*scratch).grant_bytes };
    let left = u64::from(unsafe { grant.read_volatile() });
    if left >= len {
        unsafe { grant.write_volatile((left - len) as u32) };
        return true;
    }
    let used = RING.query(u64::from(BPF_RB_AVAIL_DATA));
    if used + len + u64::from(control.grant_bytes) + u64::from(control.reserve_bytes)
        <= u64::from(control.ring_bytes)
    {
        unsafe { grant.write_volatile(control.grant_bytes) };
        return true;
    }
    bpf_get_current_pid_tgid() as u32 == policy::canary(control)
}

/// Wakes the consumer if it sleeps. After the commit, whose exchange is the barrier: the consumer sets the word and
/// then looks at the ring once more, so one of the two always sees the other.
#[inline(always)]
fn wake() {
    let Some(asleep) = ASLEEP.get_ptr_mut(0) else { return };
    // SAFETY: map value; a lost race between two producers costs one extra wake-up.
    if unsafe { asleep.read_volatile() } == 0 {
        return;
    }
    // SAFETY: as above.
    unsafe { asleep.write_volatile(0) };
    match RING.reserve::<u64>(0) {
        Some(nothing) => nothing.discard(u64::from(BPF_RB_FORCE_WAKEUP)),
        // Not even 16 bytes are free: whoever comes next tries again.
        // SAFETY: as above.
        None => unsafe { asleep.write_volatile(1) },
    }
}

/// Writes a fixed record in place: reserve, fill, submit.
#[inline(always)]
pub fn fixed<T: 'static>(account: Account, control: &Control, kind: Kind, fill: impl FnOnce(*mut T)) -> bool {
    if !has_room(account, control, kind, size_of::<T>() as u64) {
        lose(account, Reason::Reserve);
        wake();
        return false;
    }
    let Some(mut entry) = RING.reserve::<T>(0) else {
        lose(account, Reason::RingFull);
        wake();
        return false;
    };
    fill(entry.as_mut_ptr());
    entry.submit(u64::from(BPF_RB_NO_WAKEUP));
    account.count(Reason::Submitted);
    wake();
    true
}

/// Copies the record that was built in `scratch` into the ring.
#[inline(always)]
pub fn variable(account: Account, control: &Control, kind: Kind, scratch: *mut Scratch) -> bool {
    // SAFETY: map value; volatile because the verifier must see a bounded scalar, not a history.
    let len = unsafe { (&raw const (*scratch).used).read_volatile() } as u64;
    if len > MAX_RECORD as u64 {
        lose(account, Reason::Oversize);
        return false;
    }
    if !has_room(account, control, kind, len) {
        lose(account, Reason::Reserve);
        wake();
        return false;
    }
    let record = unsafe { (&raw mut (*scratch).record).cast::<u8>() };
    // SAFETY: the header is the first thing in the record.
    unsafe { (*record.cast::<Header>()).len = len as u32 };
    const _: () = assert!(RECORD_MASK == 0x7fff);
    // SAFETY: `record` has room for RECORD_MASK bytes.
    let result = unsafe {
        bpf_ringbuf_output(
            (&raw const RING).cast_mut().cast(),
            record.cast(),
            mask!(len, "0x7fff"),
            u64::from(BPF_RB_NO_WAKEUP),
        )
    };
    if result != 0 {
        lose(account, Reason::RingFull);
        wake();
        return false;
    }
    account.count(Reason::Submitted);
    wake();
    true
}
