//! What goes wrong in process tables, one test each.

use super::*;

fn strings(exe: &'static [u8]) -> Strings<'static> {
    Strings { exe: Some(exe), ..Strings::default() }
}

#[test]
fn exec_by_a_thread_that_is_not_the_leader() {
    let mut state = state();
    let leader = task(5, 1, "go");
    feed(&mut state, &snapshot(leader, strings(b"/bin/go")));
    for tid in [50, 51] {
        feed(&mut state, &fork(thread(tid, leader)));
    }
    // The kernel ends the others, the old leader among them, and gives the caller the leader's id and start.
    // (Thread 51's end is lost.)
    assert_eq!(feed(&mut state, &exits(leader, false)).len(), 1);
    assert!(!process(&state, 5).is_exited);
    let events = feed(&mut state, &exec(task(5, 1, "ls"), strings(b"/bin/ls")));
    assert_eq!((events[0].tid, events[0].name.as_str(), events[0].threads), (5, "ls", 1));
    assert_eq!(state.stats().processes, 1);
    feed(&mut state, &exits(task(5, 1, "ls"), true));
    assert!(process(&state, 5).is_exited);
}

#[test]
fn a_reused_pid_is_another_process() {
    let mut state = state();
    feed(&mut state, &exec(task(5, 1, "old"), strings(b"/bin/old")));
    let reborn = Task { start_ns: 999, ..task(5, 1, "sh") };
    feed(&mut state, &exec(task(1, 0, "init"), strings(b"/sbin/init")));
    let events = feed(&mut state, &fork(reborn));
    assert_eq!((events[1].name.as_str(), state.stats().processes), ("sh", 3));
    assert_eq!(state.by_tgid(5).expect("the new one").key.start_ns, 999);
    assert!(process(&state, 5).is_exited, "the old one's exit was lost");
    // A late record of the old one is still the old one's.
    assert_eq!(feed(&mut state, &call(task(5, 1, "old")))[0].name, "old");
    assert_eq!(state.by_tgid(5).expect("the new one").key.start_ns, 999);
}

#[test]
fn identity_is_the_start_time_to_the_nanosecond() {
    let mut state = state();
    for start_ns in [100, 101] {
        feed(&mut state, &call(Task { start_ns, ..task(5, 1, "x") }));
    }
    assert_eq!(state.stats().processes, 2);
}

#[test]
fn a_fork_before_its_parent_is_known() {
    let mut state = state();
    let events = feed(&mut state, &fork(Task { uid: 33, ..task(6, 5, "nginx") }));
    assert_eq!(events.iter().map(|event| (event.tgid, event.tid)).collect::<Vec<_>>(), [(5, 5), (6, 6)]);
    assert_eq!(events[1].lineage, [6, 5]);
    let parent = process(&state, 5);
    assert!(parent.is_inferred && process(&state, 6).is_inferred);
    assert_eq!((&*parent.name, parent.task.uid), (&b"nginx"[..], 33));
    // Its own first record completes it.
    feed(&mut state, &snapshot(task(1, 0, "init"), strings(b"/sbin/init")));
    feed(&mut state, &snapshot(task(5, 1, "nginx"), strings(b"/usr/sbin/nginx")));
    assert_eq!(feed(&mut state, &call(task(6, 5, "nginx")))[0].lineage, [6, 5, 1]);
}

#[test]
fn the_caller_is_not_the_parent() {
    let mut state = state();
    feed(&mut state, &exec(task(5, 1, "runc"), strings(b"/usr/bin/runc")));
    feed(&mut state, &fork(task(6, 5, "runc")));
    feed(&mut state, &exec(task(6, 5, "runc:[0:PARENT]"), strings(b"/memfd:runc")));
    // runc's stage 0 clones stage 1 with CLONE_PARENT.
    let body = Told { caller_tgid: 6, caller_tid: 6, ..zero() };
    let bytes = told(Kind::Fork, 1, task(7, 5, "runc:[0:PARENT]"), body, Strings::default());
    let events = feed(&mut state, &bytes);
    assert_eq!((events[0].tgid, events[0].tid), (6, 6));
    assert_eq!((events[1].tgid, events[1].lineage.as_slice()), (7, &[7, 5][..]));
    assert_eq!(process(&state, 7).exepath.as_deref(), Some(&b"/memfd:runc"[..]));
    // Nothing at all is known of the caller.
    let body = Told { caller_tgid: 99, caller_tid: 99, ..zero() };
    let events = feed(&mut state, &told(Kind::Fork, 1, task(8, 5, "x"), body, Strings::default()));
    assert_eq!((events[0].tgid, events[1].tgid), (99, 8));
    feed(&mut state, &call(task(99, 5, "x")));
    assert_eq!(state.by_tgid(99).expect("known now").key.start_ns, 990);
}

#[test]
fn a_process_that_nobody_told_of() {
    let mut state = state();
    for bytes in [
        call(task(5, 1, "ghost")),
        names("openat", task(6, 1, "ghost"), 3, "x", None),
        exits(task(7, 1, "ghost"), true),
        exec(task(8, 1, "ghost"), Strings::default()),
        fork(thread(90, task(9, 1, "ghost"))),
    ] {
        for event in feed(&mut state, &bytes) {
            assert_eq!(event.name, "ghost");
        }
    }
    assert_eq!(state.stats().processes, 5);
    assert!(process(&state, 5).is_inferred && !process(&state, 8).is_inferred);
    assert!(process(&state, 7).is_exited);
    assert_eq!(process(&state, 5).argv, None);
    assert_eq!(*process(&state, 5).cmdline, *b"ghost");
    let leader = Strings { exe: Some(b"/bin/x"), argv: Some(b"x\0y\0"), ..Strings::default() };
    feed(&mut state, &snapshot(task(5, 1, "x"), leader));
    assert_eq!(*process(&state, 5).cmdline, *b"x y");
}

#[test]
fn hostile_argv() {
    let long = [b'a'; 4095];
    let cases: &[(&[u8], &[u8], usize)] = &[
        (b"no terminator", b"n", 1),
        (b"", b"n", 1),
        (b"\0", b"n", 1),
        (b"\0\0\0", b"n  ", 3),
        (b"a\0\xff\xfe\0", b"n \xff\xfe", 2),
        (b"a\0 \n\0", b"n  \n", 2),
        (&long, b"n", 1),
    ];
    for (argv, cmdline, n_args) in cases {
        let mut state = state();
        feed(&mut state, &exec(task(5, 1, "n"), Strings { argv: Some(argv), ..Strings::default() }));
        let found = process(&state, 5);
        assert_eq!((&*found.cmdline, found.args().count()), (*cmdline, *n_args), "{argv:?}");
    }
    let mut state = state();
    let comm = Task { comm: [b'c'; 16], ..task(5, 1, "") };
    feed(&mut state, &exec(comm, Strings { argv: Some(&[0; 4095]), ..Strings::default() }));
    assert_eq!(
        process(&state, 5).cmdline.len(),
        16 + 4094,
        "a comm without terminator, 4095 empty arguments"
    );
}

#[test]
fn a_full_table_still_hands_out_every_event() {
    let mut state = limited(2);
    feed(&mut state, &exec(task(1, 0, "init"), strings(b"/sbin/init")));
    feed(&mut state, &exec(task(2, 1, "a"), strings(b"/bin/a")));
    let events = feed(&mut state, &fork(task(3, 2, "a")));
    assert_eq!((events[0].tgid, events[1].tgid, events[1].lineage.as_slice()), (2, 3, &[3, 2, 1][..]));
    let events = feed(&mut state, &exec(task(3, 2, "b"), strings(b"/bin/b")));
    assert_eq!(events[0].name, "b");
    // Neither caller nor child find room.
    let events = feed(&mut state, &fork(task(31, 30, "z")));
    assert_eq!((events[0].tgid, events[1].tgid), (30, 31));
    assert_eq!(feed(&mut state, &exits(task(3, 2, "b"), true)).len(), 1);
    let counts = state.stats();
    assert_eq!((counts.processes, counts.processes_max, counts.processes_evicted), (2, 2, 0));
    assert_eq!(counts.processes_refused, 5);
    feed(&mut state, &exits(task(2, 1, "a"), true));
    feed(&mut state, &exec(task(4, 1, "c"), strings(b"/bin/c")));
    assert_eq!(state.by_tgid(4).map(|found| found.key.tgid), Some(4));
    assert_eq!(state.stats().processes_evicted, 1);
}

#[test]
fn parents_that_go_round_in_a_circle() {
    let mut state = state();
    feed(&mut state, &call(task(5, 6, "a")));
    feed(&mut state, &call(task(6, 5, "b")));
    assert_eq!(feed(&mut state, &call(task(6, 5, "b")))[0].lineage, [6, 5]);
    assert_eq!(feed(&mut state, &call(task(5, 6, "a")))[0].lineage, [5], "a parent is older");
    assert_eq!(feed(&mut state, &call(task(7, 7, "c")))[0].lineage, [7]);
}
