//! `iter/task` (5.8 and newer), read once at start: a snapshot of every process, without /proc, hostPID or ptrace
//! rights. Another task's memory is out of reach here: argv comes with its first record or from /proc.

use aya_ebpf::helpers::generated::bpf_seq_write;
use sensor_common::{
    Kind,
    abi::MAX_RECORD,
    event::Process,
    ledger::{Reason, slot},
};

use crate::{
    hooks::prelude::Told,
    kernel::{Task, Typed, iter_seq},
    policy,
    send::Account,
    snapshot,
    tail::Builder,
};

#[unsafe(link_section = "iter/task")]
#[unsafe(no_mangle)]
pub extern "C" fn scan(ctx: *const u64) -> i32 {
    // SAFETY: the iterator's context is two words: meta and task (null at the end).
    let (meta, task) = unsafe { (ctx.read_volatile() as Typed, ctx.add(1).read_volatile()) };
    if task == 0 {
        return 0;
    }
    let task = Task(task);
    if task.tid() != task.tgid() {
        return 0;
    }
    let Some(control) = policy::control() else { return 0 };
    let Some(account) = Account::open(slot::PROCESS) else { return 0 };
    let Some(builder) = Builder::take_uncounted(account.cpu) else { return 0 };
    let told = builder.start::<Told<Process>>();
    // SAFETY: map memory of that type.
    unsafe {
        (*told).prefix.header = account.header(Kind::Process, 0, control);
        snapshot::task(task, &raw mut (*told).prefix.task);
        snapshot::process(task, &raw mut (*told).body);
        snapshot::strings(task, builder, &raw mut (*told).body, false);
        let len = (&raw const (*builder.scratch).used).read_volatile();
        if len <= MAX_RECORD as u32 {
            (*told).prefix.header.len = len;
            let written = bpf_seq_write(
                iter_seq(meta) as *mut _,
                (&raw const (*builder.scratch).record).cast(),
                crate::mask!(len, "0x7fff") as u32,
            );
            // A full buffer means that the kernel comes back with this task: it counts once, when it went out.
            if written == 0 {
                account.count(Reason::Seen);
                account.count(Reason::Submitted);
            }
        }
    }
    builder.release();
    0
}
