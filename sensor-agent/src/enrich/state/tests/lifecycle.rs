//! The ordinary life of processes: fork, exec, threads, exit, snapshots, cgroups.

use std::sync::Arc;

use super::*;

const SHELL: Strings<'_> = Strings {
    exe: Some(b"/usr/bin/bash"),
    argv: Some(b"-bash\0-c\0id; ls\0"),
    env: Some(b"A=1\0B=\0"),
    cwd: Some(b"/root"),
    cgroup: Some(b"session-3.scope\0user-0.slice\0user.slice\0"),
};

#[test]
fn a_fork_is_two_events_and_the_child_has_the_strings_of_its_caller() {
    let mut state = state();
    assert_eq!(feed(&mut state, &snapshot(task(5, 1, "bash"), SHELL)), [], "first sight is no event");
    let body = Told { caller_tgid: 5, caller_tid: 9, vpid: 77, ..zero() };
    let events = feed(&mut state, &told(Kind::Fork, 400, task(6, 5, "bash"), body, Strings::default()));
    let expect = |num, side, tgid, tid, lineage: &[u32]| Seen {
        num,
        time_ns: 1_000_400,
        side,
        tgid,
        tid,
        name: "bash".to_owned(),
        is_exited: false,
        threads: 1,
        lineage: lineage.to_vec(),
    };
    assert_eq!(events, [expect(1, Side::Caller, 5, 9, &[5]), expect(2, Side::Child, 6, 6, &[6, 5])]);
    let (parent, child) = (process(&state, 5), process(&state, 6));
    assert!(Arc::ptr_eq(&parent.name, &child.name) && Arc::ptr_eq(&parent.cmdline, &child.cmdline));
    let strings = |process: &Process| {
        [&process.argv, &process.env, &process.exepath, &process.cwd].map(|text| text.clone().expect("told"))
    };
    for (own, inherited) in strings(parent).iter().zip(&strings(child)) {
        assert!(Arc::ptr_eq(own, inherited), "shared, not copied");
    }
    assert_eq!(child.facts.vpid, 77);
    assert_eq!(child.parent, parent.key);
    assert_eq!(child.started_ns, 1_000_060);
}

#[test]
fn an_exec_replaces_the_strings() {
    let mut state = state();
    feed(&mut state, &snapshot(task(5, 1, "bash"), SHELL));
    feed(&mut state, &fork(task(6, 5, "bash")));
    let strings = Strings {
        exe: Some(b"/tmp/x (deleted)"),
        argv: Some(b"x\0-a\0\0b c\0"),
        env: Some(b""),
        ..Strings::default()
    };
    let events = feed(&mut state, &exec(task(6, 5, "x"), strings));
    assert_eq!((events.len(), events[0].num, events[0].name.as_str()), (1, 3, "x"), "after the exec");
    let new = process(&state, 6);
    assert_eq!(text(new.exepath.as_deref()).as_deref(), Some("/tmp/x"));
    assert_eq!(text(Some(&new.cmdline)).as_deref(), Some("x -a  b c"));
    assert_eq!(new.args().collect::<Vec<_>>(), [&b"x"[..], b"-a", b"", b"b c"]);
    assert_eq!(new.env.as_deref(), Some(&b""[..]), "empty, not absent");
    assert_eq!(text(new.cwd.as_deref()).as_deref(), Some("/root"), "not told: stays");
    assert!(!new.is_inferred);
    let old = process(&state, 5);
    assert_eq!(text(Some(&old.cmdline)).as_deref(), Some("bash -c id; ls"));
}

#[test]
fn an_exec_whose_strings_cannot_be_read_does_not_keep_the_old_ones() {
    let mut state = state();
    feed(&mut state, &snapshot(task(5, 1, "bash"), SHELL));
    feed(&mut state, &exec(task(5, 1, "ls"), Strings { exe: Some(b"/bin/ls"), ..Strings::default() }));
    let new = process(&state, 5);
    assert_eq!((new.argv.as_deref(), new.env.as_deref()), (None, None));
    assert_eq!(text(Some(&new.cmdline)).as_deref(), Some("ls"));
}

