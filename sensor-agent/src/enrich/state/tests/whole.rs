//! Properties over any sequence of records.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
struct Step {
    kind: u8,
    tgid: u32,
    is_reborn: bool,
    ppid: u32,
    tid: u32,
    caller: u32,
    cgroup: u64,
    is_group_dead: bool,
    ret: i64,
    text: Vec<u8>,
}

fn step() -> impl Strategy<Value = Step> {
    let ids = (0_u32..12, any::<bool>(), 0_u32..12, 0_u32..3, 0_u32..12);
    (0_u8..9, ids, 0_u64..4, any::<bool>(), -1_i64..2, proptest::collection::vec(any::<u8>(), 0..40))
        .prop_map(|(kind, (tgid, is_reborn, ppid, tid, caller), cgroup, is_group_dead, ret, text)| Step {
            kind,
            tgid,
            is_reborn,
            ppid,
            tid: if tid == 0 { tgid } else { 100 + tid },
            caller,
            cgroup,
            is_group_dead,
            ret,
            text,
        })
}

fn bytes(step: &Step) -> Vec<u8> {
    let told_of = task(step.tgid, step.ppid, "x");
    let start_ns = told_of.start_ns + u64::from(step.is_reborn);
    let task = Task { tid: step.tid, start_ns, cgroup_id: step.cgroup, ..told_of };
    let some = Some(step.text.as_slice());
    let strings = Strings { exe: some, argv: some, env: some, cwd: some, cgroup: some };
    let name = String::from_utf8_lossy(&step.text);
    match step.kind {
        0 | 1 => {
            let body = Told { caller_tgid: step.caller, caller_tid: step.caller, ..zero() };
            told(Kind::Fork, 1, task, body, Strings::default())
        }
        2 => exec(task, strings),
        3 => snapshot(task, strings),
        4 => exits(task, step.is_group_dead),
        5 => mkdir(step.cgroup, &step.text),
        6 => names("chdir", task, step.ret, &name, Some("/a")),
        7 => names("openat", task, step.ret, &name, (step.ret == 1).then_some("/b")),
        _ => call(task),
    }
}

proptest! {
    #[test]
    fn any_sequence(max in 0_usize..6, steps in proptest::collection::vec(step(), 0..120)) {
        let mut state = limited(max);
        let mut n_events = 0;
        for step in &steps {
            let events = feed(&mut state, &bytes(step));
            let expect = match step.kind { 0 | 1 => 2, 3 | 5 => 0, _ => 1 };
            prop_assert_eq!(events.len(), expect, "no event is dropped, whatever is known");
            for event in &events {
                n_events += 1;
                prop_assert_eq!(event.num, n_events);
                prop_assert!(event.lineage.len() <= 64 && event.lineage.first() == Some(&event.tgid));
            }
            if let Some(last) = events.last() {
                prop_assert_eq!(last.tgid, step.tgid, "and it is that of the record's process");
            }
            prop_assert!(state.stats().processes <= max as u64);
            for tgid in 0..12 {
                if let Some(found) = state.by_tgid(tgid) {
                    prop_assert!(found.key.tgid == tgid && !found.is_exited);
                    let ages: Vec<_> = state.lineage(found).map(|process| process.key).collect();
                    prop_assert!(ages.windows(2).all(|pair| pair[1].is_older_than(pair[0])));
                }
            }
        }
    }
}
