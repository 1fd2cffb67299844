//! `tp_btf/sched_process_fork(struct task_struct *parent, struct task_struct *child)`, 5.8 and newer. The child has not
//! run yet and shares or copies the parent's strings, which user space has: a fixed record, written in place.

use aya_ebpf::{
    helpers::generated::bpf_probe_read_user, macros::btf_tracepoint, programs::BtfTracePointContext,
};
use sensor_common::{
    Kind,
    arch::Arch,
    event::Process,
    ledger::{Reason, slot},
};

use crate::{
    hooks::prelude::{Told, is_known, set_known},
    kernel::{ARCH, Task},
    policy, send,
    send::Account,
    snapshot,
};

#[btf_tracepoint(function = "sched_process_fork")]
pub fn fork(ctx: BtfTracePointContext) -> i32 {
    let Some(control) = policy::control() else { return 0 };
    let Some(account) = Account::open(slot::FORK) else { return 0 };
    account.count(Reason::Seen);
    let (parent, child) = (Task(ctx.arg::<u64>(0)), Task(ctx.arg::<u64>(1)));
    let sent = send::fixed::<Told<Process>>(account, control, Kind::Fork, |told| {
        // SAFETY: ring memory of that type.
        unsafe {
            (*told).prefix.header = account.header(Kind::Fork, size_of::<Told<Process>>() as u32, control);
            snapshot::task(child, &raw mut (*told).prefix.task);
            snapshot::process(child, &raw mut (*told).body);
            (*told).body.clone_flags = clone_flags(child);
            (*told).body.call_nr = call_nr(child) as u32;
            (*told).body.caller_tgid = parent.tgid();
            (*told).body.caller_tid = parent.tid();
        }
    });
    crate::trace!(&ctx, "fork of {} by {}, sent {}", child.tid(), parent.tid(), sent as u32);
    // The child's strings are its parent's: it is known only if the parent is.
    if sent && child.tid() == child.tgid() && is_known(parent) {
        set_known(child.tgid(), child.start_boottime());
    }
    0
}

const CLONE: u64 = 56;
const CLONE3: u64 = 435;

/// The number on x86-64 of the call that made the task. arm64 has no fork and no vfork, and clone3 has one number everywhere.
#[inline(always)]
fn call_nr(child: Task) -> u64 {
    const CLONE_ARM64: u64 = 220;
    let nr = child.fork_nr();
    if matches!(ARCH, Arch::Arm64) && nr == CLONE_ARM64 { CLONE } else { nr }
}

/// The `CLONE_*` bits that the call was made with: clone has them in its first argument, with the signal for the parent
/// in the lowest byte; clone3 in the first field of a struct in the caller's memory; fork and vfork have none.
#[inline(always)]
fn clone_flags(child: Task) -> u64 {
    const CSIGNAL: u64 = 0xff;
    let nr = call_nr(child);
    if nr == CLONE {
        return child.fork_arg0() & !CSIGNAL;
    }
    let mut flags = 0_u64;
    if nr == CLONE3 {
        // SAFETY: 8 bytes of this frame; a failed read leaves them zero.
        unsafe { bpf_probe_read_user((&raw mut flags).cast(), 8, child.fork_arg0() as *const _) };
    }
    flags
}
