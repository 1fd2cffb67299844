//! What is told is what is shown; fixtures for the rooms below.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::border::{
    facts::LoadedFile,
    stats::{Hold, LedgerRow, Ring, RuleCount},
};

use super::{summary::Summary, *};

pub(super) const NONCE: u64 = 7;

/// A telemetry whose clock the test sets, in seconds.
pub(super) fn telemetry() -> (Arc<Telemetry>, Arc<AtomicU64>) {
    let seconds = Arc::new(AtomicU64::new(0));
    let clock = Arc::clone(&seconds);
    let now = move || Duration::from_secs(clock.load(Ordering::Relaxed));
    (Arc::new(Telemetry::with_clock(Limits::default(), NONCE, now)), seconds)
}

/// Tells `telemetry` all that a sensor that sees would.
pub(super) fn tell(telemetry: &Telemetry) {
    telemetry.facts(facts());
    telemetry.observe(stats());
    telemetry.sinks(sinks(), 3);
    for path in CanaryPath::ALL {
        telemetry.canary(path, NONCE, Duration::from_millis(7));
    }
}

pub(super) fn row(syscall: &str, counts: &[(&str, u64)]) -> LedgerRow {
    let counts = counts.iter().map(|(reason, count)| ((*reason).to_owned(), *count)).collect();
    LedgerRow { syscall: syscall.to_owned(), counts }
}

pub(super) fn rule(name: &str, priority: u8, tags: &[&str], count: u64) -> RuleCount {
    let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
    let (rule, source) = (name.to_owned(), "syscall".to_owned());
    RuleCount { rule, priority, source, tags, count, evaluated: 0, took_ns: 0 }
}

pub(super) fn stats() -> Stats {
    Stats {
        time_ns: 1,
        ledger: vec![
            row("fork", &[("seen", 5), ("submitted", 4), ("ring_full", 1)]),
            row(
                "openat",
                &[("seen", 20), ("filtered", 2), ("submitted", 10), ("ring_full", 3), ("reserve", 5)],
            ),
            row("open", &[("seen", 1), ("reserve", 1)]),
            row("getpid", &[("seen", 2), ("scratch_busy", 2)]),
        ],
        cpus: vec![(20, 12), (6, 0)],
        lost_in: vec![("host".to_owned(), 2)],
        recursion_misses: vec![("sys_exit".to_owned(), 9)],
        ring: Ring { size_bytes: 8192, used_bytes: 64, consumed_bytes: 4096 },
        decoded: 13,
        decode_failures: vec![("short".to_owned(), 1)],
        processes: 77,
        processes_max: 1000,
        processes_evicted: 6,
        containers: 3,
        host_names: 2,
        hold: Hold {
            held: 9,
            released: 5,
            timed_out: 2,
            overflowed: 1,
            waiting_bytes: 640,
            waited: Latency { counts: [1, 0, 2, 0, 0, 0, 0, 0, 0, 0], sum_ns: 12_000_000 },
        },
        past_bytes: 4096,
        evaluated: 12,
        rules: vec![
            rule("opened", 4, &["alpha", "with space"], 15),
            RuleCount { evaluated: 30, took_ns: 1_500_000, ..rule("silent", 0, &[], 0) },
            rule("opened too", 3, &[], 12),
            rule("said\n", 6, &[], 1),
        ],
        generation: 2,
        discarded: 0,
        reload_pause_ns: 500_000,
        wakeups: 8,
    }
}

pub(super) fn facts() -> Facts {
    let versions =
        [("falco_version", "0.44.1"), ("engine_version", "63"), ("engine_version_semver", "0.63.0")];
    Facts {
        versions: versions.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        plugins: [("container".to_owned(), "0.7.0".to_owned())].into(),
        engine: "modern_bpf".to_owned(),
        hostname: "h1".to_owned(),
        kernel_release: "6.12.1".to_owned(),
        cpus: 2,
        boot_ns: 1_000,
        start_ns: 2_000,
        reload_ns: 3_000,
        reload_took_ns: 20_000_000,
        reloads_done: 2,
        reloads_refused: 1,
        rule_files: vec![LoadedFile { name: "rules.yaml".to_owned(), sha256: "ab".to_owned() }],
        config_files: Vec::new(),
        hooks: vec!["sys_exit".to_owned()],
        degraded: vec!["no cgroup hook".to_owned()],
        rule_faults: vec!["rules.yaml:3:1: bad".to_owned()],
    }
}

