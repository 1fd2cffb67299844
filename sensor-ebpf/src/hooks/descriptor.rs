//! Second stage for calls about an open file (fchmod, fchdir): the object's path by its descriptor.

use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};
use sensor_common::{Kind, Source, event::File, ledger::Reason, tail::flag};

use crate::{
    hooks::prelude::{Told, caller, clear, fill_call},
    kernel::Regs,
    policy, send,
    send::Account,
    snapshot,
    tail::Builder,
};

#[btf_tracepoint(function = "sys_exit")]
pub fn exit_descriptor(ctx: BtfTracePointContext) -> i32 {
    let Some(control) = policy::control() else { return 0 };
    let regs = Regs(ctx.arg(0));
    let nr = regs.nr() & 0x1ff;
    let Some(account) = Account::open(policy::slot_of(control, nr)) else { return 0 };
    account.count(Reason::Seen);
    let task = caller(account);
    if policy::is_own(control, task.tgid(), task.tid()) {
        account.count(Reason::Filtered);
        return 0;
    }
    let Some(builder) = Builder::take(account) else { return 0 };
    let told = builder.start::<Told<File>>();
    let args = regs.args();
    // SAFETY: map memory of that type.
    unsafe {
        (*told).prefix.header = account.header(Kind::File, 0, control);
        snapshot::task(task, &raw mut (*told).prefix.task);
        let body = &raw mut (*told).body;
        clear(body);
        fill_call(&raw mut (*body).call, nr, args, ctx.arg::<u64>(1) as i64);
        let object = task.file(args[0] as u32);
        let inode = object.inode();
        (*body).ino = inode.ino();
        (*body).dev = inode.sb().user_dev();
        (*body).mode = inode.mode();
        if object.0 != 0 {
            let mut path = builder.path(task.fs(), object.mnt(), object.dentry(), Source::Fd);
            if task.file(args[0] as u32) != object {
                path.flags |= flag::RACED;
            }
            (*body).resolved = path;
        }
    }
    let _sent = send::variable(account, control, Kind::File, builder.scratch);
    builder.release();
    crate::trace!(
        &ctx,
        "call {} on a descriptor returned {}, sent {}",
        nr,
        ctx.arg::<u64>(1) as i64,
        _sent as u32
    );
    0
}
