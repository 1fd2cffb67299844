//! Second stage for calls with integer arguments only: a fixed record, written in place in the ring.

use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};
use sensor_common::{Kind, event::Call, ledger::Reason, syscalls::traits};

use crate::{
    hooks::{
        names::layout,
        prelude::{Told, caller, fill_call},
    },
    kernel::Regs,
    policy, send,
    send::Account,
    snapshot,
};

#[btf_tracepoint(function = "sys_exit")]
pub fn exit_call(ctx: BtfTracePointContext) -> i32 {
    let Some(control) = policy::control() else { return 0 };
    let regs = Regs(ctx.arg(0));
    let nr = regs.nr() & 0x1ff;
    let Some(account) = Account::open(policy::slot_of(control, nr)) else { return 0 };
    account.count(Reason::Seen);
    let task = caller(account);
    // The agent's own ptrace, kill or setns are evidence; its reads, waits and clocks are not.
    let is_evidence = layout(account.slot).traits & traits::EVIDENCE != 0;
    if !is_evidence && policy::is_own(control, task.tgid(), task.tid()) {
        account.count(Reason::Filtered);
        return 0;
    }
    let _sent = send::fixed::<Told<Call>>(account, control, Kind::Call, |told| {
        // SAFETY: ring memory of that type.
        unsafe {
            (*told).prefix.header = account.header(Kind::Call, size_of::<Told<Call>>() as u32, control);
            snapshot::task(task, &raw mut (*told).prefix.task);
            fill_call(&raw mut (*told).body, nr, regs.args(), ctx.arg::<u64>(1) as i64);
        }
    });
    crate::trace!(&ctx, "call {} returned {}, sent {}", nr, ctx.arg::<u64>(1) as i64, _sent as u32);
    0
}
