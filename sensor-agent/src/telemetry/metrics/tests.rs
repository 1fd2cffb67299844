//! The whole exposition, and rule files that try to break it.

use std::{sync::Arc, time::Duration};

use proptest::prelude::*;

use super::*;
use crate::{
    border::{CanaryPath, Stats},
    telemetry::{
        health::{Fault, Report},
        resources::Resources,
        tests::{facts, rule, sinks, stats},
    },
};

fn snapshot(stats: Stats) -> Snapshot {
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
        stats: Arc::new(stats),
        sinks: sinks(),
        discarded: 3,
        ended: Vec::new(),
        resources: Resources {
            cpu: Duration::from_millis(2500),
            rss_bytes: Some(1024),
            vsz_bytes: Some(2048),
            cgroup_bytes: None,
        },
    }
}

#[test]
fn every_sample() {
    let text = render(snapshot(stats()));
    let samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let expected = r#"
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
falcosecurity_falco_memory_vsz_bytes 2048.0
falcosecurity_falco_rules_matches_total{priority="3",rule_name="opened too",source="syscall"} 12
falcosecurity_falco_rules_matches_total{priority="4",rule_name="opened",source="syscall",tag_alpha="true",tag_with_space="true"} 15
falcosecurity_falco_rules_matches_total{priority="6",rule_name="said\n",source="syscall"} 1
falcosecurity_falco_outputs_queue_num_drops_total 3
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
falcosecurity_scap_n_drops_full_threadtable_total 6
falcosecurity_scap_n_threads_total 77.0
falco_events_processed_total 12
falco_events_dropped_total 12
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
saker_policy_generation 2.0
saker_alerts_total{result="delivered",sink="stdout"} 25
saker_alerts_total{result="discarded",sink="stdout"} 2
saker_alerts_total{result="failed",sink="stdout"} 1
saker_alerts_waiting{sink="stdout"} 0.0
saker_alert_retries_total{sink="stdout"} 4
saker_build_info{abi="1",version="0.1.0"} 1
saker_healthy 0.0
saker_unhealthy{reason="sensor_silent"} 1.0
saker_canaries_total{path="lifecycle"} 0
saker_canaries_total{path="syscall"} 4
saker_canary_age_seconds{path="syscall"} 1.5
saker_degraded 1.0
saker_rule_faults 1.0
"#;
    let expected = expected.replace("0.1.0", env!("CARGO_PKG_VERSION"));
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
