//! Events that a container's cgroup is, and questions that its records ask.

use super::{Strings, feed, mkdir, snapshot, state, task};

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
