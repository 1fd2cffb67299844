//! The table of configuration keys: Falco's, each with what this version does with it, and Saker's own.

/// What a value may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// `true`, `yes`, `on`, `y` and their opposites, any case.
    Bool,
    /// A whole number in this range.
    Int(i64, i64),
    /// A number in this range.
    Number(f64, f64),
    /// Any scalar.
    Text,
    /// One of these words, any case.
    Word(&'static [&'static str]),
    /// Anything; whoever reads it checks it.
    Free,
}

/// What this version does with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Acts on it.
    Read,
    /// Accepts it; a notice says that nothing follows from it, and why.
    Unused(&'static str),
    /// Accepts what older Falco versions had; the notice says so.
    Retired,
}

/// A row: a path of a leaf. `[]` stands for any item of a list.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// `webserver.listen_port`, `rules[].enable.tag`
    pub path: &'static str,
    /// What its value may be.
    pub shape: Shape,
    /// What follows from it.
    pub usage: Use,
    /// What holds where it does not stand; empty: nothing, or what its reader works out.
    pub default: &'static str,
}

impl Key {
    /// The same row with a default.
    const fn or(self, default: &'static str) -> Self {
        Self { default, ..self }
    }
}

const fn read(path: &'static str, shape: Shape) -> Key {
    Key { path, shape, usage: Use::Read, default: "" }
}

const fn unused(path: &'static str, shape: Shape, why: &'static str) -> Key {
    Key { path, shape, usage: Use::Unused(why), default: "" }
}

const fn retired(path: &'static str) -> Key {
    Key { path, shape: Shape::Free, usage: Use::Retired, default: "" }
}

const BOOL: Shape = Shape::Bool;
const TEXT: Shape = Shape::Text;
const FREE: Shape = Shape::Free;
const COUNT: Shape = Shape::Int(0, i64::MAX);
const PRESET: Shape = Shape::Int(1, 10);
const PRIORITY: Shape = Shape::Word(&[
    "emergency",
    "alert",
    "critical",
    "error",
    "warning",
    "notice",
    "informational",
    "info",
    "debug",
]);

// Why nothing follows from a key.
const ALL_CALLS: &str = "failed calls are told, too";
const BUILT_IN: &str = "containers and Kubernetes are built in, other plugins are not loaded";
const BY_RULES: &str = "the loaded rules and the process table decide what the kernel looks at";
const NO_CAPTURE: &str = "no captures are written, `saker record` is for that";
const NO_CONTENTS: &str = "the contents of buffers are not read";
const NO_SUCH_FIGURES: &str = "there is nothing of the kind to count";
const SELF_PURGING: &str = "processes leave the table when they end";

/// Largest ring, bytes: the kernel takes any power of two, a node does not.
const MAX_RING: i64 = 1 << 30;

