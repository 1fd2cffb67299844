//! Who is asked for, who waits, and how much is kept.

use std::sync::Arc;

use sensor_common::Task;

use super::{MAX_BYTES, READ_AGAIN_NS, Rosters};
use crate::{
    decode::zero,
    enrich::{
        Container, Process,
        host::{Accounts, Found, User},
    },
};

const INSIDE: u32 = 2;

fn id(number: usize) -> String {
    format!("{number:064x}")
}

/// A process of the container with this number.
fn process(number: usize, mnt_ns: u32, uid: u32) -> Process {
    let found = Container::in_cgroup(format!("/docker/{}", id(number)).as_bytes()).expect("a container");
    let task = Task { mnt_ns, uid, ..zero() };
    Process { container: Some(Arc::new(found.0)), ..Process::inferred(&task, 0) }
}

fn asking() -> Rosters {
    Rosters { is_asking: true, ..Rosters::new() }
}

/// User 7 and group 0, with names of so many bytes.
fn found(bytes: usize) -> Found {
    let user = User { name: "n".repeat(bytes), ..User::default() };
    Found::Accounts(Accounts { users: [(7, user)].into(), groups: [(0, "root".to_owned())].into() })
}

#[test]
fn who_is_asked_for() {
    let on_host = Process { container: None, ..process(1, INSIDE, 0) };
    let cases = [
        ("nobody reads", Rosters::new(), process(1, INSIDE, 0), 0),
        ("in a container", asking(), process(1, INSIDE, 0), 1),
        ("on the host", asking(), on_host, 0),
    ];
    for (what, mut rosters, process, expect) in cases {
        rosters.see(&process, 0);
        rosters.see(&process, u64::MAX);
        assert_eq!(rosters.take_unread().len(), expect, "{what}");
        assert_eq!(rosters.is_awaited(&id(1)), expect == 1, "{what}");
    }
}

#[test]
fn what_is_known_after_each_answer() {
    // Answer; whether an exec of user 7, of a stranger soon, late, and late from a namespace of its own asks again.
    let cases: [(Option<Found>, [usize; 4]); 4] = [
        (Some(found(1)), [0, 0, 1, 0]),
        (Some(Found::Denied), [0; 4]),
        (Some(Found::NotYet), [1; 4]),
        (None, [0; 4]),
    ];
    for (answer, expect) in cases {
        let what = format!("{answer:?}");
        let later =
            [(7, INSIDE, 1), (8, INSIDE, 1), (8, INSIDE, READ_AGAIN_NS + 1), (8, 9, READ_AGAIN_NS + 1)];
        for ((uid, mnt_ns, now_ns), expect) in later.into_iter().zip(expect) {
            let mut rosters = asking();
            rosters.see(&process(1, INSIDE, 7), 0);
            rosters.take_unread();
            match &answer {
                Some(Found::Accounts(accounts)) => {
                    rosters.learn(&id(1), Found::Accounts(accounts.clone()));
                    assert!(rosters.of(&id(1)).is_some(), "{what}");
                }
                Some(Found::Denied) => rosters.learn(&id(1), Found::Denied),
                Some(Found::NotYet) => rosters.learn(&id(1), Found::NotYet),
                None => rosters.give_up(&id(1)),
            }
            assert!(!rosters.is_awaited(&id(1)), "{what}");
            rosters.see(&process(1, mnt_ns, uid), now_ns);
            assert_eq!(rosters.take_unread().len(), expect, "{what}: {uid} in {mnt_ns} at {now_ns}");
        }
    }
}

#[test]
fn what_is_told_late_counts_and_what_nobody_asked_for_does_not() {
    let mut rosters = asking();
    rosters.see(&process(1, INSIDE, 7), 0);
    rosters.give_up(&id(1));
    rosters.learn(&id(1), found(1));
    rosters.learn(&id(2), found(1));
    assert_eq!((rosters.of(&id(1)).is_some(), rosters.of(&id(2)).is_some()), (true, false));
    // What is known stays when it is asked for again in vain.
    rosters.forget(&id(1));
    rosters.learn(&id(1), Found::NotYet);
    assert!(rosters.of(&id(1)).is_some());
}

#[test]
fn who_started_since_the_question_is_asked_when_the_first_one_cannot_tell() {
    let mut rosters = asking();
    let starts = |rosters: &mut Rosters, vpid| {
        let mut process = process(1, INSIDE, 7);
        process.facts.vpid = vpid;
        rosters.see(&process, 0);
    };
    let asked = |rosters: &mut Rosters| rosters.take_unread().iter().map(|it| it.vpid).collect::<Vec<_>>();
    for vpid in 1..=3 {
        starts(&mut rosters, vpid);
    }
    assert_eq!(asked(&mut rosters), [1]);
    rosters.learn(&id(1), Found::NotYet);
    assert_eq!((asked(&mut rosters), rosters.is_awaited(&id(1))), (vec![3], true));
    rosters.learn(&id(1), Found::NotYet);
    assert_eq!((asked(&mut rosters), rosters.is_awaited(&id(1))), (vec![], false));
    // Also where nobody waits any more.
    starts(&mut rosters, 4);
    rosters.give_up(&id(1));
    rosters.learn(&id(1), Found::NotYet);
    starts(&mut rosters, 5);
    assert_eq!(asked(&mut rosters), [4, 5]);
}

#[test]
fn bytes_are_bounded_and_counted() {
    let mut rosters = asking();
    let each = MAX_BYTES / 10;
    for number in 0..100 {
        rosters.see(&process(number, INSIDE, 7), 0);
        for _again in 0..2 {
            rosters.learn(&id(number), found(each));
        }
    }
    let kept = (0..100).filter(|number| rosters.of(&id(*number)).is_some()).count();
    assert_eq!((kept, rosters.n_awaited), (9, 0));
    assert!(rosters.bytes <= MAX_BYTES && rosters.bytes > MAX_BYTES / 2, "{}", rosters.bytes);
    for number in 0..10_000 {
        rosters.see(&process(number, INSIDE, 7), 0);
        rosters.take_unread();
    }
    assert_eq!((rosters.bytes, rosters.by_id.len()), (0, super::CAPACITY.get()));
    assert_eq!(rosters.n_awaited, super::CAPACITY.get());
}
