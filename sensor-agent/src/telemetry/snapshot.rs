//! `Falco internal: metrics snapshot` (spec/rules.md 6.4): the figures of a moment as fields of an internal alert or a line.

use std::time::Duration;

use sensor_common::ledger::Reason;

use crate::border::{Alert, FieldValue, Priority};

use super::{Gates, Snapshot, float, losses::Losses, resources::Resources};

/// Falco's name of the alert.
pub const RULE: &str = "Falco internal: metrics snapshot";

/// Takes snapshots; knows the one before.
#[derive(Debug, Default)]
pub struct Snapshots {
    before: Option<Before>,
    taken: u64,
}

/// What rates are computed from.
#[derive(Clone, Copy, Debug)]
struct Before {
    /// Time since the start: a clock that is set does not change a rate.
    uptime: Duration,
    evaluated: u64,
    wanted: u64,
    lost: u64,
}

/// Fields in the making.
struct Fields {
    all: Vec<(String, FieldValue)>,
    has_empty: bool,
}

impl Snapshots {
    /// The alert of one more snapshot, and its number from 1.
    pub(super) fn take(&mut self, now_ns: u64, snapshot: &Snapshot) -> (Alert, u64) {
        let stats = &*snapshot.stats;
        let now = Before {
            uptime: snapshot.uptime,
            evaluated: stats.evaluated,
            wanted: stats.wanted(),
            lost: stats.lost(),
        };
        let before = self.before.replace(now);
        self.taken += 1;
        let mut fields = Fields { all: Vec::new(), has_empty: snapshot.gates.empty };
        about(&mut fields, now_ns, snapshot);
        events(&mut fields, now, before);
        let gates = snapshot.gates;
        if gates.rules {
            rules(&mut fields, snapshot);
        }
        if gates.resources {
            resources(&mut fields, &snapshot.resources, snapshot.uptime.as_secs_f64(), gates);
        }
        if gates.state {
            fields.count("falco.n_threads", stats.processes);
            fields.count("falco.n_drops_full_threadtable", stats.processes_evicted);
        }
        if gates.kernel {
            kernel(&mut fields, snapshot);
        }
        let (priority, message) = (Priority::Informational, "Falco metrics snapshot");
        (Alert::internal(now_ns, RULE, priority, message, fields.all), self.taken)
    }
}

fn about(fields: &mut Fields, now_ns: u64, snapshot: &Snapshot) {
    let facts = &*snapshot.facts;
    let times = [
        ("evt.time", now_ns),
        ("falco.reload_ts", facts.reload_ns),
        ("falco.start_ts", facts.start_ns),
        ("falco.host_boot_ts", facts.boot_ns),
        ("falco.duration_sec", snapshot.uptime.as_secs()),
        ("falco.host_num_cpus", u64::from(facts.cpus)),
        ("falco.outputs_queue_num_drops", snapshot.discarded),
    ];
    for (key, value) in times {
        fields.number(key, value);
    }
    let version = facts.versions.get("falco_version").map_or("", String::as_str);
    let texts = [
        ("evt.hostname", facts.hostname.as_str()),
        ("evt.source", "syscall"),
        ("falco.version", version),
        ("falco.kernel_release", &facts.kernel_release),
        ("scap.engine_name", &facts.engine),
    ];
    for (key, value) in texts {
        fields.text(key, value);
    }
    for file in &facts.rule_files {
        fields.text(&format!("falco.sha256_rules_file.{}", sanitised(&file.name)), &file.sha256);
    }
    for file in &facts.config_files {
        fields.text(&format!("falco.sha256_config_file.{}", sanitised(&file.name)), &file.sha256);
    }
}

fn events(fields: &mut Fields, now: Before, before: Option<Before>) {
    let (wanted, lost, evaluated) =
        before.map_or((0, 0, 0), |before| (before.wanted, before.lost, before.evaluated));
    let counts = [
        ("falco.num_evts", now.evaluated),
        ("falco.num_evts_prev", evaluated),
        ("scap.n_evts", now.wanted),
        ("scap.n_evts_prev", wanted),
        ("scap.n_drops", now.lost),
        ("scap.n_drops_prev", lost),
    ];
    for (key, value) in counts {
        fields.number(key, value);
    }
    let more_wanted = float(now.wanted.saturating_sub(wanted));
    let more_lost = float(now.lost.saturating_sub(lost));
    let seconds = before.map_or(0.0, |before| now.uptime.saturating_sub(before.uptime).as_secs_f64());
    let rate = |more: f64| if seconds > 0.0 { more / seconds } else { 0.0 };
    if before.is_some() {
        fields.decimal("falco.evts_rate_sec", rate(float(now.evaluated.saturating_sub(evaluated))));
    }
    fields.decimal("scap.evts_rate_sec", rate(more_wanted));
    fields.decimal("scap.evts_drop_rate_sec", rate(more_lost));
    let percent = if more_wanted > 0.0 { 100.0 * more_lost / more_wanted } else { 0.0 };
    fields.decimal("scap.n_drops_perc", percent);
}

