//! All fields of two snapshots, and which groups can be left out.

use super::*;
use crate::telemetry::{metrics::tests::snapshot, tests::stats};

fn text(alert: &Alert) -> Vec<String> {
    let mut lines: Vec<String> = alert
        .fields
        .iter()
        .map(|(key, value)| match value {
            FieldValue::U64(number) => format!("{key}={number}"),
            FieldValue::F64(number) => format!("{key}={number:?}"),
            FieldValue::Text(text) => format!("{key}={:?}", String::from_utf8_lossy(text)),
            other => format!("{key}: {other:?}"),
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn the_second_snapshot_has_rates() {
    let mut snapshots = Snapshots::default();
    // Four seconds earlier by the agent's own time; the host's clock was set since.
    let earlier = Snapshot { uptime: Duration::from_secs(96), ..snapshot(stats()) };
    let (first, number) = snapshots.take(9_000_000_000_000, &earlier);
    assert_eq!(number, 1);
    assert!(!text(&first).iter().any(|line| line.starts_with("falco.evts_rate_sec")));
    let mut later = stats();
    later.evaluated += 100;
    later.ledger[0].counts[1].1 += 30;
    later.ledger[0].counts[2].1 += 10;
    let (second, number) = snapshots.take(5_000_000_000, &snapshot(later));
    assert_eq!((number, second.rule.as_str()), (2, "Falco internal: metrics snapshot"));
    assert_eq!((second.priority, second.source.as_str()), (Priority::Informational, "internal"));
    assert_eq!(second.message, b"Falco metrics snapshot");
    let expected = r#"
evt.hostname="h1"
evt.source="syscall"
evt.time=5000000000
falco.cpu_usage_perc=2.5
falco.duration_sec=100
falco.evts_rate_sec=25.0
falco.host_boot_ts=1000
falco.host_cpu_usage_perc=25.0
falco.host_memory_used_mb=4.0
falco.host_num_cpus=2
falco.host_open_fds=900
falco.host_procs_running=3
falco.kernel_release="6.12.1"
falco.memory_pss_mb=3.0
falco.memory_rss_mb=0.0
falco.memory_vsz_mb=0.0
falco.n_drops_full_threadtable=6
falco.n_threads=77
falco.num_evts=112
falco.num_evts_prev=12
falco.outputs_queue_num_drops=3
falco.reload_ts=3000
falco.rules.matches_total=28
falco.rules.opened=15
falco.rules.opened_too=12
falco.rules.said=1
falco.sha256_rules_file.rules_yaml="ab"
falco.start_ts=2000
falco.version="0.44.1"
scap.engine_name="modern_bpf"
scap.evts_drop_rate_sec=2.5
scap.evts_rate_sec=10.0
scap.n_drops=22
scap.n_drops_buffer_clone_fork_exit=11
scap.n_drops_buffer_open_exit=9
scap.n_drops_buffer_total=20
scap.n_drops_cpu_0=12
scap.n_drops_perc=25.0
scap.n_drops_prev=12
scap.n_drops_scratch_map=2
scap.n_evts=66
scap.n_evts_cpu_0=20
scap.n_evts_cpu_1=6
scap.n_evts_prev=26"#;
    assert_eq!(text(&second).join("\n"), expected.trim());
}

#[test]
fn groups_and_units_are_configured() {
    let with = |gates: Gates| {
        let (alert, _) = Snapshots::default().take(1, &Snapshot { gates, ..snapshot(stats()) });
        text(&alert).join("\n")
    };
    let all = Gates::default();
    for (gates, gone) in [
        (Gates { rules: false, ..all }, "falco.rules."),
        (Gates { resources: false, ..all }, "falco.memory_"),
        (Gates { state: false, ..all }, "falco.n_threads"),
        (Gates { kernel: false, ..all }, "scap.n_drops_buffer"),
        (Gates { kernel_per_cpu: false, ..all }, "scap.n_evts_cpu_"),
    ] {
        assert!(with(all).contains(gone) && !with(gates).contains(gone), "{gone}");
        // Never left out.
        assert!(with(gates).contains("scap.n_evts_prev=0"));
    }
    let kilobytes = with(Gates { megabytes: false, ..all });
    assert!(kilobytes.contains("falco.memory_rss_kb=1\n") && !kilobytes.contains("_mb="), "{kilobytes}");
    assert!(with(Gates { empty: true, ..all }).contains("scap.n_drops_buffer_close_exit=0"));
}

#[test]
fn names_of_rules_become_keys() {
    for (name, key) in [("A b", "A_b"), ("a - b (x)", "a_b_x"), ("é:1_", "_:1"), ("", "")] {
        assert_eq!(sanitised(name), key, "{name}");
    }
}
