//! What the hooks share: the record as a whole, and the set of processes user space knows.

use sensor_common::event::{Call, Prefix};

use crate::{kernel, maps::KNOWN};

/// A record's fixed part.
#[repr(C)]
pub struct Told<T> {
    pub prefix: Prefix,
    pub body: T,
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

/// Notes that user space has been told; a failure only costs one more snapshot.
#[inline(always)]
pub fn set_known(tgid: u32, start_ns: u64) {
    let _ = KNOWN.insert(&tgid, &start_ns, 0);
}

/// Makes the next record of this process carry a snapshot again.
#[inline(always)]
pub fn forget(tgid: u32) {
    let _ = KNOWN.remove(&tgid);
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
