//! Parameters of Falco's clone, execve and procexit events, from the process table and the record.

use sensor_common::event;

use super::{Datum, flags};
use crate::{
    decode::Body,
    enrich::Side,
    rules::{
        fields::{Context, exe, task, vtid},
        text::Text,
    },
};

/// A name and how it is read.
pub(super) type Entry = (&'static str, for<'a> fn(&Context<'a>) -> Datum<'a>);

const EXE: Entry = ("exe", |c| Datum::Text(Some(exe(c.event.actor))));
const ARGS: Entry = ("args", args);
const TID: Entry = ("tid", |c| Datum::Pid(i64::from(c.event.tid())));
const PID: Entry = ("pid", |c| Datum::Pid(i64::from(c.event.actor.key.tgid)));
const PTID: Entry = ("ptid", |c| Datum::Pid(i64::from(c.event.actor.parent.tgid)));
// Falco's kernel side leaves it empty.
const CWD: Entry = ("cwd", |_| Datum::Text(None));
const FDLIMIT: Entry = ("fdlimit", |c| Datum::Int(facts(c).fdlimit.cast_signed()));
const PGFT_MAJ: Entry = ("pgft_maj", |c| Datum::Uint(facts(c).maj_flt));
const PGFT_MIN: Entry = ("pgft_min", |c| Datum::Uint(facts(c).min_flt));
const VM_SIZE: Entry = ("vm_size", |c| kilobytes(facts(c).vm_pages));
const VM_RSS: Entry = ("vm_rss", |c| kilobytes(facts(c).rss_pages));
const VM_SWAP: Entry = ("vm_swap", |c| kilobytes(facts(c).swap_pages));
const COMM: Entry = ("comm", |c| Datum::Text(Some(&c.event.actor.name)));
// The record tells one cgroup path, not a list by controller.
const CGROUPS: Entry = ("cgroups", |_| Datum::Buffer(b""));

/// Falco's clone. One that failed has no process that it could tell of but its caller, without exe and args.
pub(super) static CLONE: &[Entry] = &[
    ("res", |c| Datum::Pid(fork_result(c))),
    ("exe", |c| Datum::Text((!has_failed(c)).then(|| exe(c.event.actor)))),
    ("args", |c| if has_failed(c) { Datum::Buffer(b"") } else { args(c) }),
    TID,
    PID,
    PTID,
    CWD,
    FDLIMIT,
    PGFT_MAJ,
    PGFT_MIN,
    VM_SIZE,
    VM_RSS,
    VM_SWAP,
    COMM,
    CGROUPS,
    ("flags", |c| Datum::Flags(flags::CLONE.convert(clone_flags(c)), &flags::CLONE)),
    ("uid", |c| Datum::Uint(u64::from(task(c).uid))),
    ("gid", |c| Datum::Uint(u64::from(task(c).gid))),
    ("vtid", |c| Datum::Pid(i64::from(vtid(c).unwrap_or_default()))),
    ("vpid", |c| Datum::Pid(i64::from(facts(c).vpid))),
    ("pidns_init_start_ts", |c| Datum::Uint(since_epoch(c, facts(c).pidns_start_ns))),
];

/// Falco's execve. Of one that failed, the values are those of the process that goes on.
pub(super) static EXECVE: &[Entry] = &[
    ("res", |c| Datum::Errno(c.event.record.call().map_or(0, |call| call.ret))),
    EXE,
    ARGS,
    TID,
    PID,
    PTID,
    CWD,
    FDLIMIT,
    PGFT_MAJ,
    PGFT_MIN,
    VM_SIZE,
    VM_RSS,
    VM_SWAP,
    COMM,
    CGROUPS,
    ("env", |c| terminated(c, c.event.actor.env.as_deref())),
    ("tty", |c| Datum::Uint(u64::from(task(c).tty))),
    ("vpgid", |c| Datum::Pid(i64::from(facts(c).vpgid))),
    ("loginuid", |c| Datum::Uid(task(c).loginuid)),
    ("flags", |c| Datum::Flags(flags::EXE.convert(u64::from(facts(c).exe_flags)), &flags::EXE)),
    ("cap_inheritable", |c| Datum::Hex(task(c).cap_inheritable)),
    ("cap_permitted", |c| Datum::Hex(task(c).cap_permitted)),
    ("cap_effective", |c| Datum::Hex(task(c).cap_effective)),
    ("exe_ino", |c| Datum::Uint(facts(c).exe_ino)),
    ("exe_ino_ctime", |c| Datum::Uint(facts(c).exe_ctime_ns)),
    ("exe_ino_mtime", |c| Datum::Uint(facts(c).exe_mtime_ns)),
    ("uid", |c| Datum::Uid(task(c).uid)),
    ("trusted_exepath", |c| Datum::Path(c.event.actor.exepath.as_deref(), None)),
    ("pgid", |c| Datum::Pid(i64::from(facts(c).pgid))),
    ("gid", |c| Datum::Gid(task(c).gid)),
    ("filename", |c| Datum::Path(filename(c), None)),
];

/// Falco's execveat, which is one that failed: the same without `filename`.
pub(super) static EXECVEAT: &[Entry] = match EXECVE.split_last() {
    Some((_, rest)) => rest,
    None => &[],
};

/// Falco's procexit.
pub(super) static PROCEXIT: &[Entry] = &[
    ("status", |c| Datum::Errno(i64::from(exit(c).status.cast_signed()))),
    ("ret", |c| Datum::Errno(i64::from(exit(c).status >> 8 & 0xff))),
    ("sig", |c| Datum::Signal(exit(c).status & 0x7f)),
    ("core", |c| Datum::Uint(u64::from(exit(c).status & 0x80 != 0))),
    ("reaper_tid", |c| Datum::Pid(i64::from(exit(c).reaper_tid))),
];

/// What a fork returns: the child's id to its caller, 0 to the child, a negative errno when it failed.
pub fn fork_result(c: &Context<'_>) -> i64 {
    if let Some(call) = c.event.record.call() {
        return call.ret;
    }
    match c.event.side {
        Side::Caller => i64::from(c.event.record.prefix.task.tid),
        Side::Child => 0,
    }
}

fn has_failed(c: &Context<'_>) -> bool {
    c.event.record.call().is_some()
}

/// `CLONE_*` bits of the call. A failed clone3 leaves them in its caller's memory.
fn clone_flags(c: &Context<'_>) -> u64 {
    match &c.event.record.body {
        Body::Fork(process) => process.clone_flags,
        Body::File(file) if c.event.row().is_some_and(|row| row.event == "clone") => {
            file.call.args[0] & !0xff
        }
        _ => 0,
    }
}

fn facts<'a>(c: &Context<'a>) -> &'a event::Process {
    &c.event.actor.facts
}

