//! `tp_btf/sched_process_exec(struct task_struct *p, pid_t old_pid, struct linux_binprm *bprm)`, 5.8 and newer: an
//! exec that succeeded. `p` is the running task with its new memory, so argv and environment are what the program sees.

use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};
use sensor_common::{
    Kind, Source,
    abi::PATH_BYTES,
    event::Process,
    ledger::{Reason, slot},
};

use crate::{
    hooks::prelude::{Told, forget_living, set_known},
    kernel::{Binprm, Task},
    policy, send,
    send::Account,
    snapshot,
    tail::Builder,
};

#[btf_tracepoint(function = "sched_process_exec")]
pub fn exec(ctx: BtfTracePointContext) -> i32 {
    let Some(control) = policy::control() else { return 0 };
    let Some(account) = Account::open(slot::EXEC) else { return 0 };
    account.count(Reason::Seen);
    let task = Task(ctx.arg::<u64>(0));
    let bprm = Binprm(ctx.arg::<u64>(2));
    let tgid = task.tgid();
    let mut sent = false;
    if let Some(builder) = Builder::take(account) {
        let told = builder.start::<Told<Process>>();
        // SAFETY: map memory of that type.
        unsafe {
            (*told).prefix.header = account.header(Kind::Exec, 0, control);
            snapshot::task(task, &raw mut (*told).prefix.task);
            snapshot::process(task, &raw mut (*told).body);
            snapshot::strings(task, builder, &raw mut (*told).body, true);
            (*told).body.filename = builder.kernel_str(bprm.filename(), PATH_BYTES as u32, Source::Hook);
            sent = send::variable(account, control, Kind::Exec, builder.scratch);
            if sent {
                set_known(tgid, (*told).prefix.task.start_ns);
            }
        }
        builder.release();
    }
    crate::trace!(&ctx, "exec by {}, sent {}", tgid, sent as u32);
    if !sent {
        // What user space knows of this process is what it was before: tell again at its next record.
        forget_living(tgid);
    }
    0
}
