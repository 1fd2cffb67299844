//! Rules against events: the whole way from text to match.

mod conformance;

mod names;
mod naming;
mod waiting;

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use sensor_common::{
    Kind,
    event::{Socket, socket as socket_flag},
};

use crate::{
    decode::zero,
    enrich::Side,
    rules::{
        Evaluator, LoadOptions, Matching, RuleFile,
        fixture::{Names, call, exit, file, lifecycle, process, socket, within},
        load,
    },
};

/// Loads conditions as rules `r0`, `r1` ...
fn evaluator(conditions: &[&str], matching: Matching) -> Evaluator {
    let rule = |(index, condition): (usize, &&str)| {
        let condition = condition.replace('\'', "''");
        format!(
            "- rule: r{index}\n  desc: d\n  condition: '{condition}'\n  output: '%proc.name'\n  priority: INFO\n"
        )
    };
    let text: String = conditions.iter().enumerate().map(rule).collect();
    let options = LoadOptions { matching, ..LoadOptions::default() };
    let loaded = load(&[RuleFile { name: "f", text: &text }], &options, 1);
    let faults: Vec<_> = loaded.errors.iter().map(ToString::to_string).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    Evaluator::new(Arc::new(loaded.set))
}

fn matches(evaluator: &mut Evaluator, record: &[u8]) -> Vec<usize> {
    let mut found = Vec::new();
    within(record, &process(), Side::Caller, |context| {
        evaluator.evaluate(context.event, &mut |rule, _| found.push(rule.index));
    });
    found
}

fn check(record: &[u8], expected: &[(&str, bool)]) {
    let conditions: Vec<_> = expected.iter().map(|(condition, _)| *condition).collect();
    let mut evaluator = evaluator(&conditions, Matching::All);
    // Twice: nothing of the first event may be left.
    for _ in 0..2 {
        let found = matches(&mut evaluator, record);
        for (index, (condition, holds)) in expected.iter().enumerate() {
            assert_eq!(found.contains(&index), *holds, "{condition}");
        }
    }
}

fn open_shadow() -> Vec<u8> {
    let names = Names { name: [Some(b"/etc/shadow"), None], resolved: b"/etc/shadow", ..Names::default() };
    file("openat", 3, [(-100_i64).cast_unsigned(), 0, 0, 0, 0, 0], names)
}

/// A clock that goes on by 1 ms each time somebody looks.
fn clock() -> Instant {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    static LOOKS: AtomicU64 = AtomicU64::new(0);
    *START + Duration::from_millis(LOOKS.fetch_add(1, Ordering::Relaxed))
}

#[test]
fn costs_are_counted_by_rule_where_they_are_measured() {
    let conditions = ["evt.type=open", "evt.type=openat and fd.num=9", "evt.type=openat", "fd.num=3"];
    let mut evaluator = evaluator(&conditions, Matching::First);
    matches(&mut evaluator, &open_shadow());
    assert!(evaluator.costs().is_empty(), "nobody measures yet");
    evaluator.measure(clock);
    for _ in 0..3 {
        assert_eq!(matches(&mut evaluator, &open_shadow()), [2]);
    }
    // The first is of another call, the last stands behind the one that matches.
    let costs: Vec<_> =
        evaluator.costs().iter().map(|(evaluated, took_ns)| (*evaluated, *took_ns > 0)).collect();
    assert_eq!(costs, [(0, false), (3, true), (3, true), (0, false)]);
}

#[test]
fn conditions_on_an_open() {
    check(
        &open_shadow(),
        &[
            ("evt.type=openat", true),
            ("evt.type in (open, openat)", true),
            ("evt.type=open", false),
            ("evt.type!=open and fd.name exists", true),
            ("not evt.type=openat", false),
            ("fd.name=/etc/shadow", true),
            ("fd.name = '/etc/shadow' and proc.name in (bash, sh)", true),
            ("fd.name startswith /etc", true),
            ("fd.name endswith shadow and not fd.name contains pass", true),
            ("fd.name icontains SHADOW", true),
            ("fd.name glob /e*/s?adow", true),
            ("fd.name iglob /E*", true),
            ("fd.name regex \"/etc/(passwd|shadow)\"", true),
            ("fd.name regex \"shadow\"", false),
            ("fd.name pmatch (/usr, /etc)", true),
            ("fd.name pmatch (/et)", false),
            ("fd.name startswith anyof (/usr, /etc)", true),
            ("fd.name contains oneof (etc, shadow)", false),
            ("fd.name contains allof (etc, shadow)", true),
            ("fd.name contains allof ()", false),
            ("evt.is_open_read=true", true),
            ("evt.is_open_write=true", false),
            ("fd.num >= 3 and fd.num < 4", true),
            ("fd.num in (1, 2, 3)", true),
            ("proc.pid = 100 and user.uid = 0", true),
            ("user.loginuid = -1", true),
            ("evt.num > 4", true),
            ("evt.num = 0", false),
            ("not evt.num = 0", true),
            ("basename(fd.name) = shadow", true),
            ("toupper(fd.name) = /ETC/SHADOW", true),
            ("len(fd.name) = 11", true),
            ("concat(proc.name, \":\", fd.name) = sh:/etc/shadow", true),
            ("join(\",\", (proc.name, proc.pid)) = \"sh,100\"", true),
            ("fd.name = val(proc.name)", false),
            ("proc.name = val(proc.name)", true),
            ("fd.filename = basename(fd.name)", true),
        ],
    );
}

