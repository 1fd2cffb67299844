//! Metrics that Falco has no name for: the whole ledger, the ring, health, and what became of the alerts.

use std::time::Duration;

use sensor_common::ledger::Reason;

use crate::{
    border::{CanaryPath, stats::RuleCount},
    telemetry::Snapshot,
};

use super::{Labels, Metric, counter, counters, float, gauge, gauges, histograms, info, labels, times};

pub(super) fn table(snapshot: &Snapshot) -> Vec<Metric> {
    [ledger(snapshot), pipeline(snapshot), rules(snapshot), alerts(snapshot), health(snapshot)]
        .into_iter()
        .flatten()
        .collect()
}

fn ledger(snapshot: &Snapshot) -> Vec<Metric> {
    let ledger = || snapshot.stats.ledger.iter();
    let of = |wanted: Reason| {
        let counts = ledger().flat_map(|row| row.counts.iter().map(move |count| (row, count)));
        counts
            .filter(move |(_, (reason, _))| reason == wanted.label())
            .map(|(row, (_, count))| (labels([("syscall", &row.syscall)]), *count))
    };
    let losses = Reason::ALL.into_iter().filter(|reason| reason.is_loss());
    let lost = losses.flat_map(|reason| {
        of(reason).map(move |(mut of_syscall, count)| {
            of_syscall.insert(0, ("reason".to_owned(), reason.label().to_owned()));
            (of_syscall, count)
        })
    });
    let misses = snapshot.stats.recursion_misses.iter();
    vec![
        counters("saker_events_seen", "Events whose hook ran", of(Reason::Seen)),
        counters("saker_events_filtered", "Events dropped on purpose in the kernel", of(Reason::Filtered)),
        counters("saker_events_submitted", "Events handed to the ring", of(Reason::Submitted)),
        counters("saker_events_lost", "Events lost on the way to the ring", lost),
        counters(
            "saker_recursion_misses",
            "Runs that the kernel skipped because the program was already running on the CPU",
            misses.map(|(program, count)| (labels([("program", program)]), *count)),
        ),
    ]
}

fn pipeline(snapshot: &Snapshot) -> Vec<Metric> {
    let stats = &*snapshot.stats;
    let failures = stats.decode_failures.iter();
    vec![
        gauge("saker_ring_size_bytes", "Size of the ring", float(stats.ring.size_bytes)),
        gauge("saker_ring_used_bytes", "Bytes waiting in the ring", float(stats.ring.used_bytes)),
        counter("saker_ring_consumed_bytes", "Bytes taken from the ring", stats.ring.consumed_bytes),
        counter("saker_consumer_wakeups", "Times the consumer slept and woke", stats.wakeups),
        counter("saker_events_decoded", "Records decoded", stats.decoded),
        counters(
            "saker_decode_failures",
            "Records that could not be decoded",
            failures.map(|(reason, count)| (labels([("reason", reason)]), *count)),
        ),
        counter("saker_events_evaluated", "Events evaluated by the rules", stats.evaluated),
        gauge("saker_processes", "Entries of the process table", float(stats.processes)),
        gauge("saker_processes_max", "Bound of the process table", float(stats.processes_max)),
        counter("saker_processes_evicted", "Entries evicted from a full table", stats.processes_evicted),
        gauge("saker_host_names", "Host names of rules that have an address", float(stats.host_names)),
        gauge("saker_containers", "Containers that are remembered", float(stats.containers)),
        counters(
            "saker_events_held",
            "Events that waited for what runtimes tell of their container, and how that ended",
            [
                ("overflowed", stats.hold.overflowed),
                ("released", stats.hold.released),
                ("timed_out", stats.hold.timed_out),
            ]
            .map(|(result, count)| (labels([("result", result)]), count)),
        ),
        histograms(
            "saker_hold_seconds",
            "How long the first event of a container waited for what runtimes tell",
            [(Labels::new(), stats.hold.waited)],
        ),
        gauge("saker_held_bytes", "Bytes of events that wait now", float(stats.hold.waiting_bytes)),
        gauge("saker_explain_kept_bytes", "Bytes of events kept for explain --live", float(stats.past_bytes)),
        gauge(
            "saker_policy_generation",
            "Generation of rules and policy in force",
            f64::from(stats.generation),
        ),
    ]
}

