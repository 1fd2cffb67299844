//! How `proc.*` is read from the process table and the record's task.

#![expect(clippy::unnecessary_wraps, reason = "getters have the one type that the table has")]

use sensor_common::Task;

use super::{Arg, Context};
use crate::{
    enrich::Process,
    rules::{Value, text, text::Text, text::render},
};

type Out<'a> = Option<Value<'a>>;

/// The acting task.
pub(in crate::rules) fn task<'a>(c: &Context<'a>) -> &'a Task {
    c.event.task()
}

/// Argument 0; empty when it is not known.
pub(in crate::rules) fn exe(process: &Process) -> &[u8] {
    process.args().next().unwrap_or_default()
}

pub(super) fn exepath(process: &Process) -> &[u8] {
    process.exepath.as_deref().unwrap_or_default()
}

/// Arguments behind argument 0.
fn arguments(process: &Process) -> impl Iterator<Item = &[u8]> {
    process.args().skip(1)
}

pub(super) fn joined_args<'a>(c: &Context<'a>, process: &Process) -> &'a [u8] {
    text::join(c.arena, arguments(process), b" ")
}

pub(super) fn args<'a>(c: &Context<'a>, arg: &Arg) -> Out<'a> {
    let process = c.event.actor;
    Some(Value::Text(match arg {
        Arg::Index(index) => arguments(process).nth(*index as usize).unwrap_or_default(),
        _ => joined_args(c, process),
    }))
}

pub(super) fn n_args<'a>(c: &Context<'a>, _: &Arg) -> Out<'a> {
    Some(Value::U64(arguments(c.event.actor).count() as u64))
}

pub(super) fn len_args<'a>(c: &Context<'a>, _: &Arg) -> Out<'a> {
    Some(Value::U64(arguments(c.event.actor).map(|arg| arg.len() as u64).sum()))
}

pub(super) fn exeline<'a>(c: &Context<'a>, _: &Arg) -> Out<'a> {
    let mut line = Text::new(c.arena);
    line.push(exe(c.event.actor)).push(b" ");
    for (index, arg) in arguments(c.event.actor).enumerate() {
        line.push(if index > 0 { b" " } else { b"" }).push(arg);
    }
    Some(Value::Text(line.finish()))
}

fn environment(process: &Process) -> impl Iterator<Item = &[u8]> {
    process.env.iter().flat_map(|env| env.split(|byte| *byte == 0)).filter(|entry| !entry.is_empty())
}

pub(super) fn joined_env<'a>(c: &Context<'a>, process: &Process) -> &'a [u8] {
    text::join(c.arena, environment(process), b" ")
}

/// The value of a variable, without blanks around it.
pub(super) fn variable<'p>(process: &'p Process, name: &str) -> Option<&'p [u8]> {
    let value =
        environment(process).find_map(|entry| entry.strip_prefix(name.as_bytes())?.strip_prefix(b"="));
    value.map(<[u8]>::trim_ascii)
}

pub(super) fn env<'a>(c: &Context<'a>, arg: &Arg) -> Out<'a> {
    let process = c.event.actor;
    Some(Value::Text(match arg {
        Arg::Key(name) => variable(process, name).unwrap_or_default(),
        _ => joined_env(c, process),
    }))
}

/// The working directory with Falco's slash behind it.
pub(super) fn cwd<'a>(c: &Context<'a>, _: &Arg) -> Out<'a> {
    let cwd = c.event.actor.cwd.as_deref()?;
    if cwd.ends_with(b"/") {
        return Some(Value::Text(cwd));
    }
    Some(Value::Text(text::join(c.arena, [cwd, b""].into_iter(), b"/")))
}

pub(super) fn id<'a>(id: u32) -> Out<'a> {
    Some(Value::I64(i64::from(id)))
}

/// An id of a pid namespace; 0 is none.
pub(super) fn virtual_id<'a>(id: u32) -> Out<'a> {
    (id != 0).then_some(Value::I64(i64::from(id)))
}

