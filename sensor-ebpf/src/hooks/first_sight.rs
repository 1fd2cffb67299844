//! Second stage of `sys_exit` for a process that user space has not been told of: sends its full snapshot in-band
//! (the current task may read its own memory, so the agent needs no ptrace rights), then goes on to the call.

use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};
use sensor_common::{
    Kind,
    event::{Prefix, Process},
    ledger::{Reason, slot},
};

use crate::{
    hooks::{
        dispatch::no_program,
        prelude::{Told, caller, set_known},
    },
    kernel::Regs,
    maps::EXIT_PROGRAMS,
    policy, send,
    send::Account,
    snapshot,
    tail::Builder,
};

#[btf_tracepoint(function = "sys_exit")]
pub fn first_sight(ctx: BtfTracePointContext) -> i32 {
    tell();
    let nr = Regs(ctx.arg(0)).nr() & 0x1ff;
    // SAFETY: same attach point, checked by the loader.
    unsafe { EXIT_PROGRAMS.tail_call(&ctx, nr as u32) };
    if let Some(control) = policy::control() {
        no_program(control, nr);
    }
    0
}

#[inline(always)]
fn tell() {
    let Some(control) = policy::control() else { return };
    let Some(account) = Account::open(slot::PROCESS) else { return };
    account.count(Reason::Seen);
    let Some(builder) = Builder::take(account).map(Builder::inlined) else { return };
    let task = caller(account);
    let told = builder.start::<Told<Process>>();
    // SAFETY: map memory of that type.
    unsafe {
        (*told).prefix = Prefix { header: account.header(Kind::Process, 0, control), ..(*told).prefix };
        snapshot::task(task, &raw mut (*told).prefix.task);
        snapshot::process(task, &raw mut (*told).body);
        snapshot::strings(task, builder, &raw mut (*told).body, true);
        if send::variable(account, control, Kind::Process, builder.scratch) {
            set_known((*told).prefix.task.tgid, (*told).prefix.task.start_ns);
        }
    }
    builder.release();
}
