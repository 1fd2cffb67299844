//! How `thread.*` is read.

#![expect(clippy::unnecessary_wraps, reason = "getters have the one type that the table has")]

use sensor_common::ledger::slot;

use super::{Arg, Context, process_get::task};
use crate::{
    decode::Body,
    enrich::Side,
    rules::{Value, text::Text},
};

type Out<'a> = Option<Value<'a>>;

const PAGE_KB: u64 = 4;

/// Capabilities by kernel bit number.
const CAPABILITIES: [&str; 41] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
];

/// Names of the capabilities in a set, space separated.
pub(super) fn capabilities<'a>(c: &Context<'a>, set: u64) -> Out<'a> {
    let mut names = Text::new(c.arena);
    for (bit, name) in CAPABILITIES.iter().enumerate() {
        if set >> bit & 1 != 0 {
            names.separate(b" ").push(name.as_bytes());
        }
    }
    Some(Value::Text(names.finish()))
}

pub(super) fn is_main(c: &Context<'_>) -> bool {
    c.event.tid() == task(c).tgid
}

/// Thread id as its own pid namespace has it. Of a thread that is not the leader it is known where its fork or exec
/// tells it, and on the host.
pub(in crate::rules) fn vtid(c: &Context<'_>) -> Option<u32> {
    let actor = c.event.actor;
    let told = match &c.event.record.body {
        Body::Fork(process) if c.event.side == Side::Child => process.vtid,
        Body::Exec(process) => process.vtid,
        _ if is_main(c) => actor.facts.vpid,
        _ if actor.facts.vpid == actor.key.tgid => c.event.tid(),
        _ => 0,
    };
    (told != 0).then_some(told)
}

pub(super) const fn kilobytes(pages: u64) -> u64 {
    pages.saturating_mul(PAGE_KB)
}

/// Memory is counted with the main thread.
pub(super) fn of_main<'a>(c: &Context<'a>, number: u64) -> Out<'a> {
    Some(Value::U64(if is_main(c) { number } else { 0 }))
}

/// Path in the one hierarchy of cgroup v2, the same for each controller.
pub(super) fn cgroup<'a>(c: &Context<'a>, _: &Arg) -> Out<'a> {
    if task(c).cgroup_hierarchy != 0 || c.event.slot() == slot::CGROUP {
        return None;
    }
    c.event.actor.cgroup.as_deref().map(Value::Text)
}