#[test]
fn threads_are_counted_and_are_no_processes() {
    let mut state = state();
    let leader = task(5, 1, "java");
    feed(&mut state, &snapshot(leader, SHELL));
    let body = Told { caller_tgid: 5, caller_tid: 5, ..zero() };
    for tid in [50, 51] {
        let bytes = told(Kind::Fork, 1, thread(tid, leader), body, Strings::default());
        let sides: Vec<_> =
            feed(&mut state, &bytes).iter().map(|event| (event.side, event.tgid, event.tid)).collect();
        assert_eq!(sides, [(Side::Caller, 5, 5), (Side::Child, 5, tid)]);
    }
    assert_eq!((process(&state, 5).threads, state.stats().processes), (3, 1));
    let events = feed(&mut state, &exits(thread(50, leader), false));
    assert_eq!((events[0].tid, events[0].threads), (50, 3), "the event comes before the change");
    assert_eq!((process(&state, 5).threads, process(&state, 5).is_exited), (2, false));
}

#[test]
fn an_exit_is_an_event_of_a_living_process_and_then_its_end() {
    let mut state = state();
    feed(&mut state, &snapshot(task(5, 1, "bash"), SHELL));
    feed(&mut state, &fork(task(6, 5, "bash")));
    let events = feed(&mut state, &exits(task(5, 1, "bash"), true));
    assert_eq!((events.len(), events[0].is_exited), (1, false));
    assert!(process(&state, 5).is_exited);
    assert!(state.by_tgid(5).is_none() && state.by_tgid(6).is_some());
    assert_eq!(feed(&mut state, &call(task(5, 1, "bash")))[0].name, "bash", "a late record finds it");
    let inherited = feed(&mut state, &call(task(6, 5, "bash")));
    assert_eq!(inherited[0].lineage, [6, 5], "a child finds it");
    feed(&mut state, &snapshot(task(1, 0, "init"), Strings::default()));
    let adopted = Task { ppid: 1, parent_start_ns: 10, ..task(6, 5, "bash") };
    assert_eq!(
        feed(&mut state, &call(adopted))[0].lineage,
        [6, 1],
        "until its records tell of the new parent"
    );
}

#[test]
fn any_record_refreshes_the_task() {
    let mut state = state();
    feed(&mut state, &snapshot(task(5, 1, "sudo"), SHELL));
    feed(&mut state, &call(Task { uid: 1000, tty: 34816, ..task(5, 1, "sudo") }));
    assert_eq!((process(&state, 5).task.uid, process(&state, 5).task.tty), (1000, 34816));
    feed(&mut state, &call(Task { uid: 0, ..thread(9, task(5, 1, "worker")) }));
    let now = process(&state, 5);
    assert_eq!(
        (now.task.uid, now.task.tid, &now.task.comm[..4]),
        (0, 5, &b"sudo"[..]),
        "tid and comm are the leader's"
    );
    assert_eq!(*now.name, *b"sudo", "comm at the last exec, not now");
}

#[test]
fn containers_come_with_cgroups() {
    let mut state = state();
    let id = "3f5e6a1d0c9b8a7f6e5d4c3b2a1908f7e6d5c4b3a29180f7e6d5c4b3a2918070";
    feed(&mut state, &snapshot(Task { cgroup_id: 3, ..task(5, 1, "runc") }, SHELL));
    assert_eq!(
        text(process(&state, 5).cgroup.as_deref()).as_deref(),
        Some("/user.slice/user-0.slice/session-3.scope")
    );
    assert!(process(&state, 5).container.is_none());
    assert_eq!(feed(&mut state, &mkdir(4, format!("docker-{id}.scope\0system.slice\0").as_bytes())), []);
    let moved = Task { cgroup_id: 4, ..task(5, 1, "runc") };
    feed(&mut state, &call(moved));
    let container = process(&state, 5).container.clone().expect("a container");
    assert_eq!((container.id.as_str(), container.runtime), ("3f5e6a1d0c9b", "docker"));
    feed(&mut state, &fork(Task { cgroup_id: 4, ..task(6, 5, "runc") }));
    assert!(Arc::ptr_eq(process(&state, 6).container.as_ref().expect("inherited"), &container));
    feed(&mut state, &call(Task { cgroup_id: 99, ..task(6, 5, "runc") }));
    assert!(process(&state, 6).container.is_some(), "an untold cgroup is no way out of a container");
    feed(&mut state, &call(Task { cgroup_id: 3, ..task(6, 5, "runc") }));
    assert!(process(&state, 6).container.is_none());
    feed(&mut state, &fork(Task { cgroup_id: 4, ..task(7, 6, "runc") }));
    assert!(process(&state, 7).container.is_some(), "cloned into a cgroup");
}

