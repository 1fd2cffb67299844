//! An event that matches no rule is evaluated without a single heap allocation.
#![expect(unsafe_code, reason = "a global allocator is an unsafe trait")]

mod event;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    sync::Arc,
};

use event::Scene;
use sensor_agent::rules::{Evaluator, LoadOptions, Matching, RuleFile, load};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, counting for each thread.
struct Counting;

// SAFETY: every call is handed to the system's allocator as it came; the counter is a plain cell of the thread.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`, and all memory is the system's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const BUNDLED: &str = include_str!("../../deploy/rules/saker_rules.yaml");

/// Allocations while the event is played `times` times, and how often a rule matched.
fn allocations(rules: &str, mut scene: Scene, times: u32) -> (u64, u32) {
    let options = LoadOptions { matching: Matching::All, resolved_paths: true, ..LoadOptions::default() };
    let loaded = load(&[RuleFile { name: "rules.yaml", text: rules }], &options, 1);
    assert!(loaded.errors.is_empty(), "{}", loaded.errors[0]);
    let mut evaluator = Evaluator::new(Arc::new(loaded.set));
    let mut matches = 0;
    let mut play = |times: u32| {
        for _ in 0..times {
            scene.play(|event| {
                evaluator.evaluate(event, &mut |_, _| matches += 1);
            });
        }
    };
    let before = ALLOCATIONS.with(Cell::get);
    play(times);
    (ALLOCATIONS.with(Cell::get) - before, matches)
}

#[test]
fn an_event_that_matches_nothing_allocates_nothing() {
    let every_field = "- rule: r\n  desc: d\n  output: o\n  priority: INFO\n  condition: >\n    evt.type=openat and \
        (proc.cmdline contains zz or proc.exepath=zz or proc.pcmdline=zz or fd.directory=zz or fd.filename=zz or proc.aname=zz or \
        fs.path.name=zz or tolower(fd.name)=zz or concat(proc.name, \"x\")=zz or evt.arg.flags=zz or evt.args=zz or user.name=zz or \
        fd.name regex zz or fd.name glob \"zz*\" or fd.name pmatch (/zz) or proc.cwd=zz)\n";
    for rules in [BUNDLED, every_field] {
        assert_eq!(allocations(rules, Scene::open("/srv/data/file"), 1_000), (0, 0));
        assert_eq!(allocations(rules, Scene::open_link("/srv/link", "/srv/data/file"), 1_000), (0, 0));
    }
}

#[test]
fn an_event_of_a_known_container_allocates_nothing() {
    let rule = |condition: &str| {
        format!(
            "- {{rule: r, desc: d, output: '%container.name', priority: INFO, condition: evt.type=openat and {condition}}}\n"
        )
    };
    let miss = rule(
        "(container.name=db or container.labels contains zz or k8s.ns.name=zz or container.mounts contains zz)",
    );
    let hit = rule("container.image.repository=shop/web and container.image.tag=1 and k8s.pod.name=front");
    let scene = || Scene::open_in_container("/srv/data/file");
    assert_eq!(allocations(&miss, scene(), 1_000), (0, 0));
    assert_eq!(allocations(&hit, scene(), 1_000), (0, 1_000));
}

#[test]
fn the_counter_counts() {
    let (allocations, matches) = allocations(BUNDLED, Scene::open("/etc/shadow"), 10);
    assert_eq!(matches, 10, "the bundled rule on sensitive files");
    assert_eq!(allocations, 0, "alerts are made by who handles the match");
    let before = ALLOCATIONS.with(Cell::get);
    drop(std::hint::black_box(vec![1_u8]));
    assert_eq!(ALLOCATIONS.with(Cell::get) - before, 1);
}
