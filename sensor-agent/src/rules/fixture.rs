//! Records and contexts for the tests of this room, and of those that evaluate rules.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use bumpalo::Bump;
use sensor_common::{
    Kind, Slice, Source, Task,
    event::{Call, Exit, File, Process as Facts, Socket, exe},
    ledger::slot,
    syscalls::{TABLE, slot_of_row},
};

use super::{
    fields::{Context, FieldRef},
    output,
};
use crate::{
    decode::{Builder, Record, zero},
    enrich::{
        Event, Limits, Metadata, Process, ProcessKey, Side, State,
        host::{Accounts, Host, User},
    },
};

/// The corpus of a reference Falco's answers, where it is at hand with `file` in it; says so where it is not.
pub(super) fn corpus(file: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let candidates = [
        std::env::var_os("SAKER_CONFORMANCE").map(PathBuf::from),
        Some(root.join("../shared/conformance")),
        Some(root.join("../../shared/conformance")),
    ];
    let found = candidates.into_iter().flatten().find(|path| path.join(file).is_file());
    if found.is_none() {
        eprintln!("skipped: no conformance corpus (set SAKER_CONFORMANCE)");
    }
    found
}

/// Every difference from a corpus is listed, and every line of the list (prefix of a case's name, and why) is one.
pub(super) fn judge(other: &BTreeMap<String, String>, listed: &[(&str, &str)]) {
    let is_listed = |case: &str| listed.iter().any(|(prefix, _)| case.starts_with(prefix));
    let unknown = other.iter().filter(|(case, _)| !is_listed(case));
    let unknown: Vec<_> = unknown.map(|(case, what)| format!("{case}: {what}")).collect();
    assert!(unknown.is_empty(), "{}", unknown.join("\n"));
    let is_stale = |prefix: &str| !other.keys().any(|case| case.starts_with(prefix));
    let stale: Vec<_> = listed.iter().filter(|(prefix, _)| is_stale(prefix)).collect();
    assert!(stale.is_empty(), "no longer different: {stale:?}");
}

pub(super) const TIME_NS: u64 = 1_700_000_000_123_456_789;

pub(super) fn host() -> Host {
    let user = |name: &str, home: &str, shell: &str| User {
        name: name.to_owned(),
        home: home.to_owned(),
        shell: shell.to_owned(),
    };
    Host {
        hostname: "h1".to_owned(),
        zone: Some(jiff::tz::TimeZone::fixed(jiff::tz::offset(1))),
        accounts: Accounts {
            users: [
                (0, user("root", "/root", "/bin/bash")),
                (65_534, user("nobody", "/none", "/sbin/nologin")),
            ]
            .into(),
            groups: [(0, "root".to_owned()), (65_534, "nogroup".to_owned())].into(),
        },
        addresses: vec!["10.0.0.1".parse().expect("an address")],
        static_fields: vec![("site".to_owned(), "lab".to_owned())],
        ..Host::default()
    }
}

pub(crate) fn task() -> Task {
    Task {
        start_ns: 1,
        tgid: 100,
        tid: 100,
        ppid: 50,
        uid: 0,
        gid: 0,
        loginuid: u32::MAX,
        sid: 100,
        cap_effective: 3,
        comm: *b"sh\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        ..zero()
    }
}

pub(super) fn facts() -> Facts {
    Facts {
        exe_ino: 7,
        exe_ctime_ns: TIME_NS - 3_000_000_000,
        exe_flags: exe::FROM_MEMFD | exe::UPPER_LAYER,
        vtid: 100,
        vpid: 100,
        pgid: 100,
        vpgid: 100,
        vsid: 100,
        fdlimit: 1024,
        vm_pages: 10,
        clone_flags: 0x120_0000,
        ..zero()
    }
}

pub(super) fn process() -> Process {
    let bytes = |text: &[u8]| -> Arc<[u8]> { Arc::from(text) };
    Process {
        key: ProcessKey { tgid: 100, start_ns: 1 },
        parent: ProcessKey { tgid: 50, start_ns: 0 },
        name: bytes(b"sh"),
        exepath: Some(bytes(b"/bin/dash")),
        argv: Some(bytes(b"argzero\0one\0two words\0\0-x")),
        cmdline: bytes(b"sh one two words  -x"),
        env: Some(bytes(b"A=1\0B= two words \0PATH=/bin")),
        cwd: Some(bytes(b"/tmp/sc")),
        cgroup: Some(bytes(b"/user.slice")),
        container: None,
        entry: None,
        task: task(),
        facts: facts(),
        started_ns: TIME_NS - 2_000_000_000,
        threads: 3,
        is_exited: false,
        is_inferred: false,
    }
}

