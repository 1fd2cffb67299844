//! Tree → [`Config`]. The tree has been compared with the table of keys, so that a value has its kind here; what is
//! left to find are values that contradict each other.

use std::{net::IpAddr, path::PathBuf, time::Duration};

use super::{
    Config,
    check::boolean,
    keys,
    sections::{
        AlertFormat, DropAction, Drops, Engine, FileOutput, Log, Metrics, Outputs, ProgramOutput, RingSize,
        Rules, Tuning, Webserver,
    },
    tree::{Fault, Kind, Node},
};
use crate::{
    border::Priority,
    rules::{AppendOutput, ExtraField, LoadOptions, Matching, Selection},
    sinks::{HttpOptions, Policy, Protocol, SpoolOptions},
    telemetry::{Gates, log},
};

/// Waiting alerts when Falco's configuration says 0, which means "no bound" there.
const QUEUE: usize = 65_536;
/// For one request of `http_output`.
const HTTP_TIMEOUT: Duration = Duration::from_secs(5);

/// Reads values and collects what is wrong with them.
pub(super) struct Reader<'a> {
    pub(super) root: &'a Node,
    pub(super) faults: Vec<Fault>,
}

impl Reader<'_> {
    pub(super) fn config(&mut self, cpus: usize) -> Config {
        Config {
            engine: self.engine(),
            ring: self.ring(cpus),
            processes: self.number("falco_libs.thread_table_size"),
            rules: self.rules(),
            outputs: self.outputs(),
            webserver: self.webserver(),
            log: self.log(),
            metrics: self.metrics(),
            drops: self.drops(),
            runtimes: self.runtimes(),
            engines: self.engines(),
            hold: Duration::from_millis(self.number("metadata.hold_ms")),
            watch_files: self.bool("watch_config_files"),
            tuning: self.tuning(),
            measures_rules: self.bool("saker.rule_costs"),
            admin_socket: self.filled("saker.admin_socket").map(Into::into),
            explain_bytes: self.number("saker.explain_bytes"),
            stamps_generation: self.bool("saker.alert_generation"),
            files: Vec::new(),
            loaded: Vec::new(),
            includes: Vec::new(),
            notices: Vec::new(),
            is_verbose: false,
            stop_after: None,
            hostname: None,
        }
    }

    /// What stands there, or the default.
    fn text(&self, path: &str) -> Option<&str> {
        self.root.at(path).and_then(Node::scalar).or_else(|| keys::default(path))
    }

    fn filled(&self, path: &str) -> Option<&str> {
        self.text(path).filter(|text| !text.is_empty())
    }

    fn bool(&self, path: &str) -> bool {
        self.text(path).and_then(boolean).unwrap_or(false)
    }

    /// Of a key whose default is in the table.
    fn number<T: std::str::FromStr + Default>(&self, path: &str) -> T {
        self.number_or(path, T::default())
    }

    fn number_or<T: std::str::FromStr>(&self, path: &str, default: T) -> T {
        self.text(path).and_then(|text| text.parse().ok()).unwrap_or(default)
    }

    fn texts(&self, path: &str) -> Vec<String> {
        self.root.at(path).map(scalars).unwrap_or_default()
    }

    fn log(&self) -> Log {
        let severity = self.text("libs_logger.severity").filter(|_| self.bool("libs_logger.enabled"));
        Log {
            stderr: self.bool("log_stderr"),
            syslog: self.bool("log_syslog"),
            level: self.priority("log_level"),
            libraries: severity.and_then(log::level).unwrap_or(log::LevelFilter::OFF),
        }
    }

    fn priority(&self, path: &str) -> Priority {
        self.text(path).and_then(Priority::parse).unwrap_or(Priority::Debug)
    }

    /// Reports a fault at a value, or at the section it would stand in.
    pub(super) fn fault(&mut self, path: &str, what: impl Into<String>) {
        let parent = path.rsplit_once('.').and_then(|(parent, _)| self.root.at(parent));
        let node = self.root.at(path).or(parent).unwrap_or(self.root);
        self.faults.push(Fault { place: node.place.clone(), what: what.into() });
    }

    /// Reports a fault at a value.
    pub(super) fn fault_at(&mut self, node: &Node, what: impl Into<String>) {
        self.faults.push(Fault { place: node.place.clone(), what: what.into() });
    }

    fn engine(&mut self) -> Engine {
        match self.text("engine.kind").unwrap_or_default().to_ascii_lowercase().as_str() {
            "nodriver" => Engine::None,
            "replay" => {
                if let Some(path) = self.filled("engine.replay.capture_file") {
                    return Engine::Replay(path.into());
                }
                let what = "`engine.kind` is replay, but `engine.replay.capture_file` is empty";
                self.fault("engine.kind", what);
                Engine::None
            }
            _ => Engine::Live,
        }
    }

    /// Falco has one ring of the preset's size for each few CPUs; Saker has one, as large as they are together.
    fn ring(&mut self, cpus: usize) -> RingSize {
        const MAX_PRESET_BYTES: u64 = 512 * 1024 * 1024;
        let kind = if self.text("engine.kind") == Some("kmod") { "kmod" } else { "modern_ebpf" };
        let preset: u32 = self.number(&format!("engine.{kind}.buf_size_preset"));
        let per_buffer: usize = self.number("engine.modern_ebpf.cpus_for_each_buffer");
        let buffers = if per_buffer == 0 { 1 } else { cpus.div_ceil(per_buffer).max(1) };
        let wanted = (1_u64 << (19 + preset)) * buffers as u64;
        let default = wanted.next_power_of_two().min(MAX_PRESET_BYTES) as u32;
        let bytes: u32 = self.number_or("saker.ring_bytes", default);
        if !bytes.is_power_of_two() {
            self.fault(
                "saker.ring_bytes",
                format!("`saker.ring_bytes` is {bytes}, it must be a power of two"),
            );
        }
        let reserve_bytes = self.number_or("saker.reserve_bytes", bytes / 8);
        if reserve_bytes >= bytes {
            let what =
                format!("`saker.reserve_bytes` is {reserve_bytes}, it must be less than the ring's {bytes}");
            self.fault("saker.reserve_bytes", what);
        }
        RingSize { bytes, reserve_bytes }
    }

    fn rules(&mut self) -> Rules {
        if let (Some(_), Some(old)) = (self.root.get("rules_files"), self.root.get("rules_file")) {
            let what = "`rules_file` is the old name of `rules_files`: only one may be given".into();
            self.faults.push(Fault { place: old.place.clone(), what });
        }
        let mut paths = self.texts("rules_files");
        paths.extend(self.texts("rules_file"));
        let selection = self.root.get("rules").map(Node::items).unwrap_or_default();
        let selection = selection.iter().flat_map(Node::entries).map(|entry| Selection {
            enable: entry.key == "enable",
            rule: entry.value.get("rule").and_then(Node::scalar).map(Into::into),
            tag: entry.value.get("tag").and_then(Node::scalar).map(Into::into),
        });
        let fixed = self.root.get("static_fields").map(Node::entries).unwrap_or_default();
        let fixed = fixed.iter().map(|e| (e.key.clone(), e.value.scalar().unwrap_or_default().to_owned()));
        Rules {
            paths: paths.into_iter().map(PathBuf::from).collect(),
            are_explicit: false,
            options: LoadOptions {
                min_priority: self.priority("priority"),
                matching: match self.text("rule_matching") {
                    Some(word) if word.eq_ignore_ascii_case("all") => Matching::All,
                    _ => Matching::First,
                },
                selection: selection.collect(),
                append_outputs: self.append_output(),
                all_syscalls: self.bool("base_syscalls.all"),
                resolved_paths: self.bool("resolved_paths"),
                ..LoadOptions::default()
            },
            is_strict: self.bool("rules_strict"),
            custom_set: self.texts("base_syscalls.custom_set"),
            static_fields: fixed.collect(),
        }
    }

    fn append_output(&mut self) -> Vec<AppendOutput> {
        let root = self.root;
        let entries = root.get("append_output").map(Node::items).unwrap_or_default();
        let mut keys: Vec<String> = Vec::new();
        let mut read = |entry: &Node| {
            let text = |path: &str| entry.at(path).and_then(Node::scalar).map(str::to_owned);
            let extra = entry.get("extra_fields").map(Node::items).unwrap_or_default();
            let fields: Vec<ExtraField> = extra.iter().flat_map(extra_field).collect();
            for field in &fields {
                let (ExtraField::Native(key) | ExtraField::Rendered { key, .. }) = field;
                if keys.contains(key) {
                    let what = format!("`extra_fields` has `{key}` twice");
                    self.faults.push(Fault { place: entry.place.clone(), what });
                }
                keys.push(key.clone());
            }
            AppendOutput {
                rule: text("match.rule"),
                source: text("match.source"),
                tags: entry.at("match.tags").map(scalars).unwrap_or_default(),
                text: text("extra_output"),
                suggested: text("suggested_output").as_deref().and_then(boolean).unwrap_or(false),
                fields,
            }
        };
        entries.iter().map(&mut read).collect()
    }

    fn outputs(&mut self) -> Outputs {
        let format = AlertFormat {
            json: self.bool("json_output"),
            include_output: self.bool("json_include_output_property"),
            include_message: self.bool("json_include_message_property"),
            include_output_fields: self.bool("json_include_output_fields_property"),
            include_tags: self.bool("json_include_tags_property"),
            iso_time: self.bool("time_format_iso_8601"),
        };
        let queue = self.number("outputs_queue.capacity");
        Outputs {
            format,
            queue: if queue == 0 { QUEUE } else { queue },
            policy: self.policy(),
            is_buffered: self.bool("buffered_outputs"),
            timeout: Duration::from_millis(self.number("output_timeout")),
            stdout: self.bool("stdout_output.enabled"),
            syslog: self.bool("syslog_output.enabled").then(|| self.syslog_format()),
            file: self.target("file_output", "filename").map(|path| FileOutput {
                path: path.into(),
                keep_alive: self.bool("file_output.keep_alive"),
            }),
            program: self
                .target("program_output", "program")
                .map(|program| ProgramOutput { program, keep_alive: self.bool("program_output.keep_alive") }),
            http: self.target("http_output", "url").map(|url| self.http(&url)),
            spool: self.spool(),
            throttle: self.throttle(),
        }
    }

    /// The value that an enabled output cannot do without.
    fn target(&mut self, section: &str, key: &str) -> Option<String> {
        if !self.bool(&format!("{section}.enabled")) {
            return None;
        }
        let path = format!("{section}.{key}");
        let target = self.filled(&path).map(str::to_owned);
        if target.is_none() {
            self.fault(&path, format!("`{section}` is enabled, but `{path}` is empty"));
        }
        target
    }

    fn policy(&self) -> Policy {
        match self.word("outputs_queue.policy").as_deref() {
            Some("drop_oldest") => Policy::DropOldest,
            Some("block_sink_only") => Policy::BlockSinkOnly,
            _ => Policy::DropNew,
        }
    }

    fn syslog_format(&self) -> Protocol {
        match self.word("syslog_output.format").as_deref() {
            Some("rfc5424") => Protocol::Rfc5424,
            _ => Protocol::Rfc3164,
        }
    }

    fn word(&self, key: &str) -> Option<String> {
        self.filled(key).map(str::to_ascii_lowercase)
    }

    fn throttle(&mut self) -> Option<Duration> {
        let window = self.filled("saker.throttle_window")?.to_owned();
        let parsed = interval(&window).filter(|window| *window >= Duration::from_secs(1));
        if parsed.is_none() {
            let what = format!(
                "`saker.throttle_window` is `{window}`, it must be at least 1s with units y, w, d, h, m, s, ms"
            );
            self.fault("saker.throttle_window", what);
        }
        parsed
    }

    fn spool(&self) -> Option<SpoolOptions> {
        Some(SpoolOptions {
            directory: self.filled("saker.spool_directory")?.into(),
            limit_bytes: self.number("saker.spool_bytes"),
            drops_oldest: self.policy() == Policy::DropOldest,
        })
    }

    fn http(&self, url: &str) -> HttpOptions {
        let path = |key: &str| self.filled(&format!("http_output.{key}")).map(PathBuf::from);
        let bool = |key: &str| self.bool(&format!("http_output.{key}"));
        HttpOptions {
            url: url.trim_matches('"').to_owned(),
            user_agent: self.filled("http_output.user_agent").unwrap_or_default().to_owned(),
            insecure: bool("insecure"),
            ca_cert: path("ca_cert"),
            ca_bundle: path("ca_bundle"),
            ca_path: path("ca_path").unwrap_or_default(),
            mtls: bool("mtls"),
            client_cert: path("client_cert").unwrap_or_default(),
            client_key: path("client_key").unwrap_or_default(),
            echo: bool("echo"),
            compress_uploads: bool("compress_uploads"),
            keep_alive: bool("keep_alive"),
            max_consecutive_timeouts: self.number("http_output.max_consecutive_timeouts"),
            timeout: HTTP_TIMEOUT,
        }
    }

    fn webserver(&mut self) -> Option<Webserver> {
        if !self.bool("webserver.enabled") {
            return None;
        }
        let address = self.filled("webserver.listen_address").unwrap_or_default().to_owned();
        let Ok(address) = address.parse::<IpAddr>() else {
            let what = format!("`webserver.listen_address` is `{address}`, it must be an IP address");
            self.fault("webserver.listen_address", what);
            return None;
        };
        Some(Webserver {
            listen: (address, self.number("webserver.listen_port")).into(),
            healthz: self.filled("webserver.k8s_healthz_endpoint").unwrap_or_default().to_owned(),
            has_metrics: self.bool("metrics.enabled") && self.bool("webserver.prometheus_metrics_enabled"),
            token: self.filled("saker.admin_token").map(str::to_owned),
            certificate: self
                .bool("webserver.ssl_enabled")
                .then(|| self.filled("webserver.ssl_certificate").unwrap_or_default().into()),
        })
    }

    fn tuning(&mut self) -> Option<Tuning> {
        if !self.bool("tuning.enabled") {
            return None;
        }
        let window = interval(self.text("tuning.for").unwrap_or_default());
        if window.is_none() {
            self.fault("tuning.for", "`tuning.for` must be a time with units y, w, d, h, m, s, ms (`24h`)");
        }
        let out = self.filled("tuning.directory").unwrap_or_default().into();
        Some(Tuning { window: window?, out, is_only: false })
    }

    fn metrics(&mut self) -> Option<Metrics> {
        if !self.bool("metrics.enabled") {
            return None;
        }
        let written = self.filled("metrics.interval").unwrap_or_default().to_owned();
        let interval = interval(&written).filter(|interval| *interval >= Duration::from_millis(100));
        if interval.is_none() {
            let what = format!(
                "`metrics.interval` is `{written}`, it must be at least 100ms with units y, w, d, h, m, s, ms (`1h30m`)"
            );
            self.fault("metrics.interval", what);
        }
        let output_rule = self.bool("metrics.output_rule");
        let output_file = self.filled("metrics.output_file").map(PathBuf::from);
        let is_scraped = self.bool("webserver.enabled") && self.bool("webserver.prometheus_metrics_enabled");
        let is_built_in = self.root.at("metrics.enabled").is_some_and(|node| node.place.is_built_in());
        if !output_rule && output_file.is_none() && !is_scraped {
            // Who turns the server off has not asked for metrics.
            if is_built_in {
                return None;
            }
            let what = "`metrics.enabled` is true, but nobody would get the metrics: set `metrics.output_rule` or \
                        `metrics.output_file`, or both `webserver.enabled` and `webserver.prometheus_metrics_enabled`";
            self.fault("metrics.enabled", what);
        }
        Some(Metrics { interval: interval?, output_rule, output_file, gates: self.gates() })
    }

    fn gates(&self) -> Gates {
        let is = |key: &str| self.bool(&format!("metrics.{key}"));
        Gates {
            rules: is("rules_counters_enabled"),
            resources: is("resource_utilization_enabled"),
            state: is("state_counters_enabled"),
            kernel: is("kernel_event_counters_enabled"),
            kernel_per_cpu: is("kernel_event_counters_per_cpu_enabled"),
            megabytes: is("convert_memory_to_mb"),
            empty: is("include_empty_values"),
        }
    }

    fn drops(&mut self) -> Drops {
        let words = self.texts("syscall_event_drops.actions");
        let ignores = words.iter().any(|word| word.eq_ignore_ascii_case("ignore"));
        let mut actions = Vec::new();
        for word in &words {
            let action = match word.to_ascii_lowercase().as_str() {
                "log" => DropAction::Log,
                "alert" => DropAction::Alert,
                "exit" => DropAction::Exit,
                _ => continue,
            };
            if ignores && action != DropAction::Exit {
                let what = format!(
                    "syscall event drop action \"{word}\" does not make sense with the \"ignore\" action"
                );
                self.fault("syscall_event_drops.actions", what);
            }
            actions.push(action);
        }
        if words.is_empty() {
            actions = vec![DropAction::Log, DropAction::Alert];
        }
        Drops {
            threshold: self.number("syscall_event_drops.threshold"),
            actions,
            rate: self.number("syscall_event_drops.rate"),
            max_burst: self.number("syscall_event_drops.max_burst"),
            simulate: self.bool("syscall_event_drops.simulate_drops"),
        }
    }
}