/// Every key, grouped as in Falco's own file.
pub static KEYS: &[Key] = &[
    read("config_files", FREE),
    read("watch_config_files", BOOL).or("true"),
    read("rules_files[]", TEXT),
    read("rules_file[]", TEXT),
    unused("rule_files[]", TEXT, "Falco does not read it, either: `rules_files` is meant"),
    read("rules[].enable.rule", TEXT),
    read("rules[].enable.tag", TEXT),
    read("rules[].disable.rule", TEXT),
    read("rules[].disable.tag", TEXT),
    // Saker: a fault in one rule refuses its whole file, as Falco does (default: the other rules run).
    read("rules_strict", BOOL).or("false"),
    // Saker: evaluate once more with the name that the kernel resolved, when it is not the one that was spelled.
    read("resolved_paths", Shape::Word(&["on", "off", "true", "false"])).or("on"),
    // Saker: identical alerts (rule and workload) within this time become one more, with their number; empty: no grouping.
    read("saker.throttle_window", TEXT),
    // Saker: alerts carry the number of the rule set that matched (`saker.generation`), which grows with each reload.
    read("saker.alert_generation", BOOL).or("false"),
    // Saker: metrics tell of each rule how often and how long it is evaluated; each evaluation then asks the clock twice.
    read("saker.rule_costs", BOOL).or("false"),
    // Saker: bytes of the ring, a power of two; without it, Falco's preset decides.
    read("saker.ring_bytes", Shape::Int(65_536, MAX_RING)),
    // Saker: bytes of the ring that only fork, exec, exit and cgroup records may use; without it, an eighth.
    read("saker.reserve_bytes", Shape::Int(0, MAX_RING)),
    read("engine.kind", Shape::Word(&["modern_ebpf", "kmod", "ebpf", "replay", "nodriver"]))
        .or("modern_ebpf"),
    read("engine.kmod.buf_size_preset", PRESET).or("4"),
    unused("engine.kmod.drop_failed_exit", BOOL, ALL_CALLS),
    read("engine.modern_ebpf.cpus_for_each_buffer", COUNT).or("2"),
    read("engine.modern_ebpf.buf_size_preset", PRESET).or("4"),
    unused("engine.modern_ebpf.drop_failed_exit", BOOL, ALL_CALLS),
    unused(
        "engine.modern_ebpf.disable_iterators",
        BOOL,
        "the processes that are there at start are always read",
    ),
    read("engine.replay.capture_file", TEXT),
    retired("engine.ebpf"),
    retired("engine.gvisor"),
    unused("capture.enabled", BOOL, NO_CAPTURE),
    unused("capture.path_prefix", TEXT, NO_CAPTURE),
    unused("capture.mode", Shape::Word(&["rules", "all_rules"]), NO_CAPTURE),
    unused("capture.default_duration", COUNT, NO_CAPTURE),
    unused("capture.max_file_size_mb", Shape::Int(0, 1_048_576), NO_CAPTURE),
    unused("load_plugins[]", TEXT, BUILT_IN),
    unused("plugins", FREE, BUILT_IN),
    unused("plugins_hostinfo", BOOL, BUILT_IN),
    read("container_engines.cri.enabled", BOOL),
    read("container_engines.cri.sockets[]", TEXT),
    unused("container_engines.cri.disable_async", BOOL, "runtimes are asked beside the stream of events"),
    read("container_engines.containerd.enabled", BOOL),
    read("container_engines.containerd.sockets[]", TEXT),
    read("container_engines.docker.enabled", BOOL),
    read("container_engines.docker.sockets[]", TEXT),
    read("container_engines.podman.enabled", BOOL),
    read("container_engines.podman.sockets[]", TEXT),
    read("container_engines.lxc.enabled", BOOL),
    read("container_engines.libvirt_lxc.enabled", BOOL),
    read("container_engines.bpm.enabled", BOOL),
    read("container_engines.static.enabled", BOOL),
    read("container_engines.static.container_id", TEXT),
    read("container_engines.static.container_name", TEXT),
    read("container_engines.static.container_image", TEXT),
    // Saker: how long an event may wait for what runtimes tell of its container, ms; 0: not at all.
    read("metadata.hold_ms", Shape::Int(0, 60_000)).or("500"),
    // Saker: names of the pod annotations that `k8s.pod.annotation[NAME]` has; others are not kept.
    read("metadata.annotations[]", TEXT),
    // Saker: pods, namespaces and owners from the API server; without a word: in a cluster.
    read("metadata.kubernetes.enabled", BOOL),
    read("metadata.kubernetes.kubeconfig", TEXT),
    // Saker: name of this node; else FALCO_K8S_NODE_NAME or NODE_NAME of the environment.
    read("metadata.kubernetes.node", TEXT),
    read("time_format_iso_8601", BOOL).or("false"),
    unused("buffer_format_base64", BOOL, NO_CONTENTS),
    read("priority", PRIORITY).or("debug"),
    read("json_output", BOOL).or("false"),
    read("json_include_output_property", BOOL).or("true"),
    read("json_include_message_property", BOOL).or("false"),
    read("json_include_output_fields_property", BOOL).or("true"),
    read("json_include_tags_property", BOOL).or("true"),
    read("buffered_outputs", BOOL).or("false"),
    read("rule_matching", Shape::Word(&["first", "all"])).or("first"),
    read("outputs_queue.capacity", Shape::Int(0, 16_777_216)).or("0"),
    // Saker: what a full queue discards; Falco's is drop_new.
    read("outputs_queue.policy", Shape::Word(&["drop_new", "drop_oldest", "block_sink_only"])).or("drop_new"),
    // Saker: who shows it as a bearer token learns the details of /healthz from afar, too.
    read("saker.admin_token", TEXT),
    // Saker: the socket for `explain --live`, whose folder is made where it is not there; empty: none.
    read("saker.admin_socket", TEXT).or("/run/saker/admin.sock"),
    // Saker: bytes for the last events that each rule alerted for, which `explain --live` shows; 0: none are kept.
    read("saker.explain_bytes", Shape::Int(0, 64 << 20)).or("1048576"),
    // Saker: a directory of its own where alerts for http_output wait; without it, they wait in memory.
    read("saker.spool_directory", TEXT),
    // Saker: bound of that directory, bytes.
    read("saker.spool_bytes", Shape::Int(1 << 20, 1 << 40)).or("268435456"),
    // Saker: count what would alert for this long, and route nothing; then report, and go on as usual.
    read("tuning.enabled", BOOL).or("false"),
    read("tuning.for", TEXT).or("24h"),
    read("tuning.directory", TEXT).or("/var/lib/saker/tune"),
    read("append_output[].match.rule", TEXT),
    read("append_output[].match.source", TEXT),
    read("append_output[].match.tags[]", TEXT),
    read("append_output[].extra_output", TEXT),
    read("append_output[].extra_fields", FREE),
    read("append_output[].suggested_output", BOOL),
    read("static_fields", FREE),
    read("stdout_output.enabled", BOOL).or("false"),
    read("syslog_output.enabled", BOOL).or("false"),
    // Saker: the form of the messages; syslog(3)'s is rfc3164.
    read("syslog_output.format", Shape::Word(&["rfc3164", "rfc5424"])).or("rfc3164"),
    read("file_output.enabled", BOOL).or("false"),
    read("file_output.filename", TEXT),
    read("file_output.keep_alive", BOOL).or("false"),
    read("program_output.enabled", BOOL).or("false"),
    read("program_output.program", TEXT),
    read("program_output.keep_alive", BOOL).or("false"),
    read("http_output.enabled", BOOL).or("false"),
    read("http_output.url", TEXT),
    read("http_output.user_agent", TEXT).or("falcosecurity/falco"),
    read("http_output.insecure", BOOL).or("false"),
    read("http_output.ca_cert", TEXT),
    read("http_output.ca_bundle", TEXT),
    read("http_output.ca_path", TEXT).or("/etc/ssl/certs"),
    read("http_output.mtls", BOOL).or("false"),
    read("http_output.client_cert", TEXT).or("/etc/ssl/certs/client.crt"),
    read("http_output.client_key", TEXT).or("/etc/ssl/certs/client.key"),
    read("http_output.echo", BOOL).or("false"),
    read("http_output.compress_uploads", BOOL).or("false"),
    read("http_output.keep_alive", BOOL).or("false"),
    read("http_output.max_consecutive_timeouts", Shape::Int(0, 255)).or("5"),
    retired("grpc"),
    retired("grpc_output"),
    read("webserver.enabled", BOOL).or("false"),
    unused("webserver.threadiness", COUNT, "the server has a thread for each client, and a bound"),
    read("webserver.listen_port", Shape::Int(0, 65_535)).or("8765"),
    read("webserver.listen_address", TEXT).or("0.0.0.0"),
    read("webserver.k8s_healthz_endpoint", TEXT).or("/healthz"),
    read("webserver.prometheus_metrics_enabled", BOOL).or("false"),
    read("webserver.ssl_enabled", BOOL).or("false"),
    read("webserver.ssl_certificate", TEXT).or("/etc/falco/falco.pem"),
    read("log_stderr", BOOL).or("true"),
    read("log_syslog", BOOL).or("true"),
    read("log_level", PRIORITY).or("info"),
    // What the libraries say goes into the same log, at `log_level` at most.
    read("libs_logger.enabled", BOOL).or("true"),
    read(
        "libs_logger.severity",
        Shape::Word(&["fatal", "critical", "error", "warning", "notice", "info", "debug", "trace"]),
    )
    .or("info"),
    read("output_timeout", COUNT).or("2000"),
    unused(
        "syscall_event_timeouts.max_consecutives",
        Shape::Int(1, i64::MAX),
        "canaries tell within seconds whether the sensor sees",
    ),
    read("syscall_event_drops.threshold", Shape::Number(0.0, 1.0)).or("0.1"),
    read("syscall_event_drops.actions[]", Shape::Word(&["ignore", "log", "alert", "exit"])),
    read("syscall_event_drops.rate", Shape::Number(0.0, f64::MAX)).or("0.03333"),
    read("syscall_event_drops.max_burst", COUNT).or("1"),
    read("syscall_event_drops.simulate_drops", BOOL).or("false"),
    read("metrics.enabled", BOOL).or("false"),
    read("metrics.interval", TEXT).or("5000ms"),
    read("metrics.output_rule", BOOL).or("false"),
    read("metrics.output_file", TEXT),
    read("metrics.rules_counters_enabled", BOOL).or("true"),
    read("metrics.resource_utilization_enabled", BOOL).or("true"),
    read("metrics.state_counters_enabled", BOOL).or("true"),
    read("metrics.kernel_event_counters_enabled", BOOL).or("true"),
    read("metrics.kernel_event_counters_per_cpu_enabled", BOOL).or("true"),
    unused("metrics.kernel_iter_event_counters_enabled", BOOL, NO_SUCH_FIGURES),
    unused("metrics.libbpf_stats_enabled", BOOL, NO_SUCH_FIGURES),
    unused("metrics.plugins_metrics_enabled", BOOL, NO_SUCH_FIGURES),
    unused("metrics.jemalloc_stats_enabled", BOOL, NO_SUCH_FIGURES),
    read("metrics.convert_memory_to_mb", BOOL).or("true"),
    read("metrics.include_empty_values", BOOL).or("false"),
    read("base_syscalls.custom_set[]", TEXT),
    unused("base_syscalls.repair", BOOL, BY_RULES),
    read("base_syscalls.all", BOOL).or("false"),
    read("falco_libs.thread_table_size", Shape::Int(1, 16_777_216)).or("262144"),
    unused("falco_libs.thread_table_auto_purging_interval_s", COUNT, SELF_PURGING),
    unused("falco_libs.thread_table_auto_purging_thread_timeout_s", COUNT, SELF_PURGING),
    unused("falco_libs.snaplen", COUNT, NO_CONTENTS),
];

