//! Second stage that stands behind getpriority only while the agent starts. The agent, maybe inside a pid namespace,
//! cannot know its global ids: it writes a nonce into the policy, calls `getpriority(which, nonce)`, and this writes
//! the caller's global ids there.

use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};
use sensor_common::control::{Control, SEATS};

use crate::{
    kernel::{self, Regs},
    maps::CONTROL,
};

/// `PRIO_PROCESS`: a process of the agent. `PRIO_PGRP`: the thread whose calls are canaries.
const PRIO_PROCESS: u64 = 0;

#[btf_tracepoint(function = "sys_exit")]
pub fn exit_handshake(ctx: BtfTracePointContext) -> i32 {
    let args = Regs(ctx.arg(0)).args();
    let Some(control) = CONTROL.get_ptr_mut(0) else { return 0 };
    let control: *mut Control = control;
    // SAFETY: map value; volatile, as user space reads and writes it meanwhile.
    unsafe {
        let nonce = (&raw const (*control).handshake).read_volatile();
        if nonce == 0 || args[1] as u32 != nonce {
            return 0;
        }
        let task = kernel::current();
        if args[0] == PRIO_PROCESS {
            const _: () = assert!(SEATS == 4);
            let seat = crate::mask!((&raw const (*control).seat).read_volatile(), "3") as usize;
            (&raw mut (*control).own_tgids).cast::<u32>().add(seat).write_volatile(task.tgid());
        } else {
            (&raw mut (*control).canary_tid).write_volatile(task.tid());
        }
        (&raw mut (*control).handshake).write_volatile(0);
    }
    0
}