pub(super) fn scalars(node: &Node) -> Vec<String> {
    node.items().iter().filter_map(Node::scalar).map(str::to_owned).collect()
}

/// `field`, or `{key: format, …}`.
fn extra_field(node: &Node) -> Vec<ExtraField> {
    match &node.kind {
        Kind::Scalar(field) => vec![ExtraField::Native(field.clone())],
        Kind::Map(entries) => entries
            .iter()
            .map(|entry| ExtraField::Rendered {
                key: entry.key.clone(),
                format: entry.value.scalar().unwrap_or_default().to_owned(),
            })
            .collect(),
        Kind::Null | Kind::List(_) => Vec::new(),
    }
}

/// Falco's intervals: numbers with units, largest unit first, each at most once.
pub fn interval(text: &str) -> Option<Duration> {
    const DAY: u64 = 86_400_000;
    const UNITS: [(&str, u64); 7] = [
        ("y", 365 * DAY),
        ("w", 7 * DAY),
        ("d", DAY),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1000),
        ("ms", 1),
    ];
    let mut rest = text.trim();
    let mut units = UNITS.as_slice();
    let mut total_ms = 0_u64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (number, behind) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let (unit, after) =
            behind.split_at(behind.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(behind.len()));
        let index = units.iter().position(|(name, _)| *name == unit)?;
        let (_, unit_ms) = units.get(index)?;
        units = units.get(index + 1..)?;
        total_ms = total_ms.checked_add(number.parse::<u64>().ok()?.checked_mul(*unit_ms)?)?;
        rest = after.trim_start();
    }
    Some(Duration::from_millis(total_ms))
}
