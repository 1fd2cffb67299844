//! `tp_btf/sys_exit(struct pt_regs *regs, long ret)`, 5.8 and newer: every system call of the machine comes by here,
//! so it does one bitmap test and ends. tp_btf, not raw_tp: `regs` is read by plain loads (raw_tp: +41 ns).
//!
//! It tail-calls, so nothing in it may become a subprogram (5.8 and 5.9 refuse the mix).

use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};
use sensor_common::ledger::{Reason, slot};

use crate::{
    hooks::prelude::is_known,
    kernel::{self, Regs},
    maps::{EXIT_PROGRAMS, SNAPSHOT},
    policy,
    send::Account,
};

/// `thread_info.status` of a 32-bit call; the number is then one of another table.
const TS_COMPAT: u32 = 2;
/// Bit that marks x32 numbers; the calls below it are the native ones.
const X32_BIT: u64 = 0x4000_0000;

#[btf_tracepoint(function = "sys_exit")]
pub fn sys_exit(ctx: BtfTracePointContext) -> i32 {
    let Some(control) = policy::control() else { return 0 };
    let nr = Regs(ctx.arg(0)).nr() & !X32_BIT;
    if nr > 511 || !policy::is_interesting(control, nr) {
        return 0;
    }
    let task = kernel::current();
    if task.status() & TS_COMPAT != 0 {
        if let Some(account) = Account::open(slot::UNKNOWN) {
            account.count(Reason::Seen);
            account.count(Reason::Abi);
        }
        return 0;
    }
    if !is_known(task) {
        // Tells of the process first and then goes on to the call.
        // SAFETY: same attach point, checked by the loader.
        unsafe { EXIT_PROGRAMS.tail_call(&ctx, SNAPSHOT) };
    }
    // SAFETY: as above.
    unsafe { EXIT_PROGRAMS.tail_call(&ctx, nr as u32) };
    if let Some(account) = Account::open(policy::slot_of(control, nr)) {
        account.count(Reason::Seen);
        account.count(Reason::NoProgram);
    }
    0
}
