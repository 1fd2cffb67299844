//! `tp_btf/sys_exit(struct pt_regs *regs, long ret)`, 5.8 and newer: every system call of the machine comes by here,
//! so it does one bitmap test and ends. tp_btf, not raw_tp: `regs` is read by plain loads (raw_tp: +41 ns).
//!
//! It tail-calls, so nothing in it may become a subprogram (5.8 and 5.9 refuse the mix).

use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};
use sensor_common::{
    arch::Arch,
    control::Control,
    ledger::{Reason, slot},
};

use crate::{
    hooks::prelude::hand_on,
    kernel::{self, ARCH, Regs},
    maps::{EXIT_PROGRAMS, SNAPSHOT},
    policy,
    send::Account,
};

/// Bit that marks x32 numbers of x86-64; below 512 they are the native ones.
const X32_BIT: u64 = 0x4000_0000;
/// First and last number that only x32 has.
const X32_ONLY: core::ops::RangeInclusive<u64> = 512..=547;
const ENOSYS: i64 = 38;

#[btf_tracepoint(function = "sys_exit")]
pub fn sys_exit(ctx: BtfTracePointContext) -> i32 {
    let Some(control) = policy::control() else { return 0 };
    let regs = Regs(ctx.arg(0));
    let called = regs.nr();
    let nr = if matches!(ARCH, Arch::X86_64) { called & !X32_BIT } else { called };
    if called != nr {
        // Kernels are mostly built without x32: then nothing was called.
        if ctx.arg::<u64>(1) as i64 == -ENOSYS {
            return 0;
        }
        if X32_ONLY.contains(&nr) {
            not_decoded();
        }
    }
    if nr > 511 {
        return 0;
    }
    // The numbers of both tables are looked up, as telling the tables apart costs more.
    let is_wanted = policy::has(&raw const control.interest, nr);
    let is_wanted_32 = policy::has(&raw const control.interest_32, nr);
    if !is_wanted && !is_wanted_32 {
        return 0;
    }
    let task = kernel::current();
    if regs.is_32(task) {
        if is_wanted_32 && !(ctx.arg::<u64>(1) as i64 >= 0 && ARCH.is_lost_only_if_failed(nr)) {
            not_decoded();
        }
        return 0;
    }
    if !is_wanted {
        return 0;
    }
    if !hand_on(control, task) {
        // Tells of the process first and then goes on to the call.
        // SAFETY: same attach point, checked by the loader.
        unsafe { EXIT_PROGRAMS.tail_call(&ctx, SNAPSHOT) };
    }
    // SAFETY: as above.
    unsafe { EXIT_PROGRAMS.tail_call(&ctx, nr as u32) };
    no_program(control, nr);
    0
}

/// Counts a call of an ABI whose arguments are not decoded.
#[inline(always)]
fn not_decoded() {
    if let Some(account) = Account::open(slot::UNKNOWN) {
        account.count(Reason::Seen);
        account.count(Reason::Abi);
    }
}

/// Counts a call that no second stage took.
#[inline(always)]
pub fn no_program(control: &Control, nr: u64) {
    if let Some(account) = Account::open(policy::slot_of(control, nr)) {
        account.count(Reason::Seen);
        account.count(Reason::NoProgram);
    }
}
