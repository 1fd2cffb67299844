//! The whole exposition, and rule files that try to break it.

use std::{
    io::Write,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use proptest::prelude::*;

use super::*;
use crate::{
    border::{CanaryPath, ContextSource, Cost, Stats},
    telemetry::{
        health::{Fault, Report},
        resources::Resources,
        tests::{facts, rule, sinks, stats},
    },
};

pub(in crate::telemetry) fn snapshot(stats: Stats) -> Snapshot {
    Snapshot {
        uptime: Duration::from_secs(100),
        health: Report {
            faults: vec![Fault::Silent { age: Duration::from_secs(11) }],
            canaries: vec![
                (CanaryPath::Syscall, 4, Some(Duration::from_millis(1500))),
                (CanaryPath::Lifecycle, 0, None),
            ],
        },
        facts: Arc::new(facts()),
        gaps: crate::telemetry::Gaps::default(),
        canaries: [Latency { counts: [3, 1, 0, 0, 0, 0, 0, 0, 0, 0], sum_ns: 5_000_000 }, Latency::default()],
        gates: crate::telemetry::Gates::default(),
        stats: Arc::new(stats),
        sinks: sinks(),
        context: vec![ContextSource { kind: "CRI".into(), place: "/run/a.sock".into(), fault: None }],
        discarded: 3,
        grouped: 4,
        ended: Vec::new(),
        resources: Resources {
            cost: Cost {
                cpu: Duration::from_millis(2500),
                rss_bytes: Some(1024),
                vsz_bytes: Some(2048),
                pss_bytes: Some(3 << 20),
            },
            cgroup_bytes: None,
            host_cpu: Some(0.25),
            host_used_bytes: Some(4 << 20),
            host_running: Some(3),
            host_files: Some(900),
        },
    }
}

const SAMPLES: &str = r#"
falcosecurity_falco_version_info{version="0.44.1"} 1
falcosecurity_falco_sha256_rules_files_info{file_name="rules.yaml",sha256="ab"} 1
falcosecurity_falco_kernel_release_info{kernel_release="6.12.1"} 1
falcosecurity_evt_hostname_info{hostname="h1"} 1
falcosecurity_scap_engine_name_info{engine_name="modern_bpf",evt_source="syscall"} 1
falcosecurity_falco_start_timestamp_nanoseconds 2000.0
falcosecurity_falco_reload_timestamp_nanoseconds 3000.0
falcosecurity_falco_host_boot_timestamp_nanoseconds 1000.0
falcosecurity_falco_duration_seconds_total 100
falcosecurity_falco_host_num_cpus_total 2.0
falcosecurity_falco_cpu_usage_ratio 0.025
falcosecurity_falco_memory_rss_bytes 1024.0
falcosecurity_falco_host_cpu_usage_ratio 0.25
falcosecurity_falco_memory_pss_bytes 3145728.0
falcosecurity_falco_host_memory_used_bytes 4194304.0
falcosecurity_falco_host_procs_running_total 3.0
falcosecurity_falco_host_open_fds_total 900.0
falcosecurity_falco_memory_vsz_bytes 2048.0
falcosecurity_falco_rules_matches_total{priority="3",rule_name="opened too",source="syscall"} 12
falcosecurity_falco_rules_matches_total{priority="4",rule_name="opened",source="syscall",tag_alpha="true",tag_with_space="true"} 15
falcosecurity_falco_rules_matches_total{priority="6",rule_name="said\n",source="syscall"} 1
falcosecurity_falco_outputs_queue_num_drops_total 3
falco_events_processed_total 12
falco_events_dropped_total 12
falcosecurity_scap_n_evts_total 26
falcosecurity_scap_n_drops_total 12
falcosecurity_scap_n_drops_scratch_map_total 2
falcosecurity_scap_n_drops_buffer_total{dir="exit",drop="clone_fork"} 1
falcosecurity_scap_n_drops_buffer_total{dir="exit",drop="close"} 0
falcosecurity_scap_n_drops_buffer_total{dir="exit",drop="connect"} 0
falcosecurity_scap_n_drops_buffer_total{dir="exit",drop="dir_file"} 0
falcosecurity_scap_n_drops_buffer_total{dir="exit",drop="execve"} 0
falcosecurity_scap_n_drops_buffer_total{dir="exit",drop="open"} 9
falcosecurity_scap_n_drops_buffer_total{dir="exit",drop="other_interest"} 0
falcosecurity_scap_n_drops_buffer_total{dir="exit",drop="proc"} 0
falcosecurity_scap_n_evts_cpu_total{cpu="0"} 20
falcosecurity_scap_n_evts_cpu_total{cpu="1"} 6
falcosecurity_scap_n_drops_cpu_total{cpu="0"} 12
falcosecurity_scap_n_drops_cpu_total{cpu="1"} 0
falcosecurity_scap_n_drops_full_threadtable_total 6
falcosecurity_scap_n_threads_total 77.0
saker_events_seen_total{syscall="fork"} 5
saker_events_seen_total{syscall="getpid"} 2
saker_events_seen_total{syscall="open"} 1
saker_events_seen_total{syscall="openat"} 20
saker_events_filtered_total{syscall="openat"} 2
saker_events_submitted_total{syscall="fork"} 4
saker_events_submitted_total{syscall="openat"} 10
saker_events_lost_total{reason="reserve",syscall="open"} 1
saker_events_lost_total{reason="reserve",syscall="openat"} 5
saker_events_lost_total{reason="ring_full",syscall="fork"} 1
saker_events_lost_total{reason="ring_full",syscall="openat"} 3
saker_events_lost_total{reason="scratch_busy",syscall="getpid"} 2
saker_recursion_misses_total{program="sys_exit"} 9
saker_ring_size_bytes 8192.0
saker_ring_used_bytes 64.0
saker_ring_consumed_bytes_total 4096
saker_consumer_wakeups_total 8
saker_events_decoded_total 13
saker_decode_failures_total{reason="short"} 1
saker_events_evaluated_total 12
saker_processes 77.0
saker_processes_max 1000.0
saker_processes_evicted_total 6
saker_host_names 2.0
saker_containers 3.0
saker_events_held_total{result="overflowed"} 1
saker_events_held_total{result="released"} 5
saker_events_held_total{result="timed_out"} 2
saker_hold_seconds_bucket{le="0.001"} 1
saker_hold_seconds_bucket{le="0.005"} 1
saker_hold_seconds_bucket{le="0.01"} 3
saker_hold_seconds_bucket{le="0.05"} 3
saker_hold_seconds_bucket{le="0.1"} 3
saker_hold_seconds_bucket{le="0.5"} 3
saker_hold_seconds_bucket{le="1"} 3
saker_hold_seconds_bucket{le="10"} 3
saker_hold_seconds_bucket{le="60"} 3
saker_hold_seconds_bucket{le="+Inf"} 3
saker_hold_seconds_sum 0.012
saker_hold_seconds_count 3
saker_held_bytes 640.0
saker_explain_kept_bytes 4096.0
saker_policy_generation 2.0
saker_rule_evaluations_total{rule_name="silent",source="syscall"} 30
saker_rule_evaluation_seconds_total{rule_name="silent",source="syscall"} 0.0015
saker_alerts_total{result="delivered",sink="stdout"} 25
saker_alerts_total{result="discarded",sink="stdout"} 2
saker_alerts_total{result="failed",sink="stdout"} 1
saker_context_source_up{kind="CRI",place="/run/a.sock"} 1.0
saker_alerts_grouped_total 4
saker_alerts_waiting{sink="stdout"} 0.0
saker_alert_retries_total{sink="stdout"} 4
saker_alert_latency_seconds_bucket{sink="stdout",le="0.001"} 20
saker_alert_latency_seconds_bucket{sink="stdout",le="0.005"} 20
saker_alert_latency_seconds_bucket{sink="stdout",le="0.01"} 20
saker_alert_latency_seconds_bucket{sink="stdout",le="0.05"} 20
saker_alert_latency_seconds_bucket{sink="stdout",le="0.1"} 25
saker_alert_latency_seconds_bucket{sink="stdout",le="0.5"} 25
saker_alert_latency_seconds_bucket{sink="stdout",le="1"} 25
saker_alert_latency_seconds_bucket{sink="stdout",le="10"} 25
saker_alert_latency_seconds_bucket{sink="stdout",le="60"} 25
saker_alert_latency_seconds_bucket{sink="stdout",le="+Inf"} 25
saker_alert_latency_seconds_sum{sink="stdout"} 1.5
saker_alert_latency_seconds_count{sink="stdout"} 25
saker_build_info{abi="2",version="0.1.0"} 1
saker_healthy 0.0
saker_unhealthy{reason="sensor_silent"} 1.0
saker_canaries_total{path="lifecycle"} 0
saker_canaries_total{path="syscall"} 4
saker_canary_age_seconds{path="syscall"} 1.5
saker_canary_latency_seconds_bucket{path="lifecycle",le="0.001"} 0
saker_canary_latency_seconds_bucket{path="lifecycle",le="0.005"} 0
saker_canary_latency_seconds_bucket{path="lifecycle",le="0.01"} 0
saker_canary_latency_seconds_bucket{path="lifecycle",le="0.05"} 0
saker_canary_latency_seconds_bucket{path="lifecycle",le="0.1"} 0
saker_canary_latency_seconds_bucket{path="lifecycle",le="0.5"} 0
saker_canary_latency_seconds_bucket{path="lifecycle",le="1"} 0
saker_canary_latency_seconds_bucket{path="lifecycle",le="10"} 0
saker_canary_latency_seconds_bucket{path="lifecycle",le="60"} 0
saker_canary_latency_seconds_bucket{path="lifecycle",le="+Inf"} 0
saker_canary_latency_seconds_sum{path="lifecycle"} 0.0
saker_canary_latency_seconds_count{path="lifecycle"} 0
saker_canary_latency_seconds_bucket{path="syscall",le="0.001"} 3
saker_canary_latency_seconds_bucket{path="syscall",le="0.005"} 4
saker_canary_latency_seconds_bucket{path="syscall",le="0.01"} 4
saker_canary_latency_seconds_bucket{path="syscall",le="0.05"} 4
saker_canary_latency_seconds_bucket{path="syscall",le="0.1"} 4
saker_canary_latency_seconds_bucket{path="syscall",le="0.5"} 4
saker_canary_latency_seconds_bucket{path="syscall",le="1"} 4
saker_canary_latency_seconds_bucket{path="syscall",le="10"} 4
saker_canary_latency_seconds_bucket{path="syscall",le="60"} 4
saker_canary_latency_seconds_bucket{path="syscall",le="+Inf"} 4
saker_canary_latency_seconds_sum{path="syscall"} 0.005
saker_canary_latency_seconds_count{path="syscall"} 4
saker_reloads_total{result="done"} 2
saker_reloads_total{result="refused"} 1
saker_reload_seconds 0.02
saker_reload_pause_seconds 0.0005
saker_degraded 1.0
saker_rule_faults 1.0
"#;

#[test]
fn every_sample() {
    let text = render(snapshot(stats()));
    let samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let expected = SAMPLES.replace("0.1.0", env!("CARGO_PKG_VERSION"));
    let expected: Vec<&str> = expected.trim().lines().collect();
    for (ours, theirs) in samples.iter().zip(&expected) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(samples.len(), expected.len());
}

#[test]
fn every_metric_is_described_once() {
    let text = render(snapshot(stats()));
    for line in text.lines().filter(|line| line.starts_with("# TYPE ")) {
        assert_eq!(text.matches(&format!("{line}\n")).count(), 1, "{line}");
    }
    assert!(text.contains("# TYPE falcosecurity_scap_n_evts_total counter\n"));
    assert!(text.contains("# TYPE falcosecurity_falco_version_info gauge\n"));
}

/// Names that are Falco's, and that promtool finds fault with.
const FALCOS: [&str; 7] = [
    "falcosecurity_falco_host_boot_timestamp_nanoseconds",
    "falcosecurity_falco_reload_timestamp_nanoseconds",
    "falcosecurity_falco_start_timestamp_nanoseconds",
    "falcosecurity_falco_host_num_cpus_total",
    "falcosecurity_falco_host_procs_running_total",
    "falcosecurity_falco_host_open_fds_total",
    "falcosecurity_scap_n_threads_total",
];

#[test]
fn promtool_accepts_it() {
    let check = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut check) = check else {
        println!("skipped: promtool is not installed");
        return;
    };
    check.stdin.take().unwrap().write_all(render(snapshot(stats())).as_bytes()).unwrap();
    let said = check.wait_with_output().unwrap();
    let faults = [said.stdout, said.stderr].concat();
    let faults = String::from_utf8(faults).unwrap();
    let ours: Vec<&str> =
        faults.lines().filter(|line| !FALCOS.iter().any(|name| line.starts_with(name))).collect();
    assert!(ours.is_empty(), "{ours:#?}");
    // 3: there is something to say about names, and nothing worse.
    assert!(matches!(said.status.code(), Some(0 | 3)), "{}", said.status);
}