/// Runs `check` with the context of a record.
pub(super) fn within<R>(
    record: &[u8],
    process: &Process,
    side: Side,
    check: impl FnOnce(&Context<'_>) -> R,
) -> R {
    within_state(&State::new(host(), Limits::default()), record, process, side, check)
}

/// The same, with what is known of everything else.
pub(super) fn within_state<R>(
    state: &State,
    record: &[u8],
    process: &Process,
    side: Side,
    check: impl FnOnce(&Context<'_>) -> R,
) -> R {
    let record = Record::parse(record).expect("a valid record");
    let metadata = if process.container.is_some() { Metadata::Unknown } else { Metadata::Host };
    let event = Event {
        num: 5,
        time_ns: TIME_NS,
        before_ns: TIME_NS - 1_500_000_000,
        record: &record,
        side,
        actor: process,
        ancestors: None,
        metadata,
        state,
    };
    let arena = Bump::new();
    check(&Context::new(&event, &arena))
}

/// A field by its text in a rule.
pub(super) fn field(text: &str) -> FieldRef {
    let (name, arg) = match text.split_once('[') {
        Some((name, arg)) => (name, arg.strip_suffix(']')),
        None => (text, None),
    };
    FieldRef::resolve(name, arg).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// What fields print for a record; `-` for absent.
pub(super) fn shows(record: &[u8], side: Side, expect: &[(&str, &str)]) {
    within(record, &process(), side, |c| {
        for (name, expect) in expect {
            let printed = output::printed(c, &field(name));
            let printed = printed.map_or("-".into(), String::from_utf8_lossy);
            assert_eq!(printed, *expect, "{name}");
        }
    });
}

pub(super) fn slot_of(event: &str) -> u16 {
    match event {
        "clone" => slot::FORK,
        "procexit" => slot::EXIT,
        event => slot_of_row(TABLE.iter().position(|row| row.event == event).expect("an event of the table")),
    }
}

/// A call with integers only.
pub(crate) fn call(event: &str, ret: i64, args: [u64; 6]) -> Vec<u8> {
    let body = Call { ret, args, nr: 0, pad: 0 };
    Builder::new::<Call>().finish(Kind::Call, slot_of(event), 0, task(), &body)
}

/// Names of a call: as spelled, directory, the object, a word. Empty is none, except for names.
#[derive(Clone, Copy, Default)]
pub(super) struct Names<'a> {
    pub(super) name: [Option<&'a [u8]>; 2],
    pub(super) base: [&'a [u8]; 2],
    pub(super) resolved: &'a [u8],
    pub(super) word: &'a [u8],
    pub(super) flags: u32,
    pub(super) mode: u32,
}

/// A call with names.
pub(super) fn file(event: &str, ret: i64, args: [u64; 6], names: Names<'_>) -> Vec<u8> {
    let mut builder = Builder::new::<File>();
    let mut text =
        |text: &[u8]| if text.is_empty() { Slice::NONE } else { builder.text(text, Source::UserExit) };
    let base = names.base.map(&mut text);
    let (resolved, word) = (text(names.resolved), text(names.word));
    let name = names.name.map(|name| name.map_or(Slice::NONE, |name| builder.text(name, Source::UserExit)));
    let body = File {
        call: Call { ret, args, nr: 0, pad: 0 },
        ino: 42,
        dev: 0x0010_0801,
        flags: names.flags,
        mode: names.mode,
        pad: 0,
        name,
        base,
        resolved,
        word,
    };
    builder.finish(Kind::File, slot_of(event), 0, task(), &body)
}

/// A call on a socket with `struct sockaddr` bytes and the socket's own path.
pub(super) fn socket(event: &str, ret: i64, body: Socket, addr: &[u8], path: &[u8]) -> Vec<u8> {
    let mut builder = Builder::new::<Socket>();
    let mut text = |text: &[u8]| if text.is_empty() { Slice::NONE } else { builder.text(text, Source::Fd) };
    let (addr, path) = (text(addr), text(path));
    let body = Socket { call: Call { ret, ..body.call }, addr, path, ..body };
    builder.finish(Kind::Socket, slot_of(event), 0, task(), &body)
}

pub(super) fn exit(status: u32) -> Vec<u8> {
    let body = Exit { status, flags: 0, reaper_tid: 0, pad: 0 };
    Builder::new::<Exit>().finish(Kind::Exit, slot::EXIT, 0, task(), &body)
}

/// A fork, an exec or a first sight.
pub(super) fn lifecycle(kind: Kind, filename: &[u8]) -> Vec<u8> {
    let mut builder = Builder::new::<Facts>();
    let filename = builder.text(filename, Source::Hook);
    let (event_slot, task) = match kind {
        Kind::Fork => (slot::FORK, Task { tid: 101, tgid: 101, ..task() }),
        Kind::Exec => (slot::EXEC, task()),
        _ => (slot::PROCESS, task()),
    };
    builder.finish(kind, event_slot, 0, task, &Facts { filename, ..facts() })
}
