//! This very process, and others that must not be taken for it.

use std::{fs, path::PathBuf};

use sensor_common::{Kind, Task, event::Process, ledger::slot};

use super::{Expected, INITIAL_PID_NS, ProcFiles, ProcPlace, ProcessFiles, start_ticks};
use crate::decode::{Builder, zero};

const OWN_NS: u32 = 17;

fn told(task: Task, vpid: u32) -> Vec<u8> {
    let body = Process { vpid, ..zero() };
    Builder::new::<Process>().finish(Kind::Process, slot::PROCESS, 1, task, &body)
}

fn own_ticks() -> u64 {
    start_ticks(&fs::read("/proc/self/stat").expect("proc")).expect("a start time")
}

fn files(pid_ns: u32, records: &[u8]) -> ProcFiles {
    ProcFiles::at(ProcPlace::in_namespace(PathBuf::from("/proc"), pid_ns), records)
}

#[test]
fn argv_and_environment_of_this_process() {
    let tick_ns = 1_000_000_000 / rustix::param::clock_ticks_per_second();
    let me = std::process::id();
    let task = Task { tgid: me, tid: me, start_ns: own_ticks() * tick_ns + 1, ..zero() };
    let own = fs::read("/proc/self/cmdline").expect("proc");
    let expect = own.strip_suffix(&[0]).expect("a terminator");
    let found = files(INITIAL_PID_NS, &told(task, me));
    assert_eq!(found.argv(me).as_deref(), Some(&expect[..expect.len().min(4095)]));
    assert!(found.env(me).is_some());
    // The same process as an inner namespace knows it: its id there counts.
    let other_tgid = Task { tgid: me + 1_000_000, pid_ns: OWN_NS, ..task };
    let found = files(OWN_NS, &told(other_tgid, me));
    assert_eq!(found.argv(other_tgid.tgid).as_deref(), Some(&expect[..expect.len().min(4095)]));
    assert_eq!(found.argv(me), None, "nobody told of it");
}

#[test]
fn never_a_wrong_process() {
    let tick_ns = 1_000_000_000 / rustix::param::clock_ticks_per_second();
    let me = std::process::id();
    let mine = Task { tgid: me, tid: me, start_ns: own_ticks() * tick_ns, pid_ns: OWN_NS, ..zero() };
    let cases = [
        ("another start", INITIAL_PID_NS, Task { start_ns: mine.start_ns + 5 * tick_ns, ..mine }),
        ("a kernel thread", INITIAL_PID_NS, Task { flags: super::KTHREAD, ..mine }),
        ("another pid namespace", OWN_NS, Task { pid_ns: OWN_NS + 1, ..mine }),
    ];
    for (what, pid_ns, task) in cases {
        let found = files(pid_ns, &told(task, me));
        assert_eq!((found.argv(me), found.env(me)), (None, None), "{what}");
    }
    let gone = ProcFiles {
        by_tgid: [(1, Expected { id: u32::MAX, start_ticks: 0 })].into_iter().collect(),
        ..files(0, b"")
    };
    assert_eq!(gone.argv(1), None);
}

#[test]
fn start_time_behind_any_comm() {
    let fields = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20";
    let cases: &[(String, Option<u64>)] = &[
        (format!("7 (sh) {fields}"), Some(4711)),
        (format!("7 (a) b) (c) {fields}"), Some(4711)),
        (format!("7 () {fields}"), Some(4711)),
        ("7 (sh) S 1 2".to_owned(), None),
        ("7 sh".to_owned(), None),
        (String::new(), None),
        (format!("7 (sh) {}", fields.replace("4711", "x")), None),
    ];
    for (stat, expect) in cases {
        assert_eq!(start_ticks(stat.as_bytes()), *expect, "{stat}");
    }
}
