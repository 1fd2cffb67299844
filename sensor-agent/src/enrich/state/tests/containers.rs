//! Events that a container's cgroup is, and questions that its records ask.

use sensor_common::{Kind, Task, event::Process as Told};

use super::{Strings, exec, feed, fork, mkdir, process, snapshot, state, task, text, told};
use crate::{
    border::Context,
    decode::zero,
    enrich::{Container, Engines},
};

const ID: &str = "3f5e6a1d0c9b8a7f6e5d4c3b2a1908f7e6d5c4b3a29180f7e6d5c4b3a2918070";

#[test]
fn the_first_cgroup_of_a_container_is_an_event_and_a_question() {
    let scope = format!("docker-{ID}.scope\0system.slice\0");
    let inner = format!("init.scope\0{scope}");
    // Path, leaf first; whether somebody can be asked; events; questions.
    let cases: &[(&[&str], bool, usize, usize)] = &[
        (&[&scope], false, 0, 0),
        (&[&scope], true, 1, 1),
        // v1: one in each hierarchy; and what the container makes below itself.
        (&[&scope, &scope, &inner], true, 1, 1),
        (&["cron.service\0system.slice\0"], true, 0, 0),
        // Host software makes such paths, too.
        (&["redis\0default\0"], true, 0, 0),
    ];
    for (paths, can_ask, n_events, n_questions) in cases {
        let mut state = state();
        if *can_ask {
            state.ask();
        }
        let events: Vec<_> =
            (1..).zip(*paths).flat_map(|(id, path)| feed(&mut state, &mkdir(id, path.as_bytes()))).collect();
        assert_eq!((events.len(), state.take_wanted().count()), (*n_events, *n_questions), "{paths:?}");
        assert!(events.iter().all(|event| event.tgid == 1 && event.name == "systemd"), "{events:?}");
    }
}

#[test]
fn a_process_of_a_container_that_was_there_before_asks_for_it() {
    let mut state = state();
    state.ask();
    let cgroup = format!("docker-{ID}.scope\0system.slice\0");
    let told = snapshot(task(7, 1, "sh"), Strings { cgroup: Some(cgroup.as_bytes()), ..Strings::default() });
    state.seed(&told, &()).expect("a record");
    let wanted: Vec<_> = state.take_wanted().collect();
    assert_eq!(wanted.len(), 1);
    assert_eq!((wanted[0].full_id.as_str(), wanted[0].runtime.as_str()), (ID, "docker"));
}

/// In a pid namespace of its own the agent finds nobody else at start: the first record of such a process comes with its first event.
#[test]
fn the_first_sight_of_a_process_asks_for_its_containers_users() {
    let cgroup = format!("docker-{ID}.scope\0system.slice\0");
    let told = snapshot(task(7, 1, "sh"), Strings { cgroup: Some(cgroup.as_bytes()), ..Strings::default() });
    for is_at_start in [true, false] {
        let mut state = state();
        state.ask_accounts();
        if is_at_start {
            state.seed(&told, &()).expect("a record");
        } else {
            feed(&mut state, &told);
        }
        let unread: Vec<_> = state.take_unread().map(|it| it.full_id).collect();
        assert_eq!(unread, [ID.into()], "at start: {is_at_start}");
    }
}

/// Mount namespaces.
const HOSTS: u32 = 1;
const INSIDE: u32 = 2;

#[test]
fn who_entered_a_container_is_remembered() {
    let mut state = state();
    let cgroup = format!("docker-{ID}.scope\0system.slice\0");
    let inside = |tgid, ppid, comm| Task { mnt_ns: INSIDE, cgroup_id: 9, ..task(tgid, ppid, comm) };
    let argv = |argv: &'static str| Strings {
        argv: Some(argv.as_bytes()),
        cgroup: Some(cgroup.as_bytes()),
        ..Strings::default()
    };
    let mut does = |record: &[u8], tgid: u32| {
        feed(&mut state, record);
        text(process(&state, tgid).entry.as_deref())
    };
    let on_host = |tgid, ppid, comm| Task { mnt_ns: HOSTS, ..task(tgid, ppid, comm) };
    assert_eq!(does(&exec(on_host(1, 0, "systemd"), Strings::default()), 1), None);
    assert_eq!(does(&exec(on_host(10, 1, "shim"), Strings::default()), 10), None);
    // The runtime's own program is in the container's cgroup before it is inside.
    let early = Task { mnt_ns: HOSTS, cgroup_id: 9, ..task(20, 10, "runc") };
    assert_eq!(does(&exec(early, argv("runc\0init\0")), 20), None);
    let first = told(Kind::Exec, 1, inside(20, 10, "app"), Told { vpid: 1, ..zero() }, argv("app\0"));
    assert_eq!(does(&first, 20).as_deref(), Some(""), "the container's own");
    assert_eq!(does(&fork(inside(21, 20, "app")), 21).as_deref(), Some(""));
    assert_eq!(does(&exec(inside(21, 20, "cat"), argv("cat\0/ok\0")), 21).as_deref(), Some(""));
    // Somebody from outside, and what that one starts or becomes.
    assert_eq!(does(&fork(on_host(30, 10, "runc")), 30), None);
    assert_eq!(does(&exec(inside(30, 10, "sh"), argv("sh\0-c\0x\0")), 30).as_deref(), Some("sh\0-c\0x"));
    assert_eq!(does(&fork(inside(31, 30, "sh")), 31).as_deref(), Some("sh\0-c\0x"));
    assert_eq!(does(&exec(inside(30, 10, "cat"), argv("cat\0")), 30).as_deref(), Some("sh\0-c\0x"));
    // One that was there before.
    assert_eq!(does(&snapshot(inside(40, 10, "old"), argv("old\0")), 40).as_deref(), Some(""));
}

#[test]
fn engines_say_what_a_container_is() {
    let fixed =
        (Container::fixed("task-1"), Box::new(Context { name: "web".to_owned(), ..Context::default() }));
    let no_lxc = Engines { ignored: vec!["lxc"], fixed: None };
    let one = Engines { ignored: Vec::new(), fixed: Some(fixed) };
    // Engines, cgroup, container.id, container.type, container.name.
    let cases = [
        (Engines::default(), "web\0lxc\0", Some("web"), Some("lxc"), None),
        (no_lxc.clone(), "web\0lxc\0", None, None, None),
        (no_lxc, "bpm-x.scope\0", Some("x"), Some("bpm"), None),
        (one.clone(), "web\0lxc\0", Some("task-1"), Some("static"), Some("web")),
        (one, "", Some("task-1"), Some("static"), Some("web")),
    ];
    for (engines, cgroup, id, runtime, name) in cases {
        let mut state = state();
        state.recognise(engines);
        state.ask();
        let cgroup = Some(cgroup.as_bytes()).filter(|it| !it.is_empty());
        feed(&mut state, &exec(task(7, 1, "sh"), Strings { cgroup, ..Strings::default() }));
        let process = process(&state, 7);
        let found = process.container.as_deref();
        assert_eq!(found.map(|it| it.id.as_str()), id, "{cgroup:?}");
        assert_eq!(found.map(|it| it.runtime), runtime);
        assert_eq!(state.metadata(process).told().map(|told| told.name.as_str()), name);
        let is_asked = id.is_some() && name.is_none();
        assert_eq!(state.take_wanted().count(), usize::from(is_asked), "nobody is asked for a fixed one");
    }
}