#[test]
fn two_tags_that_become_one_label_stand_once() {
    let rules = vec![rule("r", 5, &["a-b", "a_b", "a.b"], 1)];
    let text = render(snapshot(Stats { rules, ..Stats::default() }));
    let series = "{priority=\"5\",rule_name=\"r\",source=\"syscall\",tag_a_b=\"true\"} 1\n";
    assert!(text.contains(series), "{text}");
}

/// Reads one sample as Prometheus does; `None` where it would refuse the scrape.
fn parse(line: &str) -> Option<(String, Vec<(String, String)>)> {
    let is_name = |name: &str| {
        !name.is_empty()
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !name.starts_with(|c: char| c.is_ascii_digit())
    };
    let end = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = Vec::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        loop {
            let (label, after) = rest.split_once("=\"")?;
            let mut value = String::new();
            let mut chars = after.char_indices();
            let end = loop {
                match chars.next()? {
                    (_, '\\') => value.push(match chars.next()?.1 {
                        'n' => '\n',
                        c @ ('\\' | '"') => c,
                        _ => return None,
                    }),
                    (at, '"') => break at + 1,
                    (_, c) => value.push(c),
                }
            };
            is_name(label).then_some(())?;
            labels.push((label.to_owned(), value));
            rest = &after[end..];
            match rest.strip_prefix(',') {
                Some(more) => rest = more,
                None => break,
            }
        }
        rest = rest.strip_prefix('}')?;
    }
    rest.strip_prefix(' ')?.parse::<f64>().ok()?;
    is_name(name).then(|| (name.to_owned(), labels))
}

proptest! {
    #[test]
    fn no_rule_file_breaks_the_scrape(names in prop::collection::btree_set(any::<String>(), 0..4), tags: Vec<String>) {
        let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
        let rules: Vec<_> = names.iter().map(|name| rule(name, 1, &tags, 1)).collect();
        let text = render(snapshot(Stats { rules, ..stats() }));
        let mut series = std::collections::BTreeSet::new();
        let mut found = Vec::new();
        for line in text.split('\n').filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let sample = parse(line);
            prop_assert!(sample.is_some(), "{}", line);
            let (name, labels) = sample.unwrap();
            let keys: std::collections::BTreeSet<_> = labels.iter().map(|(key, _)| key).collect();
            prop_assert_eq!(keys.len(), labels.len(), "{}", line);
            if name == "falcosecurity_falco_rules_matches_total" {
                found.extend(labels.iter().filter(|(key, _)| key == "rule_name").map(|(_, value)| value.clone()));
            }
            prop_assert!(series.insert((name, labels)), "{}", line);
        }
        found.sort();
        prop_assert_eq!(found, names.into_iter().collect::<Vec<_>>());
    }
}