/// Whether ids of the process's pid namespace are those of the initial one.
fn is_in_host_pids(process: &Process) -> bool {
    process.facts.vpid == process.key.tgid
}

/// Session id as the process sees it. A setsid after its exec is in the task, as an id of the initial namespace.
pub(super) fn sid(c: &Context<'_>) -> u32 {
    let process = c.event.actor;
    if is_in_host_pids(process) { task(c).sid } else { process.facts.vsid }
}

pub(super) fn session_leader<'a>(c: &Context<'a>) -> Option<&'a Process> {
    leader(c, task(c).sid, |process| process.task.sid)
}

pub(super) fn group_leader<'a>(c: &Context<'a>) -> Option<&'a Process> {
    leader(c, c.event.actor.facts.pgid, |process| process.facts.pgid)
}

/// The leader of a session or group: the process with its id, or when that has gone the oldest one in line that shares
/// the id.
fn leader<'a>(c: &Context<'a>, id: u32, id_of: fn(&Process) -> u32) -> Option<&'a Process> {
    if id == 0 {
        return None;
    }
    let named = c.event.state.by_tgid(id).filter(|process| id_of(process) == id);
    named.or_else(|| c.event.lineage().take_while(|process| id_of(process) == id).last())
}

/// Text of a leader; empty when it is not known.
pub(super) fn of(process: Option<&Process>, read: fn(&Process) -> &[u8]) -> Out<'_> {
    Some(Value::Text(process.map_or(b"".as_slice(), read)))
}

pub(super) fn name(process: &Process) -> &[u8] {
    &process.name
}

pub(super) fn cmdline(process: &Process) -> &[u8] {
    &process.cmdline
}

/// The oldest of the process and its ancestors that is a shell.
pub(super) fn login_shell<'a>(c: &Context<'a>, _: &Arg) -> Out<'a> {
    let shells = c.event.lineage().filter(|process| process.name.ends_with(b"sh"));
    shells.last().and_then(|process| id(process.key.tgid))
}

/// A number that is absent when it is 0.
pub(super) fn nonzero<'a>(number: u64) -> Out<'a> {
    (number != 0).then_some(Value::U64(number))
}

pub(super) fn duration<'a>(c: &Context<'a>, process: &Process) -> Out<'a> {
    (process.started_ns != 0).then(|| Value::U64(c.event.time_ns.saturating_sub(process.started_ns)))
}

/// Time from the last change of the executable's inode to `start_ns`; absent when either is unknown.
pub(super) fn since_ctime<'a>(c: &Context<'a>, start_ns: u64) -> Out<'a> {
    let ctime = c.event.actor.facts.exe_ctime_ns;
    if ctime == 0 || start_ns == 0 { None } else { nonzero(start_ns.saturating_sub(ctime)) }
}

/// Time from the start of the pid namespace to the last change of the executable's inode, if it came later.
pub(super) fn ctime_since_pidns<'a>(c: &Context<'a>) -> Out<'a> {
    let start = pidns_start(c)?;
    nonzero(c.event.actor.facts.exe_ctime_ns.saturating_sub(start))
}

/// Start of the pid namespace's init, ns since the epoch.
pub(super) fn pidns_start(c: &Context<'_>) -> Option<u64> {
    let start = c.event.actor.facts.pidns_start_ns;
    (start != 0).then(|| start.saturating_add(c.event.state.host().boot_epoch_ns))
}

pub(super) fn exe_flag<'a>(c: &Context<'a>, bit: u32) -> Out<'a> {
    Some(Value::Bool(c.event.actor.facts.exe_flags & bit != 0))
}

pub(super) fn name_tid<'a>(c: &Context<'a>, _: &Arg) -> Out<'a> {
    let mut text = Text::new(c.arena);
    text.push(&c.event.actor.name).push(render!(c.arena, "{}", c.event.tid()));
    Some(Value::Text(text.finish()))
}
