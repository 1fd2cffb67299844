//! `proc.*` and `thread.*`: the acting process, its leaders and its ancestors.

use sensor_common::event::exe;

use super::{
    ArgKind, Field,
    ancestors::{self, each},
    flag,
    process_get::{self as get, id, nonzero, of, task, virtual_id},
    table::{absent, field},
    thread_get::{self as thread, capabilities, kilobytes},
};
use crate::rules::{
    Type::{AbsTime, Bool, CharBuf, Double, Int64, RelTime, Uint32, Uint64},
    Value,
};

const NO_TABLE: &str = "there is no descriptor table";
const NO_SWITCH: &str = "context switches are not traced";
const NO_WRITABLE: &str = "the record does not tell the executable's mode and owner";

pub(super) static FIELDS: &[Field] = &[
    field("proc.exe", CharBuf, "Argument 0 of the process.", |c, _| {
        Some(Value::Text(get::exe(c.event.actor)))
    }),
    field("proc.pexe", CharBuf, "Argument 0 of the parent.", |c, _| {
        Some(Value::Text(get::exe(c.event.parent()?)))
    }),
    field(
        "proc.aexe",
        CharBuf,
        "Argument 0 of an ancestor: [1] is the parent; without a number, of any.",
        |c, a| each(c, a, |_, p| Value::Text(get::exe(p))),
    )
    .ancestors(),
    field("proc.exepath", CharBuf, "Path of the executable, links followed.", |c, _| {
        Some(Value::Text(get::exepath(c.event.actor)))
    }),
    field("proc.pexepath", CharBuf, "Path of the parent's executable.", |c, _| {
        Some(Value::Text(get::exepath(c.event.parent()?)))
    }),
    field(
        "proc.aexepath",
        CharBuf,
        "Path of an ancestor's executable: [1] is the parent; without a number, of any.",
        |c, a| each(c, a, |_, p| Value::Text(get::exepath(p))),
    )
    .ancestors(),
    field("proc.name", CharBuf, "Name of the process at its last exec or fork, at most 15 bytes.", |c, _| {
        Some(Value::Text(&c.event.actor.name))
    }),
    field("proc.pname", CharBuf, "Name of the parent.", |c, _| Some(Value::Text(&c.event.parent()?.name))),
    field(
        "proc.aname",
        CharBuf,
        "Name of an ancestor: [0] is the process, [1] its parent; without a number, of any.",
        |c, a| each(c, a, |_, p| Value::Text(&p.name)),
    )
    .ancestors(),
    field(
        "proc.args",
        CharBuf,
        "Arguments behind argument 0, space separated; [0] is the first of them.",
        get::args,
    )
    .optional(ArgKind::Number),
    field(
        "proc.aargs",
        CharBuf,
        "Arguments of an ancestor: [1] is the parent; without a number, of all in one text.",
        ancestors::args,
    )
    .optional(ArgKind::Number),
    field("proc.cmdline", CharBuf, "Name and arguments, space separated.", |c, _| {
        Some(Value::Text(&c.event.actor.cmdline))
    }),
    field("proc.pcmdline", CharBuf, "Name and arguments of the parent.", |c, _| {
        Some(Value::Text(&c.event.parent()?.cmdline))
    }),
    field(
        "proc.acmdline",
        CharBuf,
        "Name and arguments of an ancestor: [1] is the parent; without a number, of any.",
        |c, a| each(c, a, |_, p| Value::Text(get::cmdline(p))),
    )
    .ancestors(),
    field("proc.cmdnargs", Uint64, "How many arguments stand behind argument 0.", get::n_args),
    field(
        "proc.cmdlenargs",
        Uint64,
        "Bytes of the arguments behind argument 0, without separators.",
        get::len_args,
    ),
    field("proc.exeline", CharBuf, "Argument 0 and the arguments behind it, space separated.", get::exeline),
    field("proc.env", CharBuf, "Environment, space separated; [NAME] is one variable's value.", get::env)
        .optional(ArgKind::Key),
    field(
        "proc.aenv",
        CharBuf,
        "Environment of any ancestor; [NAME] is the value in the nearest that has it.",
        ancestors::env,
    )
    .ancestors()
    .optional(ArgKind::Either),
    field("proc.cwd", CharBuf, "Working directory, with a slash behind it.", get::cwd),
    field(
        "proc.loginshellid",
        Int64,
        "Process id of the oldest shell among the process and its ancestors.",
        get::login_shell,
    ),
    field("proc.tty", Uint32, "Number of the controlling terminal, 0 without one.", |c, _| {
        Some(Value::U64(u64::from(task(c).tty)))
    }),
    field("proc.pid", Int64, "Process id.", |c, _| id(c.event.actor.key.tgid)),
    field("proc.ppid", Int64, "Process id of the parent.", |c, _| id(c.event.actor.parent.tgid)),
    field(
        "proc.apid",
        Int64,
        "Process id of an ancestor: [1] is the parent; without a number, of any.",
        |c, a| each(c, a, |_, p| Value::I64(i64::from(p.key.tgid))),
    )
    .ancestors(),
    field("proc.vpid", Int64, "Process id in its own pid namespace.", |c, _| {
        virtual_id(c.event.actor.facts.vpid)
    }),
    field("proc.pvpid", Int64, "Process id of the parent in the parent's pid namespace.", |c, _| {
        virtual_id(c.event.actor.facts.pvpid)
    }),
    field("proc.sid", Int64, "Session id in the process's pid namespace.", |c, _| id(get::sid(c))),
    field("proc.sname", CharBuf, "Name of the session leader.", |c, _| of(get::session_leader(c), get::name)),
    field("proc.sid.exe", CharBuf, "Argument 0 of the session leader.", |c, _| {
        of(get::session_leader(c), get::exe)
    }),
    field("proc.sid.exepath", CharBuf, "Path of the session leader's executable.", |c, _| {
        of(get::session_leader(c), get::exepath)
    }),
    field("proc.vpgid", Int64, "Process group id in the process's pid namespace.", |c, _| {
        id(c.event.actor.facts.vpgid)
    }),
    field("proc.vpgid.name", CharBuf, "Name of the group leader.", |c, _| {
        of(get::group_leader(c), get::name)
    }),
    field("proc.vpgid.exe", CharBuf, "Argument 0 of the group leader.", |c, _| {
        of(get::group_leader(c), get::exe)
    }),
    field("proc.vpgid.exepath", CharBuf, "Path of the group leader's executable.", |c, _| {
        of(get::group_leader(c), get::exepath)
    }),
    field("proc.pgid", Int64, "Process group id in the initial pid namespace.", |c, _| {
        id(c.event.actor.facts.pgid)
    }),
    field("proc.pgid.name", CharBuf, "Name of the group leader.", |c, _| of(get::group_leader(c), get::name)),
    field("proc.pgid.exe", CharBuf, "Argument 0 of the group leader.", |c, _| {
        of(get::group_leader(c), get::exe)
    }),
    field("proc.pgid.exepath", CharBuf, "Path of the group leader's executable.", |c, _| {
        of(get::group_leader(c), get::exepath)
    }),
    field("proc.duration", RelTime, "Time since the process started, ns.", |c, _| {
        get::duration(c, c.event.actor)
    }),
    field("proc.ppid.duration", RelTime, "Time since the parent started, ns.", |c, _| {
        get::duration(c, c.event.parent()?)
    }),
    field("proc.pid.ts", RelTime, "When the process started, ns since the epoch.", |c, _| {
        nonzero(c.event.actor.started_ns)
    }),
    field("proc.ppid.ts", RelTime, "When the parent started, ns since the epoch.", |c, _| {
        nonzero(c.event.parent()?.started_ns)
    }),
    absent(
        "proc.is_exe_writable",
        Bool,
        "Whether the process's user may write to the executable.",
        NO_WRITABLE,
    ),
    field(
        "proc.is_exe_upper_layer",
        Bool,
        "Whether the executable is in the upper layer of an overlay.",
        |c, _| get::exe_flag(c, exe::UPPER_LAYER),
    ),
    field(
        "proc.is_exe_lower_layer",
        Bool,
        "Whether the executable is in a lower layer of an overlay.",
        |c, _| get::exe_flag(c, exe::LOWER_LAYER),
    ),
    field("proc.is_exe_from_memfd", Bool, "Whether the executable is a memfd.", |c, _| {
        get::exe_flag(c, exe::FROM_MEMFD)
    }),
    field("proc.is_sid_leader", Bool, "Whether the process leads its session.", |c, _| {
        Some(Value::Bool(task(c).sid == c.event.actor.key.tgid))
    }),
    field("proc.is_vpgid_leader", Bool, "Whether the process leads its group.", |c, _| {
        Some(Value::Bool(c.event.actor.facts.vpgid == c.event.actor.facts.vpid))
    }),
    field("proc.is_pgid_leader", Bool, "Whether the process leads its group, by ids of the host.", |c, _| {
        Some(Value::Bool(c.event.actor.facts.pgid == c.event.actor.key.tgid))
    }),
    field("proc.exe_ino", Int64, "Inode number of the executable.", |c, _| {
        let inode = c.event.actor.facts.exe_ino;
        (inode != 0).then_some(Value::I64(inode.cast_signed()))
    }),
    field(
        "proc.exe_ino.ctime",
        AbsTime,
        "Last change of the executable's inode, ns since the epoch.",
        |c, _| nonzero(c.event.actor.facts.exe_ctime_ns),
    ),
    field(
        "proc.exe_ino.mtime",
        AbsTime,
        "Last change of the executable's content, ns since the epoch.",
        |c, _| nonzero(c.event.actor.facts.exe_mtime_ns),
    ),
    field(
        "proc.exe_ino.ctime_duration_proc_start",
        AbsTime,
        "Time from the executable's last change to the start of the process, ns.",
        |c, _| get::since_ctime(c, c.event.actor.started_ns),
    ),
    field(
        "proc.exe_ino.ctime_duration_pidns_start",
        AbsTime,
        "Time from the start of the pid namespace to the executable's last change, ns.",
        |c, _| get::ctime_since_pidns(c),
    ),
    field(
        "proc.pidns_init_start_ts",
        Uint64,
        "When the pid namespace's init started, ns since the epoch.",
        |c, _| get::pidns_start(c).map(Value::U64),
    ),
    field("thread.cap_permitted", CharBuf, "Permitted capabilities, space separated.", |c, _| {
        capabilities(c, task(c).cap_permitted)
    }),
    field("thread.cap_inheritable", CharBuf, "Inheritable capabilities, space separated.", |c, _| {
        capabilities(c, task(c).cap_inheritable)
    }),
    field("thread.cap_effective", CharBuf, "Effective capabilities, space separated.", |c, _| {
        capabilities(c, task(c).cap_effective)
    }),
    absent("proc.fdopencount", Uint64, "How many descriptors are open.", NO_TABLE),
    field("proc.fdlimit", Int64, "How many descriptors may be open, at the last exec or fork.", |c, _| {
        Some(Value::I64(c.event.actor.facts.fdlimit.cast_signed()))
    }),
    absent("proc.fdusage", Double, "Open descriptors in percent of the limit.", NO_TABLE),
    field("proc.vmsize", Uint64, "Virtual memory at the last exec or fork, kB.", |c, _| {
        Some(Value::U64(kilobytes(c.event.actor.facts.vm_pages)))
    }),
    field("proc.vmrss", Uint64, "Resident memory at the last exec or fork, kB.", |c, _| {
        Some(Value::U64(kilobytes(c.event.actor.facts.rss_pages)))
    }),
    field("proc.vmswap", Uint64, "Swapped memory at the last exec or fork, kB.", |c, _| {
        Some(Value::U64(kilobytes(c.event.actor.facts.swap_pages)))
    }),
    field("thread.pfmajor", Uint64, "Major page faults at the last exec or fork.", |c, _| {
        Some(Value::U64(c.event.actor.facts.maj_flt))
    }),
    field("thread.pfminor", Uint64, "Minor page faults at the last exec or fork.", |c, _| {
        Some(Value::U64(c.event.actor.facts.min_flt))
    }),
    field("thread.tid", Int64, "Thread id.", |c, _| id(c.event.tid())),
    field("thread.ismain", Bool, "Whether the thread is the first of its process.", |c, _| {
        Some(Value::Bool(thread::is_main(c)))
    }),
    field("thread.vtid", Int64, "Thread id in its own pid namespace.", |c, _| virtual_id(thread::vtid(c)?)),
    field("thread.nametid", CharBuf, "Name and thread id, one behind the other.", get::name_tid)
        .with(flag::HIDDEN),
    absent("thread.exectime", RelTime, "Time that the thread has just run, ns.", NO_SWITCH),
    absent("thread.totexectime", RelTime, "Time that the thread has run in all, ns.", NO_SWITCH),
    absent(
        "thread.cgroups",
        CharBuf,
        "All cgroups, as controller=path.",
        "one hierarchy is told, not its controllers",
    ),
    field(
        "thread.cgroup",
        CharBuf,
        "Path of the cgroup of one controller: thread.cgroup.cpu.",
        thread::cgroup,
    )
    .required(ArgKind::Word),
    field("proc.nthreads", Uint64, "How many threads are alive.", |c, _| {
        Some(Value::U64(u64::from(c.event.actor.threads)))
    }),
    field("proc.nchilds", Uint64, "How many threads besides the first are alive.", |c, _| {
        Some(Value::U64(u64::from(c.event.actor.threads.saturating_sub(1))))
    }),
    absent("thread.cpu", Double, "CPU use of the thread, percent.", NO_SWITCH),
    absent("thread.cpu.user", Double, "CPU use in user mode, percent.", NO_SWITCH),
    absent("thread.cpu.system", Double, "CPU use in the kernel, percent.", NO_SWITCH),
    field("thread.vmsize", Uint64, "proc.vmsize in the first thread, else 0.", |c, _| {
        thread::of_main(c, kilobytes(c.event.actor.facts.vm_pages))
    }),
    field("thread.vmrss", Uint64, "proc.vmrss in the first thread, else 0.", |c, _| {
        thread::of_main(c, kilobytes(c.event.actor.facts.rss_pages))
    }),
    field("thread.vmsize.b", Uint64, "thread.vmsize in bytes.", |c, _| {
        thread::of_main(c, kilobytes(c.event.actor.facts.vm_pages).saturating_mul(1024))
    })
    .with(flag::HIDDEN),
    field("thread.vmrss.b", Uint64, "thread.vmrss in bytes.", |c, _| {
        thread::of_main(c, kilobytes(c.event.actor.facts.rss_pages).saturating_mul(1024))
    })
    .with(flag::HIDDEN),
    absent("proc.stdin.type", CharBuf, "Kind of descriptor 0.", NO_TABLE),
    absent("proc.stdout.type", CharBuf, "Kind of descriptor 1.", NO_TABLE),
    absent("proc.stderr.type", CharBuf, "Kind of descriptor 2.", NO_TABLE),
    absent("proc.stdin.name", CharBuf, "Name of descriptor 0.", NO_TABLE),
    absent("proc.stdout.name", CharBuf, "Name of descriptor 1.", NO_TABLE),
    absent("proc.stderr.name", CharBuf, "Name of descriptor 2.", NO_TABLE),
];