fn exit(c: &Context<'_>) -> event::Exit {
    match c.event.record.body {
        Body::Exit(exit) => exit,
        _ => event::Exit { status: 0, flags: 0, reaper_tid: 0, pad: 0 },
    }
}

fn kilobytes<'a>(pages: u64) -> Datum<'a> {
    Datum::Uint(pages.saturating_mul(4))
}

fn since_epoch(c: &Context<'_>, boot_ns: u64) -> u64 {
    if boot_ns == 0 { 0 } else { boot_ns.saturating_add(c.event.state.host().boot_epoch_ns) }
}

/// Arguments behind argument 0, each with its terminating NUL.
fn args<'a>(c: &Context<'a>) -> Datum<'a> {
    let argv = c.event.actor.argv.as_deref().unwrap_or_default();
    let behind = argv.iter().position(|byte| *byte == 0).and_then(|at| argv.get(at + 1..));
    terminated(c, behind)
}

fn terminated<'a>(c: &Context<'a>, strings: Option<&[u8]>) -> Datum<'a> {
    let Some(strings) = strings.filter(|strings| !strings.is_empty()) else { return Datum::Buffer(b"") };
    let mut text = Text::new(c.arena);
    text.push(strings).push(b"\0");
    Datum::Buffer(text.finish())
}

fn filename<'a>(c: &Context<'a>) -> Option<&'a [u8]> {
    match &c.event.record.body {
        Body::Exec(process) => c.event.record.text(&process.filename),
        Body::File(file) => c.event.record.text(&file.name[0]),
        _ => None,
    }
}