#[test]
fn a_snapshot_completes_what_is_known_and_keeps_a_name_that_fits() {
    let mut state = state();
    let leader = task(5, 1, "java");
    let scan = Strings { argv: None, env: None, ..SHELL };
    feed(&mut state, &snapshot(leader, scan));
    feed(&mut state, &snapshot(thread(50, task(5, 1, "GC worker")), SHELL));
    assert_eq!(text(Some(&process(&state, 5).cmdline)).as_deref(), Some("java -c id; ls"));
    // Unreadable memory leaves what is known.
    feed(&mut state, &snapshot(leader, scan));
    assert_eq!(process(&state, 5).args().count(), 3);
    // Another executable: an exec was lost.
    let other = Strings { exe: Some(b"/usr/bin/vim"), argv: Some(b"vim\0x\0\0\0\0"), ..Strings::default() };
    feed(&mut state, &snapshot(task(5, 1, "vim"), other));
    assert_eq!(text(Some(&process(&state, 5).cmdline)).as_deref(), Some("vim x"));
    assert!(process(&state, 5).is_inferred);
}

#[test]
fn an_event_knows_when_the_one_before_it_was() {
    let mut state = state();
    let mut seen = Vec::new();
    for time_ns in [50, 70, 65] {
        let record = Builder::new::<Call>().finish(
            Kind::Call,
            slot::FIRST_SYSCALL,
            time_ns,
            task(5, 1, "a"),
            &zero::<Call>(),
        );
        let record = Record::parse(&record).expect("a valid record");
        state.apply(&record, |event| seen.push((event.time_ns, event.before_ns, event.state.first_ns())));
    }
    let at = |ns: u64| 1_000_000 + ns;
    assert_eq!(seen, [(at(50), at(50), at(50)), (at(70), at(50), at(50)), (at(65), at(70), at(50))]);
}

#[test]
fn a_clock_that_is_set_moves_all_times_alike() {
    const HOUR_NS: u64 = 3_600_000_000_000;
    let mut state = State::new(Host { boot_epoch_ns: 10 * HOUR_NS, ..Host::default() }, Limits::default());
    let mut seen = Vec::new();
    let mut act = |state: &mut State, time_ns: u64| {
        let call = zero::<Call>();
        let record =
            Builder::new::<Call>().finish(Kind::Call, slot::FIRST_SYSCALL, time_ns, task(5, 1, "a"), &call);
        state.apply(&Record::parse(&record).expect("a valid record"), |event| {
            let since_start = event.time_ns - event.actor.started_ns;
            let (since_first, since_last) =
                (event.time_ns - event.state.first_ns(), event.time_ns - event.before_ns);
            seen.push((event.time_ns / HOUR_NS, since_start, since_first, since_last));
        });
    };
    act(&mut state, 500);
    assert_eq!(state.set_clock(10 * HOUR_NS + 999_999), None, "no two readings are the same");
    assert_eq!(state.set_clock(11 * HOUR_NS), Some(HOUR_NS.cast_signed()));
    act(&mut state, 510);
    assert_eq!(state.set_clock(9 * HOUR_NS), Some(-2 * HOUR_NS.cast_signed()));
    act(&mut state, 530);
    let start = task(5, 1, "a").start_ns;
    assert_eq!(seen, [(10, 500 - start, 0, 0), (11, 510 - start, 10, 10), (9, 530 - start, 30, 20)]);
}
