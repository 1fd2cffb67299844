//! Metrics under Falco's names (spec/rules.md 6.2, 6.3), and the two plain ones of operators' alerts.

use sensor_common::ledger::Reason;

use crate::{
    border::stats::RuleCount,
    telemetry::{Snapshot, losses::Losses},
};

use super::{Labels, Metric, counter, counters, float, gauge, info, labels};

/// A group of metrics.
type Table = fn(&Snapshot) -> Vec<Metric>;

pub(super) fn table(snapshot: &Snapshot) -> Vec<Metric> {
    let gates = snapshot.gates;
    let tables: [(bool, Table); 5] = [
        (true, about),
        (gates.resources, costs),
        (true, events),
        (gates.kernel, kernel),
        (gates.state, state),
    ];
    tables.into_iter().filter(|(is_told, _)| *is_told).flat_map(|(_, table)| table(snapshot)).collect()
}

fn about(snapshot: &Snapshot) -> Vec<Metric> {
    let facts = &*snapshot.facts;
    let known = |name: &str, value: &str| (!value.is_empty()).then(|| labels([(name, value)]));
    let file = |(name, sha256): (&String, &String)| labels([("file_name", name), ("sha256", sha256)]);
    let rule_files = facts.rule_files.iter().map(|f| file((&f.name, &f.sha256)));
    let config_files = facts.config_files.iter().map(|f| file((&f.name, &f.sha256)));
    let version = facts.versions.get("falco_version").map(|version| labels([("version", version)]));
    let engine = (!facts.engine.is_empty())
        .then(|| labels([("engine_name", &facts.engine), ("evt_source", "syscall")]));
    vec![
        info("falcosecurity_falco_version", "Version of Falco whose behaviour this is", version),
        info("falcosecurity_falco_sha256_rules_files", "Rule files in force", rule_files),
        info("falcosecurity_falco_sha256_config_files", "Configuration files in force", config_files),
        info(
            "falcosecurity_falco_kernel_release",
            "Kernel release",
            known("kernel_release", &facts.kernel_release),
        ),
        info("falcosecurity_evt_hostname", "Host name in alerts", known("hostname", &facts.hostname)),
        info("falcosecurity_scap_engine_name", "Kernel side in use", engine),
        nanoseconds("falcosecurity_falco_start_timestamp_nanoseconds", "Start of the agent", facts.start_ns),
        nanoseconds(
            "falcosecurity_falco_reload_timestamp_nanoseconds",
            "Last load of rules",
            facts.reload_ns,
        ),
        nanoseconds("falcosecurity_falco_host_boot_timestamp_nanoseconds", "Boot of the host", facts.boot_ns),
        counter("falcosecurity_falco_duration_seconds", "Time since the start", snapshot.uptime.as_secs()),
        gauge("falcosecurity_falco_host_num_cpus_total", "CPUs online", f64::from(facts.cpus)),
    ]
}

/// Left out while it is not known.
fn nanoseconds(name: &'static str, help: &'static str, value: u64) -> Metric {
    gauge(name, help, (value > 0).then(|| float(value)))
}

fn costs(snapshot: &Snapshot) -> Vec<Metric> {
    let resources = snapshot.resources;
    let ratio = resources.cost.cpu.as_secs_f64() / snapshot.uptime.as_secs_f64();
    vec![
        gauge(
            "falcosecurity_falco_cpu_usage_ratio",
            "CPU time of the agent since its start, per second; 1 is one CPU",
            ratio.is_finite().then_some(ratio),
        ),
        gauge("falcosecurity_falco_memory_rss_bytes", "Resident memory", resources.cost.rss_bytes.map(float)),
        gauge(
            "falcosecurity_falco_host_cpu_usage_ratio",
            "CPU time of the host since its boot that was not idle",
            resources.host_cpu,
        ),
        gauge(
            "falcosecurity_falco_memory_pss_bytes",
            "Resident memory, shares in proportion",
            resources.cost.pss_bytes.map(float),
        ),
        gauge(
            "falcosecurity_falco_host_memory_used_bytes",
            "Memory of the host in use",
            resources.host_used_bytes.map(float),
        ),
        gauge(
            "falcosecurity_falco_host_procs_running_total",
            "Tasks of the host that run",
            resources.host_running.map(float),
        ),
        gauge(
            "falcosecurity_falco_host_open_fds_total",
            "Open files of the host",
            resources.host_files.map(float),
        ),
        gauge("falcosecurity_falco_memory_vsz_bytes", "Address space", resources.cost.vsz_bytes.map(float)),
        gauge(
            "falcosecurity_falco_container_memory_used_bytes",
            "Memory that the agent's cgroup is charged with, the ring included",
            resources.cgroup_bytes.map(float),
        ),
    ]
}

