//! Three-valued verdicts: which events wait, for how long, and what is decided when they go on.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    border::Context,
    enrich::{Container, Event, Limits as StateLimits, Metadata, Side, State, host::Host},
    hold::{Hold, Limits},
    rules::{Evaluator, LoadOptions, Matching, RuleFile, fixture, load},
};

/// Condition and output.
type Rule<'a> = (&'a str, &'a str);
/// Rules, which may match, what fires at once, what fires later.
type Case<'a> = (&'a [Rule<'a>], Matching, &'a [usize], &'a [usize]);

fn evaluator(rules: &[Rule<'_>], matching: Matching) -> Evaluator {
    let rule = |(index, (condition, output)): (usize, &(&str, &str))| {
        format!(
            "- {{rule: r{index}, desc: d, condition: '{condition}', output: '{output}', priority: INFO}}\n"
        )
    };
    let text: String = rules.iter().enumerate().map(rule).collect();
    let options = LoadOptions { matching, ..LoadOptions::default() };
    let loaded = load(&[RuleFile { name: "f", text: &text }], &options, 1);
    assert!(loaded.errors.is_empty(), "{:?}", loaded.errors);
    Evaluator::new(Arc::new(loaded.set))
}

fn container(id: &str) -> Container {
    let path = format!("/docker/{}", id.repeat(64));
    Container::in_cgroup(path.as_bytes()).expect("a container").0
}

/// Calls `look` with an event of a container of which nothing was told yet.
fn awaited(id: &str, look: impl FnOnce(&Event<'_>)) {
    let process = crate::enrich::Process { container: Some(Arc::new(container(id))), ..fixture::process() };
    fixture::within(&fixture::call("kill", 1, [0; 6]), &process, Side::Caller, |c| {
        look(&Event { metadata: Metadata::Awaited, ..*c.event });
    });
}

/// What fires at once, whether the event waits, and what fires after `told`.
fn fired(rules: &[Rule<'_>], matching: Matching, told: Option<&Context>) -> (Vec<usize>, bool, Vec<usize>) {
    let mut evaluator = evaluator(rules, matching);
    let (mut at_once, mut later, mut waits) = (Vec::new(), Vec::new(), false);
    awaited("a", |event| {
        let undecided = evaluator.evaluate(event, &mut |rule, _| at_once.push(rule.index));
        let Some(undecided) = undecided else { return };
        waits = true;
        let metadata = told.map_or(Metadata::TimedOut, Metadata::Resolved);
        evaluator.resume(&Event { metadata, ..*event }, &undecided, &mut |rule, _| later.push(rule.index));
    });
    (at_once, waits, later)
}

#[test]
fn only_what_is_unknown_waits() {
    let named = Context { name: "web".to_owned(), ..Context::default() };
    let plain = "x";
    // condition, output: fires at once, waits, fires when the name is web, and when nothing is told.
    let cases: &[(&str, &str, bool, bool, bool, bool)] = &[
        ("evt.type=kill", plain, true, false, false, false),
        ("evt.type=kill", "%container.id", true, false, false, false),
        ("evt.type=kill", "%container.name", false, true, true, true),
        ("evt.type=kill", "%toupper(k8s.ns.name)", false, true, true, true),
        ("evt.type=kill and container.name=web", plain, false, true, true, false),
        ("evt.type=kill and container.name!=web", plain, false, true, false, false),
        ("evt.type=kill and not container.name=web", plain, false, true, false, true),
        ("evt.type=kill and container.name exists", plain, false, true, true, false),
        ("evt.type=kill and proc.name=nobody and container.name=web", plain, false, false, false, false),
        ("evt.type=kill and (proc.name=sh or container.name=web)", plain, true, false, false, false),
        ("evt.type=kill and container.name=val(proc.name)", plain, false, true, false, false),
        ("evt.type=kill and proc.name!=val(container.name)", plain, false, true, true, false),
        ("evt.type=kill and tolower(container.name)=web", plain, false, true, true, false),
        ("evt.type=kill and container.metadata=timed_out", plain, false, true, false, true),
    ];
    for (condition, output, at_once, waits, named_fires, late_fires) in cases {
        let rules = [(*condition, *output)];
        let fires = |fires: bool| if fires { vec![0] } else { Vec::new() };
        let expect = (fires(*at_once), *waits, fires(*named_fires));
        assert_eq!(fired(&rules, Matching::First, Some(&named)), expect, "{condition} with a name");
        let expect = (fires(*at_once), *waits, fires(*late_fires));
        assert_eq!(fired(&rules, Matching::First, None), expect, "{condition} without an answer");
    }
}

#[test]
fn the_first_rule_that_matches_is_the_same_as_without_waiting() {
    let web = Context { name: "web".to_owned(), ..Context::default() };
    let unsure = ("evt.type=kill and container.name=web", "x");
    let other = ("evt.type=kill and container.name=db", "x");
    let sure = ("evt.type=kill", "x");
    let cases: &[Case<'_>] = &[
        (&[unsure, sure], Matching::First, &[], &[0]),
        (&[other, sure], Matching::First, &[], &[1]),
        (&[sure, unsure], Matching::First, &[0], &[]),
        (&[other, other, unsure, sure], Matching::First, &[], &[2]),
        (&[unsure, sure], Matching::All, &[1], &[0]),
        (&[other, sure], Matching::All, &[1], &[]),
    ];
    for (rules, matching, at_once, later) in cases {
        let (first, _, rest) = fired(rules, *matching, Some(&web));
        assert_eq!((first.as_slice(), rest.as_slice()), (*at_once, *later), "{rules:?} {matching:?}");
    }
}

#[test]
fn a_held_event_is_the_event_as_it_was() {
    let mut evaluator =
        evaluator(&[("evt.type=kill", "%proc.cmdline %proc.cwd %evt.num %container.name")], Matching::First);
    let (mut hold, now) = (Hold::new(Limits::default()), Instant::now());
    awaited("a", |event| {
        let undecided = evaluator.evaluate(event, &mut |_, _| {}).expect("it says what is unknown");
        hold.keep(event, undecided, now).expect("there is room");
    });
    let told = Context { name: "web".to_owned(), ..Context::default() };
    let state = State::new(Host::default(), StateLimits::default());
    let events = hold.release(&"a".repeat(64), now + Duration::from_millis(7));
    let mut said = Vec::new();
    for held in &events {
        let done = held.event.again(&state, Metadata::Resolved(&told), |event| {
            evaluator.resume(event, &held.undecided, &mut |rule, c| {
                said.push(String::from_utf8(rule.alert(c).message).expect("text"));
            });
        });
        assert_eq!(done, Some(()));
    }
    assert_eq!(said, ["sh one two words  -x /tmp/sc/ 5 web"]);
    assert_eq!((hold.counts().held, hold.counts().released, hold.counts().waiting_bytes), (1, 1, 0));
    assert_eq!(hold.counts().waited.sum_ns, 7_000_000);
}

#[test]
fn bounds_of_age_and_bytes() {
    let limits = Limits { age: Duration::from_millis(10), container_bytes: 8192, bytes: 12_288 };
    let mut evaluator = evaluator(&[("evt.type=kill", "%container.name")], Matching::First);
    let (mut hold, start) = (Hold::new(limits), Instant::now());
    let mut keep = |hold: &mut Hold, id: &str, now: Instant| {
        let mut is_kept = false;
        awaited(id, |event| {
            let undecided = evaluator.evaluate(event, &mut |_, _| {}).expect("it says what is unknown");
            is_kept = hold.keep(event, undecided, now).is_ok();
        });
        is_kept
    };
    let mut n_greedy = 0;
    while keep(&mut hold, "a", start) {
        n_greedy += 1;
        assert!(n_greedy < 1000, "no bound");
    }
    assert!(n_greedy > 1);
    let later = start + Duration::from_millis(5);
    assert!(keep(&mut hold, "b", later), "one container's flood costs another's room");
    assert!(hold.expire(start).is_none());
    let (id, events) = hold.expire(start + limits.age).expect("it waited long enough");
    assert_eq!((&*id, events.len()), ("a".repeat(64).as_str(), n_greedy));
    assert!(hold.expire(start + limits.age).is_none(), "the other one came later");
    assert!(keep(&mut hold, "a", later), "room again");
    assert_eq!(hold.drain(later).len(), 2);
    assert!(hold.is_empty() && hold.expire(start + 2 * limits.age).is_none());
    let counts = hold.counts();
    assert_eq!((counts.held, counts.overflowed), (n_greedy as u64 + 2, 1));
    assert_eq!((counts.timed_out, counts.released, counts.waiting_bytes), (n_greedy as u64, 2, 0));

    let mut none = Hold::new(Limits { age: Duration::ZERO, ..limits });
    assert!(!keep(&mut none, "a", start), "nothing waits");
    assert_eq!(none.counts().overflowed, 0);
}