pub(super) fn sinks() -> Vec<SinkCount> {
    vec![SinkCount {
        sink: "stdout".to_owned(),
        delivered: 25,
        failed: 1,
        discarded: 2,
        retried: 4,
        waiting: 0,
        latency: Latency { counts: [20, 0, 0, 0, 5, 0, 0, 0, 0, 0], sum_ns: 1_500_000_000 },
    }]
}

#[test]
fn the_summary_has_falcos_lists_and_our_losses() {
    let text = Summary { stats: &stats(), sinks: &sinks() }.to_string();
    let expected = "\
Events detected: 28
Rule counts by severity:
   ERROR: 12
   WARNING: 15
   INFO: 1
Triggered rules by rule name:
   opened: 15
   opened too: 12
   said\\n: 1
Events: 28 seen, 2 filtered, 14 submitted, 12 lost: ring_full 4, reserve 6, scratch_busy 2; 9 runs skipped by the kernel
Alerts to stdout: 25 delivered, 1 failed, 2 discarded
";
    assert_eq!(text, expected);
}

#[test]
fn the_summary_of_nothing() {
    let text = Summary { stats: &Stats::default(), sinks: &[] }.to_string();
    let expected = "Events detected: 0\nRule counts by severity:\nTriggered rules by rule name:\n\
                    Events: 0 seen, 0 filtered, 0 submitted, 0 lost\n";
    assert_eq!(text, expected);
}

#[test]
fn health_follows_the_clock() {
    let (telemetry, clock) = telemetry();
    assert!(!telemetry.health().is_healthy());
    tell(&telemetry);
    assert!(telemetry.health().is_healthy());
    clock.store(7, Ordering::Relaxed);
    let labels: Vec<_> = telemetry.health().faults.iter().map(|fault| fault.label()).collect();
    assert_eq!(labels, ["canary_overdue", "canary_overdue", "consumer_stalled", "sensor_silent"]);
}

#[test]
fn the_agents_own_costs_are_read() {
    let costs = resources::read(None).cost;
    assert!(costs.rss_bytes.is_some_and(|bytes| bytes > 1 << 16));
    assert!(costs.vsz_bytes >= costs.rss_bytes);
}

#[test]
fn a_gap_is_told_once_it_has_ended() {
    let (telemetry, _) = telemetry();
    let at = |second: u64, lost: u64| Stats {
        time_ns: second * 1_000_000_000,
        ledger: vec![row("openat", &[("submitted", 100), ("ring_full", lost)])],
        ..Stats::default()
    };
    let told = |telemetry: &Telemetry| -> Vec<String> {
        telemetry.snapshot().gaps.all().map(ToString::to_string).collect()
    };
    telemetry.observe(at(10, 0));
    assert!(told(&telemetry).is_empty());
    let (from_ns, losses) = telemetry.observe(at(11, 5));
    assert_eq!((from_ns, losses.lost()), (10_000_000_000, 5));
    telemetry.observe(at(13, 8));
    let gap = "8 of 8 events of 3 s were lost: openat=8; because of ring_full=8";
    assert_eq!(told(&telemetry), [gap], "while it lasts");
    telemetry.observe(at(14, 8));
    assert_eq!(told(&telemetry), [gap], "and afterwards");
    // Alternating losses make many gaps: the newest stay.
    (0..100).for_each(|n| drop(telemetry.observe(at(15 + n, 8 + n / 2))));
    let told = told(&telemetry);
    assert_eq!(told.len(), GAPS);
    assert!(told[1..].iter().all(|gap| gap.starts_with("1 of 1 events of 1 s")), "{told:?}");
}