#[test]
fn what_is_absent_satisfies_nothing() {
    check(
        &call("setuid", 0, [0; 6]),
        &[
            ("fd.name = x", false),
            ("fd.name != x", false),
            ("not fd.name = x", true),
            ("fd.name exists", false),
            ("fd.name in ()", false),
            ("proc.pname = sh", false),
            ("proc.aname != x", false),
            ("fd.name = val(fd.name)", false),
            ("concat(proc.name, fd.name) exists", false),
        ],
    );
}

#[test]
fn both_ends_of_a_connection() {
    let mut body = Socket {
        family: 2,
        sock_type: 1,
        protocol: 6,
        local_port: 40_000,
        remote_port: 443,
        fd: 3,
        ..zero()
    };
    body.local[..4].copy_from_slice(&[10, 0, 0, 1]);
    body.remote[..4].copy_from_slice(&[93, 184, 216, 34]);
    body.flags &= !socket_flag::LISTENER;
    check(
        &socket("connect", 0, body, &[], &[]),
        &[
            ("fd.ip = 10.0.0.1", true),
            ("fd.ip = 93.184.216.34", true),
            ("fd.ip != 10.0.0.1", false),
            ("fd.ip != 10.0.0.2", true),
            ("fd.net = 10.0.0.0/8", true),
            ("fd.net != 10.0.0.0/8", false),
            ("fd.port = https", true),
            ("fd.port in (80, 443)", true),
            ("fd.sip = 93.184.216.34", true),
            ("fd.sip in (1.1.1.1, 93.184.216.34)", true),
            ("fd.snet in (10.0.0.0/8, 93.184.0.0/16)", true),
            ("fd.sport = 443 and fd.l4proto = tcp", true),
        ],
    );
}

#[test]
fn an_internet_socket_without_ends_has_zeros() {
    for (family, ip) in [(2, "0.0.0.0"), (10, "::")] {
        check(
            &socket("socket", 3, Socket { family, sock_type: 1, protocol: 6, fd: 3, ..zero() }, &[], &[]),
            &[
                ("fd.ip exists", true),
                (&format!("fd.ip = {ip}"), true),
                ("fd.ip != 10.0.0.1", true),
                ("fd.port < 1", true),
                ("fd.sip exists", false),
                ("fd.cip exists", false),
            ],
        );
    }
}

#[test]
fn the_end_of_a_process_is_no_system_call() {
    check(
        &exit(0),
        &[
            ("evt.type = procexit", true),
            ("syscall.type exists", false),
            ("syscall.type != open", false),
            ("evt.type != open", true),
        ],
    );
}

#[test]
fn lifecycle_events_have_their_slots() {
    let conditions = [
        "evt.type in (execve, execveat)",
        "evt.type in (clone, fork)",
        "evt.type=procexit",
        "evt.type=nanosleep",
    ];
    let mut evaluator = evaluator(&conditions, Matching::All);
    assert_eq!(matches(&mut evaluator, &lifecycle(Kind::Exec, b"/bin/ls")), [0]);
    assert_eq!(matches(&mut evaluator, &lifecycle(Kind::Fork, b"")), [1]);
    assert_eq!(matches(&mut evaluator, &exit(0)), [2]);
    assert_eq!(matches(&mut evaluator, &open_shadow()), [0_usize; 0]);
    assert_eq!(evaluator.counts(), [1, 1, 1, 0]);
}

#[test]
fn the_first_match_ends_evaluation_unless_all_are_wanted() {
    let conditions = ["evt.type=open", "proc.name=sh", "evt.type=openat"];
    let mut first = evaluator(&conditions, Matching::First);
    assert_eq!(matches(&mut first, &open_shadow()), [1]);
    let mut all = evaluator(&conditions, Matching::All);
    assert_eq!(matches(&mut all, &open_shadow()), [1, 2]);
}

#[test]
fn a_match_becomes_an_alert() {
    let mut evaluator = evaluator(&["evt.type=openat"], Matching::First);
    let mut alerts = Vec::new();
    within(&open_shadow(), &process(), Side::Caller, |context| {
        evaluator.evaluate(context.event, &mut |rule, context| alerts.push(rule.alert(context)));
    });
    let alert = alerts.pop().expect("a match");
    assert_eq!((alert.rule.as_str(), alert.message.as_slice()), ("r0", b"sh".as_slice()));
}

#[test]
fn memory_of_events_long_ago_is_not_believed() {
    let mut evaluator = evaluator(&["fd.name=/etc/shadow"], Matching::First);
    evaluator.epoch = (u32::MAX >> 1) - 2;
    for _ in 0..4 {
        assert_eq!(matches(&mut evaluator, &open_shadow()), [0]);
        assert_eq!(matches(&mut evaluator, &call("setuid", 0, [0; 6])), [0_usize; 0]);
    }
}
