//! `tp_btf/sched_process_fork(struct task_struct *parent, struct task_struct *child)`, 5.8 and newer. The child has not
//! run yet and shares or copies the parent's strings, which user space has: a fixed record, written in place.

use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};
use sensor_common::{
    Kind,
    event::Process,
    ledger::{Reason, slot},
};

use crate::{
    hooks::prelude::{Told, is_known, set_known},
    kernel::Task,
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
            (*told).body.clone_flags = clone_flags(parent, child);
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

/// What parent and child share, as the `CLONE_*` bits that make it so (the tracepoint does not have the argument).
#[inline(always)]
fn clone_flags(parent: Task, child: Task) -> u64 {
    const CLONE_VM: u64 = 0x100;
    const CLONE_FS: u64 = 0x200;
    const CLONE_FILES: u64 = 0x400;
    const CLONE_SIGHAND: u64 = 0x800;
    const CLONE_THREAD: u64 = 0x1_0000;
    const CLONE_NEWNS: u64 = 0x2_0000;
    const CLONE_NEWUSER: u64 = 0x1000_0000;
    const CLONE_NEWPID: u64 = 0x2000_0000;
    const CLONE_NEWNET: u64 = 0x4000_0000;
    let mut flags = 0;
    let mut set = |shared: bool, bit: u64| {
        if shared {
            flags |= bit;
        }
    };
    set(parent.mm() == child.mm(), CLONE_VM);
    set(parent.fs() == child.fs(), CLONE_FS);
    set(parent.files() == child.files(), CLONE_FILES);
    set(parent.sighand() == child.sighand(), CLONE_SIGHAND);
    set(parent.tgid() == child.tgid(), CLONE_THREAD);
    let (before, after) = (parent.nsproxy(), child.nsproxy());
    set(before.mnt() != after.mnt(), CLONE_NEWNS);
    set(before.pid_for_children() != after.pid_for_children(), CLONE_NEWPID);
    set(before.net() != after.net(), CLONE_NEWNET);
    set(parent.cred().user_ns() != child.cred().user_ns(), CLONE_NEWUSER);
    flags
}
