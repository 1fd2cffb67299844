//! What the hooks share: the record as a whole, and the set of processes user space knows.

use aya_ebpf::helpers::bpf_get_smp_processor_id;
use sensor_common::{
    control::Control,
    event::{Call, Prefix},
};

use crate::{
    kernel,
    maps::{CONTROL, KNOWN, SCRATCH},
    send::Account,
};

/// A log line in objects that are built with the feature `trace`, and nothing in all others. Programs that tail-call have
/// none: they may have no subprogram.
#[macro_export]
macro_rules! trace {
    ($ctx:expr, $($line:tt)+) => {
        #[cfg(feature = "trace")]
        aya_log_ebpf::debug!($ctx, $($line)+);
    };
}

/// A record's fixed part.
#[repr(C)]
pub struct Told<T> {
    pub prefix: Prefix,
    pub body: T,
}

/// Zeroes what a hook does not fill, by plain stores: LLVM makes calls of `memset` of array assignments.
///
/// # Safety
/// `to` must be valid for writes and aligned to 8 bytes.
#[inline(always)]
pub unsafe fn clear<T>(to: *mut T) {
    let mut i = 0;
    while i < size_of::<T>() / 8 {
        // SAFETY: the caller's. Volatile, or LLVM sees a memset in it.
        unsafe { to.cast::<u64>().add(i).write_volatile(0) };
        i += 1;
    }
}

/// Whether user space has been told of this process.
#[inline(always)]
pub fn is_known(task: kernel::Task) -> bool {
    let tgid = task.tgid();
    // SAFETY: a torn read of the value only costs one more snapshot.
    match unsafe { KNOWN.get(&tgid) } {
        Some(start) => *start == task.group_leader().start_boottime(),
        None => false,
    }
}

/// For the dispatcher: keeps the running task for [`caller`] and says whether user space has been told of its
/// process, which mostly is the one that called on this CPU before.
#[inline(always)]
pub fn hand_on(control: &Control, task: kernel::Task) -> bool {
    // SAFETY: helper without arguments; volatile read of the shared value.
    let (cpu, forgotten) =
        unsafe { (bpf_get_smp_processor_id(), (&raw const control.forgotten).read_volatile()) };
    let Some(scratch) = SCRATCH.get_ptr_mut(cpu) else { return true };
    let key = u64::from(forgotten) << 32 | u64::from(task.tgid());
    let start_ns = task.group_leader().start_boottime();
    // SAFETY: map value that only the dispatcher touches, and it never preempts itself.
    unsafe {
        (&raw mut (*scratch).caller).write_volatile(task.0);
        let known = (&raw mut (*scratch).known).cast::<u64>();
        if known.read_volatile() == key && known.add(1).read_volatile() == start_ns {
            return true;
        }
        if !is_known(task) {
            return false;
        }
        known.write_volatile(key);
        known.add(1).write_volatile(start_ns);
    }
    true
}

/// For a second stage: the running task.
#[inline(always)]
pub fn caller(account: Account) -> kernel::Task {
    let Some(scratch) = SCRATCH.get_ptr_mut(account.cpu) else { return kernel::Task(0) };
    // SAFETY: map value; volatile, as another program wrote it.
    kernel::Task(unsafe { (&raw const (*scratch).caller).read_volatile() })
}

/// Notes that user space has been told; a failure only costs one more snapshot.
#[inline(always)]
pub fn set_known(tgid: u32, start_ns: u64) {
    let _ = KNOWN.insert(&tgid, &start_ns, 0);
}

/// A process is gone.
#[inline(always)]
pub fn forget(tgid: u32) {
    let _ = KNOWN.remove(&tgid);
}

/// Makes the next record of a living process carry a snapshot again.
#[inline(always)]
pub fn forget_living(tgid: u32) {
    forget(tgid);
    if let Some(control) = CONTROL.get_ptr_mut(0) {
        // SAFETY: map value; of two at once one count is enough, as both are remembered without it.
        unsafe {
            let forgotten = &raw mut (*control).forgotten;
            forgotten.write_volatile(forgotten.read_volatile().wrapping_add(1));
        }
    }
}

/// Fills the call part from the tracepoint's arguments.
#[inline(always)]
pub fn fill_call(to: *mut Call, nr: u64, args: [u64; 6], ret: i64) {
    // SAFETY: `to` is valid for writes of a Call.
    unsafe {
        (*to).ret = ret;
        (*to).args = args;
        (*to).nr = nr as u32;
        (*to).pad = 0;
    }
}