/// The row of exactly this path.
pub(super) fn leaf(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

/// What holds where a path has no value; `None`: nothing.
pub(super) fn default(path: &str) -> Option<&'static str> {
    leaf(path).map(|key| key.default).filter(|default| !default.is_empty())
}

/// Whether rows stand below this path with this separator (`.` or `[]`).
pub(super) fn has_below(path: &str, separator: &str) -> bool {
    KEYS.iter().any(|key| key.path.strip_prefix(path).is_some_and(|rest| rest.starts_with(separator)))
}

/// The known path that `path` probably means: a similar name beside it, or the same name elsewhere.
pub(super) fn nearest(path: &str) -> Option<String> {
    let (parent, name) = path.rsplit_once('.').map_or(("", path), |(parent, name)| (parent, name));
    let siblings = KEYS.iter().filter_map(|key| {
        let rest =
            if parent.is_empty() { key.path } else { key.path.strip_prefix(parent)?.strip_prefix('.')? };
        rest.split(['.', '[']).next()
    });
    let score = |candidate: &str| strsim::normalized_damerau_levenshtein(candidate, name);
    let best = siblings.max_by(|a, b| score(a).total_cmp(&score(b))).filter(|best| score(best) >= 0.6);
    if let Some(best) = best {
        return Some(if parent.is_empty() { best.to_owned() } else { format!("{parent}.{best}") });
    }
    let elsewhere = KEYS.iter().find(|key| key.path.trim_end_matches("[]").rsplit('.').next() == Some(name));
    elsewhere.map(|key| key.path.trim_end_matches("[]").to_owned())
}
