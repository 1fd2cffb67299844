//! Sequences of records and what is known after each, as a small language for tests.

mod containers;
mod directory;
mod lifecycle;
mod seed;
mod traps;
mod whole;

use std::collections::HashMap;

use sensor_common::{
    Kind, Source, Task,
    event::{Call, Cgroup, Exit, File, Process as Told, exit},
    ledger::slot,
    syscalls::{TABLE, slot_of_row},
};

use super::{Limits, ProcessKey, Side, State};
use crate::{
    decode::{Builder, Record, zero},
    enrich::{Process, host::Host},
};

/// An event as tests look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    num: u64,
    time_ns: u64,
    side: Side,
    tgid: u32,
    tid: u32,
    name: String,
    is_exited: bool,
    threads: u32,
    lineage: Vec<u32>,
}

/// The strings of a fork, exec or snapshot; `None` is a string that is not told.
#[derive(Clone, Copy, Default)]
struct Strings<'a> {
    exe: Option<&'a [u8]>,
    argv: Option<&'a [u8]>,
    env: Option<&'a [u8]>,
    cwd: Option<&'a [u8]>,
    cgroup: Option<&'a [u8]>,
}

fn state() -> State {
    limited(100)
}

fn limited(processes: usize) -> State {
    State::new(Host { boot_epoch_ns: 1_000_000, ..Host::default() }, Limits { processes })
}

/// The leader of process `tgid`, which started at `10 * tgid`, child of `ppid`.
fn task(tgid: u32, ppid: u32, comm: &str) -> Task {
    let mut padded = [0; 16];
    padded[..comm.len()].copy_from_slice(comm.as_bytes());
    let (start_ns, parent_start_ns) = (10 * u64::from(tgid), 10 * u64::from(ppid));
    Task { tgid, tid: tgid, start_ns, ppid, parent_start_ns, comm: padded, ..zero() }
}

fn thread(tid: u32, of: Task) -> Task {
    Task { tid, ..of }
}

fn told(kind: Kind, time_ns: u64, task: Task, body: Told, strings: Strings<'_>) -> Vec<u8> {
    let mut builder = Builder::new::<Told>();
    let mut text = |text: Option<&[u8]>| text.map_or(zero(), |text| builder.text(text, Source::Task));
    let body = Told {
        exe: text(strings.exe),
        argv: text(strings.argv),
        env: text(strings.env),
        cwd: text(strings.cwd),
        cgroup: text(strings.cgroup),
        ..body
    };
    builder.finish(kind, slot::PROCESS, time_ns, task, &body)
}

fn fork(task: Task) -> Vec<u8> {
    told(Kind::Fork, 1, task, zero(), Strings::default())
}

fn exec(task: Task, strings: Strings<'_>) -> Vec<u8> {
    told(Kind::Exec, 1, task, zero(), strings)
}

fn snapshot(task: Task, strings: Strings<'_>) -> Vec<u8> {
    told(Kind::Process, 1, task, zero(), strings)
}

fn exits(task: Task, is_group_dead: bool) -> Vec<u8> {
    let flags = if is_group_dead { exit::GROUP_DEAD } else { 0 };
    Builder::new::<Exit>().finish(Kind::Exit, slot::EXIT, 1, task, &Exit { flags, ..zero() })
}

fn mkdir(id: u64, leaf_first: &[u8]) -> Vec<u8> {
    let mut builder = Builder::new::<Cgroup>();
    let path = builder.text(leaf_first, Source::Task);
    builder.finish(Kind::Cgroup, slot::CGROUP, 1, task(1, 0, "systemd"), &Cgroup { id, path, ..zero() })
}

fn call(task: Task) -> Vec<u8> {
    Builder::new::<Call>().finish(Kind::Call, slot::FIRST_SYSCALL, 1, task, &zero::<Call>())
}

/// A call with one name; `base` is where the kernel says a relative one starts.
fn names(event: &str, task: Task, ret: i64, name: &str, base: Option<&str>) -> Vec<u8> {
    let mut builder = Builder::new::<File>();
    let name = builder.text(name.as_bytes(), Source::UserExit);
    let base = base.map_or(zero(), |base| builder.text(base.as_bytes(), Source::Task));
    file(
        builder,
        event,
        task,
        File { call: Call { ret, ..zero() }, name: [name, zero()], base: [base, zero()], ..zero() },
    )
}

fn file(builder: Builder, event: &str, task: Task, body: File) -> Vec<u8> {
    let row = TABLE.iter().position(|row| row.name == event).expect("a row");
    builder.finish(Kind::File, slot_of_row(row), 1, task, &body)
}

fn feed(state: &mut State, bytes: &[u8]) -> Vec<Seen> {
    let mut events = Vec::new();
    let record = Record::parse(bytes).expect("a record");
    state.apply(&record, |event| {
        events.push(Seen {
            num: event.num,
            time_ns: event.time_ns,
            side: event.side,
            tgid: event.actor.key.tgid,
            tid: event.tid(),
            name: String::from_utf8_lossy(&event.actor.name).into_owned(),
            is_exited: event.actor.is_exited,
            threads: event.actor.threads,
            lineage: event.lineage().map(|process| process.key.tgid).collect(),
        });
    });
    events
}

fn process(state: &State, tgid: u32) -> &Process {
    state.process(ProcessKey { tgid, start_ns: 10 * u64::from(tgid) }).expect("known")
}

fn text(bytes: Option<&[u8]>) -> Option<String> {
    bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned())
}

/// Files as tests have them.
#[derive(Default)]
struct Files {
    argv: HashMap<u32, &'static [u8]>,
    env: HashMap<u32, &'static [u8]>,
}

impl crate::enrich::host::ProcessFiles for Files {
    fn argv(&self, tgid: u32) -> Option<crate::enrich::process::Bytes> {
        self.argv.get(&tgid).map(|argv| (*argv).into())
    }

    fn env(&self, tgid: u32) -> Option<crate::enrich::process::Bytes> {
        self.env.get(&tgid).map(|env| (*env).into())
    }
}