fn events(snapshot: &Snapshot) -> Vec<Metric> {
    let stats = &*snapshot.stats;
    let rules = stats.rules.iter().filter(|rule| rule.count > 0 && snapshot.gates.rules);
    let rules = rules.map(|rule| (of_rule(rule), rule.count));
    vec![
        counters("falcosecurity_falco_rules_matches", "Alerts by rule", rules),
        counter(
            "falcosecurity_falco_outputs_queue_num_drops",
            "Alerts that an output queue had no room for",
            snapshot.discarded,
        ),
        counter("falco_events_processed", "Events evaluated by the rules", stats.evaluated),
        counter("falco_events_dropped", "Events lost", stats.lost()),
    ]
}

fn state(snapshot: &Snapshot) -> Vec<Metric> {
    let stats = &*snapshot.stats;
    vec![
        counter(
            "falcosecurity_scap_n_drops_full_threadtable",
            "Processes evicted because the table was full",
            stats.processes_evicted,
        ),
        gauge("falcosecurity_scap_n_threads_total", "Entries of the process table", float(stats.processes)),
    ]
}

fn kernel(snapshot: &Snapshot) -> Vec<Metric> {
    let stats = &*snapshot.stats;
    let losses = Losses::of_run(stats);
    let buffer = losses.no_room().map(|(category, n)| (labels([("dir", "exit"), ("drop", category)]), n));
    let cpus = || {
        let told = stats.cpus.iter().filter(|_| snapshot.gates.kernel_per_cpu).enumerate();
        told.map(|(cpu, counts)| (labels([("cpu", &cpu.to_string())]), *counts))
    };
    vec![
        counter(
            "falcosecurity_scap_n_evts",
            "Events that the kernel side handed over or lost",
            stats.wanted(),
        ),
        counter("falcosecurity_scap_n_drops", "Events lost", stats.lost()),
        counter(
            "falcosecurity_scap_n_drops_scratch_map",
            "Events lost because their hook preempted another on the same CPU",
            stats.total(Reason::ScratchBusy.label()),
        ),
        counters("falcosecurity_scap_n_drops_buffer", "Events lost because the ring was full", buffer),
        counters(
            "falcosecurity_scap_n_evts_cpu",
            "Events that the kernel side handed over or lost, by CPU",
            cpus().map(|(cpu, (wanted, _))| (cpu, wanted)),
        ),
        counters(
            "falcosecurity_scap_n_drops_cpu",
            "Events lost, by CPU",
            cpus().map(|(cpu, (_, lost))| (cpu, lost)),
        ),
    ]
}

/// Sorted by name, as Falco's; tags become labels, and two tags that look the same as a label stand once.
fn of_rule(rule: &RuleCount) -> Labels {
    let mut all = labels([("priority", ""), ("rule_name", &rule.rule), ("source", &rule.source)]);
    all[0].1 = rule.priority.to_string();
    all.extend(rule.tags.iter().map(|tag| (format!("tag_{}", sanitised(tag)), "true".to_owned())));
    all.sort();
    all.dedup();
    all
}

fn sanitised(tag: &str) -> String {
    tag.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}
