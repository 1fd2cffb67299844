//! `tp_btf/sched_process_exit(struct task_struct *p[, bool group_dead])`, 5.8 and newer; the second argument came late
//! (6.17), so the group's state is read from `signal->live`, which is counted down before.

use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};
use sensor_common::{
    Kind,
    event::{Exit, exit},
    ledger::{Reason, slot},
};

use crate::{
    hooks::prelude::{Told, forget},
    kernel::Task,
    policy, send,
    send::Account,
    snapshot,
};

#[btf_tracepoint(function = "sched_process_exit")]
pub fn exit(ctx: BtfTracePointContext) -> i32 {
    let Some(control) = policy::control() else { return 0 };
    let Some(account) = Account::open(slot::EXIT) else { return 0 };
    account.count(Reason::Seen);
    let task = Task(ctx.arg::<u64>(0));
    let is_group_dead = task.signal().live() == 0;
    let _sent = send::fixed::<Told<Exit>>(account, control, Kind::Exit, |told| {
        // SAFETY: ring memory of that type.
        unsafe {
            (*told).prefix.header = account.header(Kind::Exit, size_of::<Told<Exit>>() as u32, control);
            snapshot::task(task, &raw mut (*told).prefix.task);
            (*told).body = Exit {
                status: task.exit_code(),
                flags: if is_group_dead { exit::GROUP_DEAD } else { 0 },
                reaper_tid: 0,
                pad: 0,
            };
        }
    });
    crate::trace!(&ctx, "exit of {}, sent {}", task.tid(), _sent as u32);
    if is_group_dead {
        forget(task.tgid());
    }
    0
}