fn rules(fields: &mut Fields, snapshot: &Snapshot) {
    let rules = &snapshot.stats.rules;
    fields.count("falco.rules.matches_total", rules.iter().map(|rule| rule.count).sum());
    for rule in rules.iter().filter(|rule| rule.count > 0) {
        fields.count(&format!("falco.rules.{}", sanitised(&rule.rule)), rule.count);
    }
}

fn resources(fields: &mut Fields, resources: &Resources, uptime: f64, gates: Gates) {
    let ratio = resources.cost.cpu.as_secs_f64() / uptime;
    fields.decimal("falco.cpu_usage_perc", if ratio.is_finite() { 100.0 * ratio } else { 0.0 });
    if let Some(ratio) = resources.host_cpu {
        fields.decimal("falco.host_cpu_usage_perc", 100.0 * ratio);
    }
    let memory = [
        ("memory_rss", "kb", resources.cost.rss_bytes),
        ("memory_vsz", "kb", resources.cost.vsz_bytes),
        ("memory_pss", "kb", resources.cost.pss_bytes),
        ("container_memory_used", "bytes", resources.cgroup_bytes),
        ("host_memory_used", "kb", resources.host_used_bytes),
    ];
    for (name, unit, bytes) in memory.into_iter().filter_map(|(n, unit, bytes)| Some((n, unit, bytes?))) {
        if gates.megabytes {
            fields.decimal(&format!("falco.{name}_mb"), float(bytes) / f64::from(1 << 20));
        } else {
            let value = if unit == "kb" { bytes / 1024 } else { bytes };
            fields.count(&format!("falco.{name}_{unit}"), value);
        }
    }
    let counts =
        [("falco.host_procs_running", resources.host_running), ("falco.host_open_fds", resources.host_files)];
    counts
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)))
        .for_each(|(key, n)| fields.count(key, n));
}

fn kernel(fields: &mut Fields, snapshot: &Snapshot) {
    let losses = Losses::of_run(&snapshot.stats);
    fields.count("scap.n_drops_buffer_total", losses.no_room_total());
    for (category, count) in losses.no_room() {
        fields.count(&format!("scap.n_drops_buffer_{category}_exit"), count);
    }
    fields.count("scap.n_drops_scratch_map", losses.of(Reason::ScratchBusy));
    if snapshot.gates.kernel_per_cpu {
        for (cpu, (wanted, lost)) in snapshot.stats.cpus.iter().enumerate() {
            fields.count(&format!("scap.n_evts_cpu_{cpu}"), *wanted);
            fields.count(&format!("scap.n_drops_cpu_{cpu}"), *lost);
        }
    }
}

impl Fields {
    /// Told even if it is zero.
    fn number(&mut self, key: &str, value: u64) {
        self.all.push((key.to_owned(), FieldValue::U64(value)));
    }

    fn count(&mut self, key: &str, value: u64) {
        if value > 0 || self.has_empty {
            self.number(key, value);
        }
    }

    fn text(&mut self, key: &str, value: &str) {
        if !value.is_empty() || self.has_empty {
            self.all.push((key.to_owned(), FieldValue::Text(value.as_bytes().to_vec())));
        }
    }

    /// Told even if it is zero; rounded to one digit, as Falco does.
    fn decimal(&mut self, key: &str, value: f64) {
        self.all.push((key.to_owned(), FieldValue::F64((value * 10.0).round() / 10.0)));
    }
}

/// `[A-Za-z0-9_:]` and `_` for everything else, once in a row and never last.
fn sanitised(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        let c = if c.is_ascii_alphanumeric() || c == ':' { c } else { '_' };
        if c != '_' || !out.ends_with('_') {
            out.push(c);
        }
    }
    out.trim_end_matches('_').to_owned()
}

#[cfg(test)]
mod tests;
