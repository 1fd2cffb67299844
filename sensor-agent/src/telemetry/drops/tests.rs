//! When it acts, second by second, and what the alert says.

use super::*;
use crate::telemetry::tests::stats;

const SECOND_NS: u64 = 1_000_000_000;
const START_NS: u64 = 1_700_000_000 * SECOND_NS;

fn options(threshold: f64, rate: f64, max_burst: u64, simulate: bool) -> Options {
    Options { threshold, rate, max_burst, simulate }
}

fn losses(wanted: u64, lost: u64) -> Losses {
    let key = ("openat".to_owned(), "ring_full".to_owned());
    let places = [("host".to_owned(), lost), ("0123456789ab".to_owned(), lost + 1)];
    Losses {
        wanted,
        counts: (lost > 0).then_some((key, lost)).into_iter().collect(),
        places: places.into_iter().filter(|_| lost > 0).collect(),
    }
}

/// What became of each second: `.` nothing, `A` alert.
fn check(name: &str, options: Options, seconds: &[(u64, u64)], expect: &str) {
    let mut monitor = Monitor::new(options);
    let acted: String = (1..)
        .zip(seconds)
        .map(|(second, (wanted, lost))| {
            let (now, to_ns) = (Duration::from_secs(second), START_NS + second * SECOND_NS);
            let alert = monitor.observe(now, to_ns - SECOND_NS, to_ns, &losses(*wanted, *lost));
            if alert.is_some() { 'A' } else { '.' }
        })
        .collect();
    assert_eq!(acted, expect, "{name}");
}

#[test]
fn it_acts_above_the_threshold_and_within_the_rate() {
    let often = |threshold| options(threshold, 1.0, 1, false);
    check("nothing is lost", often(0.0), &[(0, 0), (10, 0)], "..");
    check("at the threshold is not above it", often(0.1), &[(100, 10), (100, 11)], ".A");
    check("any loss is above zero", often(0.0), &[(1_000_000, 1)], "A");
    check("losses without events", often(1.0), &[(0, 3)], "A");
    check("all is lost, and the threshold is all", often(1.0), &[(3, 3)], ".");
    check("no burst, no action", options(0.0, 1.0, 0, false), &[(1, 1); 3], "...");
    check(
        "a burst of two, then one each four seconds",
        options(0.0, 0.25, 2, false),
        &[(1, 1); 9],
        "AA..A...A",
    );
    check("pretended losses", options(0.9, 1.0, 1, true), &[(0, 0), (1000, 0)], "AA");
}

#[test]
fn a_clock_that_jumps_neither_blocks_nor_floods() {
    let mut monitor = Monitor::new(options(0.0, 1.0, 1, false));
    let hour_ns = 3600 * SECOND_NS;
    // Half a second between two of them.
    let times = [START_NS, START_NS - hour_ns, START_NS + hour_ns, START_NS - hour_ns, START_NS];
    let acted = (0..).zip(times).map(|(half, to_ns)| {
        let now = Duration::from_millis(1000 + 500 * half);
        monitor.observe(now, to_ns, to_ns, &losses(1, 1)).is_some()
    });
    assert_eq!(acted.collect::<Vec<_>>(), [true, false, true, false, true]);
}

#[test]
fn the_alert_has_falcos_text_and_fields_and_what_was_missed() {
    let mut monitor = Monitor::new(options(0.1, 1.0, 1, false));
    // Below the threshold: told with the next alert.
    assert!(
        monitor.observe(Duration::from_secs(1), START_NS, START_NS + SECOND_NS, &losses(1000, 7)).is_none()
    );
    let now = Losses::between(&crate::border::Stats::default(), &stats());
    let alert = monitor
        .observe(Duration::from_secs(2), START_NS + SECOND_NS, START_NS + 2 * SECOND_NS, &now)
        .expect("acts");
    assert_eq!(
        (alert.rule.as_str(), alert.priority, alert.source.as_str()),
        (RULE, Priority::Debug, "internal")
    );
    let text = "Falco internal: syscall event drop. 12 system calls dropped in last second.";
    assert_eq!(String::from_utf8_lossy(&alert.message), text);
    let mut fields: Vec<String> = alert
        .fields
        .iter()
        .map(|(key, value)| match value {
            FieldValue::Text(text) => format!("{key}={}", String::from_utf8_lossy(text)),
            other => format!("{key} is no string: {other:?}"),
        })
        .collect();
    fields.sort();
    let expected = "\
ebpf_enabled=1
n_drops=12
n_drops_buffer_clone_fork_exit=1
n_drops_buffer_close_exit=0
n_drops_buffer_connect_exit=0
n_drops_buffer_dir_file_exit=0
n_drops_buffer_execve_exit=0
n_drops_buffer_open_exit=9
n_drops_buffer_other_interest_exit=0
n_drops_buffer_proc_exit=0
n_drops_buffer_total=10
n_drops_bug=0
n_drops_page_faults=0
n_drops_scratch_map=2
n_evts=26
saker.missed=19
saker.missed_by_container=host=9, 0123456789ab=8
saker.missed_by_reason=ring_full=11, reserve=6, scratch_busy=2
saker.missed_by_syscall=openat=15, getpid=2, fork=1, open=1
saker.missed_from=1700000000000000000
saker.missed_to=1700000002000000000";
    assert_eq!(fields.join("\n"), expected);
}