/// Where `saker.rule_costs` has them measured.
fn rules(snapshot: &Snapshot) -> Vec<Metric> {
    let measured = || snapshot.stats.rules.iter().filter(|rule| rule.evaluated > 0);
    let of = |rule: &RuleCount| labels([("rule_name", &rule.rule), ("source", &rule.source)]);
    vec![
        counters(
            "saker_rule_evaluations",
            "Events that a rule's condition was evaluated for",
            measured().map(|rule| (of(rule), rule.evaluated)),
        ),
        times(
            "saker_rule_evaluation_seconds",
            "Time that the evaluations of a rule took; what rules share is paid by the first",
            measured().map(|rule| (of(rule), Duration::from_nanos(rule.took_ns))),
        ),
    ]
}

fn alerts(snapshot: &Snapshot) -> Vec<Metric> {
    let flag = |set: bool| f64::from(u8::from(set));
    let samples = snapshot.sinks.iter().flat_map(|count| {
        let results =
            [("delivered", count.delivered), ("discarded", count.discarded), ("failed", count.failed)];
        results.map(|(result, value)| (labels([("result", result), ("sink", &count.sink)]), value))
    });
    let sinks = || snapshot.sinks.iter().map(|count| (labels([("sink", &count.sink)]), count));
    vec![
        counters("saker_alerts", "Alerts by sink and what became of them", samples),
        gauges(
            "saker_context_source_up",
            "Whether a runtime or the API server answered the last time it was asked",
            snapshot.context.iter().map(|source| {
                (labels([("kind", &source.kind), ("place", &source.place)]), flag(source.fault.is_none()))
            }),
        ),
        counter("saker_alerts_grouped", "Alerts that became part of another one", snapshot.grouped),
        gauges(
            "saker_alerts_waiting",
            "Alerts that wait before a sink, in memory or on disk",
            sinks().map(|(sink, count)| (sink, float(count.waiting))),
        ),
        counters(
            "saker_alert_retries",
            "Attempts to deliver an alert after the first",
            sinks().map(|(sink, count)| (sink, count.retried)),
        ),
        histograms(
            "saker_alert_latency_seconds",
            "From the event to the delivery of its alert",
            sinks().map(|(sink, count)| (sink, count.latency)),
        ),
    ]
}

fn health(snapshot: &Snapshot) -> Vec<Metric> {
    let report = &snapshot.health;
    let (facts, flag) = (&*snapshot.facts, |set: bool| f64::from(u8::from(set)));
    let path = |label: &str| labels([("path", label)]);
    let received = report.canaries.iter().map(|(way, received, _)| (path(way.label()), *received));
    let ages = report.canaries.iter().filter_map(|(way, _, age)| Some((path(way.label()), age.as_ref()?)));
    let reasons: Vec<(Labels, f64)> =
        report.faults.iter().map(|fault| (labels([("reason", fault.label())]), 1.0)).collect();
    let abi = sensor_common::abi::ABI.to_string();
    vec![
        info(
            "saker_build",
            "This program",
            [labels([("abi", &abi), ("version", env!("CARGO_PKG_VERSION"))])],
        ),
        gauge("saker_healthy", "1 while the sensor sees", flag(report.is_healthy())),
        gauges("saker_unhealthy", "Why the sensor does not see", reasons),
        counters("saker_canaries", "Canaries that came through", received),
        gauges(
            "saker_canary_age_seconds",
            "Time since the last canary came through",
            ages.map(|(path, age)| (path, age.as_secs_f64())),
        ),
        histograms(
            "saker_canary_latency_seconds",
            "From a canary's call to the end of the pipeline",
            CanaryPath::ALL.iter().zip(snapshot.canaries).map(|(way, latency)| (path(way.label()), latency)),
        ),
        counters(
            "saker_reloads",
            "Reloads of the rules",
            [("done", facts.reloads_done), ("refused", facts.reloads_refused)]
                .map(|(result, count)| (labels([("result", result)]), count)),
        ),
        gauge(
            "saker_reload_seconds",
            "Time that the last reload took, from the files to the rule set in force",
            (facts.reload_took_ns > 0).then(|| float(facts.reload_took_ns) / 1e9),
        ),
        gauge(
            "saker_reload_pause_seconds",
            "Time that no record was taken for the last reload",
            Some(snapshot.stats.reload_pause_ns).filter(|ns| *ns > 0).map(|ns| float(ns) / 1e9),
        ),
        gauge("saker_degraded", "Things that this kernel or host cannot do", count(facts.degraded.len())),
        gauge(
            "saker_rule_faults",
            "Rules that were left out at the last load",
            count(facts.rule_faults.len()),
        ),
    ]
}

fn count(n: usize) -> f64 {
    float(n as u64)
}
