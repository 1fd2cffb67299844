//! Which events of a rule are kept for who asks afterwards: the last ones, within bounds.

mod event;

use std::time::{Duration, Instant};

use event::Scene;
use sensor_agent::{
    enrich::Pinned,
    past::{OF_RULE, Past},
    rules::{LoadOptions, RuleFile, RuleSet, load},
};

const MIB: usize = 1 << 20;
/// After it a burst is over.
const LONG: Duration = Duration::from_millis(100);

/// Hands out so many events to `past`, as alerts of one rule.
fn fire(past: &mut Past, scene: &mut Scene, rule: usize, times: usize, now: Instant) {
    (0..times).for_each(|_| scene.play(|event| past.keep(rule, event, now)));
}

fn weight() -> usize {
    let (mut past, now) = (Past::new(MIB, 1), Instant::now());
    fire(&mut past, &mut Scene::open("/etc/shadow"), 0, 1, now);
    past.bytes()
}

fn kept(past: &Past, rule: usize) -> usize {
    past.last(rule, usize::MAX).count()
}

fn set(names: &[&str]) -> RuleSet {
    let rule = |name: &&str| {
        format!("- {{rule: {name}, desc: d, condition: evt.type=openat, output: o, priority: INFO}}\n")
    };
    let text: String = names.iter().map(rule).collect();
    load(&[RuleFile { name: "f", text: &text }], &LoadOptions::default(), 1).set
}

#[test]
fn the_last_events_of_a_rule_are_kept() {
    let (mut past, mut scene, now) = (Past::new(MIB, 2), Scene::open("/etc/shadow"), Instant::now());
    for burst in 0..3 {
        fire(&mut past, &mut scene, 1, 7, now + burst * LONG);
    }
    assert_eq!((kept(&past, 0), kept(&past, 1)), (0, OF_RULE));
    assert_eq!((past.last(1, 3).count(), past.last(7, 3).count()), (3, 0));
    assert_eq!(past.bytes(), past.last(1, OF_RULE).map(Pinned::weight).sum::<usize>());
}

#[test]
fn a_storm_is_kept_in_part() {
    let (mut past, mut scene, now) = (Past::new(MIB, 1), Scene::open("/etc/shadow"), Instant::now());
    fire(&mut past, &mut scene, 0, OF_RULE, now);
    let first = past.bytes();
    // Longer names: they would show in the bytes.
    let mut other = Scene::open(&"/x".repeat(1000));
    fire(&mut past, &mut other, 0, 100_000, now + LONG / 2);
    assert_eq!(past.bytes(), first, "of a burst the first ones");
    fire(&mut past, &mut other, 0, 1, now + LONG);
    assert!(past.bytes() > first);
}

#[test]
fn who_has_most_gives_way() {
    let (mut past, now) = (Past::new(weight() * 8, 3), Instant::now());
    let mut scene = Scene::open("/etc/shadow");
    fire(&mut past, &mut scene, 0, 2, now);
    fire(&mut past, &mut scene, 1, OF_RULE, now);
    assert_eq!((kept(&past, 0), kept(&past, 1)), (2, 6));
    assert!(past.bytes() <= weight() * 8);
    // What alone would take a quarter of all is not kept.
    fire(&mut past, &mut Scene::open(&"/x".repeat(weight())), 2, 1, now);
    assert_eq!((kept(&past, 0), kept(&past, 1), kept(&past, 2)), (2, 6, 0));
    let mut none = Past::new(0, 3);
    fire(&mut none, &mut scene, 0, 1, now);
    assert_eq!(kept(&none, 0), 0);
}

#[test]
fn a_reload_keeps_what_rules_of_the_same_name_had() {
    let (old, new) = (set(&["a", "b", "c"]), set(&["c", "x", "a"]));
    let (mut past, mut scene, now) = (Past::new(MIB, 3), Scene::open("/etc/shadow"), Instant::now());
    for (rule, times) in [(0, 1), (1, 2), (2, 3)] {
        fire(&mut past, &mut scene, rule, times, now);
    }
    past.swap(&old, &new);
    assert_eq!([0, 1, 2].map(|rule| kept(&past, rule)), [3, 0, 1]);
    assert_eq!(past.bytes(), 4 * weight());
}

#[test]
fn strings_count_once_where_they_are_shared() {
    let long = "x".repeat(5000);
    let own = |argv: &str| {
        let mut weight = 0;
        Scene::with_command(argv).play(|event| weight = Pinned::of(event).weight());
        weight
    };
    // argv and command line; the shell above has its own, short ones.
    assert_eq!(own(&long) - own(""), 2 * long.len());
}
