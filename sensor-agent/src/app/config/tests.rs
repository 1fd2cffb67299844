//! Configurations as tables: what is read, what is refused and with which words, and who has the last word.

use std::{fs, path::Path};

use super::{
    Config, ConfigError, DropAction, Engine, KEYS, Raw, RingSize, Surroundings, Variables, effective,
    read::interval, schema, tree,
};
use crate::app::{
    cli::Common,
    files::{FileError, Trust},
};
use crate::{
    border::Priority,
    rules::{AppendOutput, ExtraField, Matching, Selection},
    sinks::{Policy, Protocol},
};

fn variable(name: &str) -> Option<String> {
    match name {
        "WORD" => Some("warning".into()),
        "DIR" => Some("/rules".into()),
        _ => None,
    }
}

const VARIABLES: Variables<'static> = &variable;

/// Checks `text` as a file of its own, with options.
fn load(text: &str, options: &[&str]) -> Result<Config, String> {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("falco.yaml");
    fs::write(&path, text).expect("writes");
    load_file(&path, options)
        .map_err(|error| error.to_string().replace(&format!("{}/", dir.path().display()), ""))
}

fn load_file(path: &Path, options: &[&str]) -> Result<Config, ConfigError> {
    let common = Common {
        config: Some(path.to_owned()),
        options: options.iter().map(|option| (*option).to_owned()).collect(),
        ..Common::default()
    };
    Config::load(&common, &Surroundings { variables: VARIABLES, cpus: 2, trust: Trust::OwnerOnly })
}

fn good(text: &str, options: &[&str]) -> Config {
    load(text, options).unwrap_or_else(|error| panic!("{text} {options:?}: {error}"))
}

#[test]
fn faults_name_their_place() {
    let cases = [
        ("json_output: maybe", "falco.yaml:1:14: `json_output` is `maybe`, it must be true or false"),
        ("json_output: [true]", "falco.yaml:1:14: `json_output` must be a single value"),
        ("webserver: on", "falco.yaml:1:12: `webserver` must be a mapping"),
        ("rules: {a: b}", "falco.yaml:1:8: `rules` must be a list"),
        (
            "webserver: {listen_port: 70000}",
            "falco.yaml:1:26: `webserver.listen_port` is `70000`, it must be a whole number, 0 to 65535",
        ),
        ("priority: loud", "falco.yaml:1:11: `priority` is `loud`, it must be one of emergency, alert"),
        ("engine: {kind: gvisor}", "`engine.kind` is `gvisor`, it must be one of modern_ebpf"),
        ("rule_matching: some", "`rule_matching` is `some`, it must be one of first, all"),
        (
            "engine: {modern_ebpf: {buf_size_preset: 11}}",
            "`engine.modern_ebpf.buf_size_preset` is `11`, it must be a whole number, 1 to 10",
        ),
        ("engine: {kind: replay}", "falco.yaml:1:16: `engine.kind` is replay, but"),
        (
            "file_output: {enabled: true}",
            "falco.yaml:1:14: `file_output` is enabled, but `file_output.filename`",
        ),
        (
            "webserver: {enabled: true, listen_address: localhost}",
            "falco.yaml:1:44: `webserver.listen_address` is `localhost`, it must be an IP address",
        ),
        ("rules_file: a\nrules_files: [b]", "falco.yaml:1:13: `rules_file` is the old name"),
        (
            "saker: {ring_bytes: 100000}",
            "falco.yaml:1:21: `saker.ring_bytes` is 100000, it must be a power of two",
        ),
        ("saker: {ring_bytes: 65536, reserve_bytes: 65536}", "must be less than the ring's 65536"),
        ("metrics: {enabled: true, interval: soon}", "falco.yaml:1:36: `metrics.interval` is `soon`"),
        (
            "syscall_event_drops: {actions: [ignore, log]}",
            "syscall event drop action \"log\" does not make sense with the \"ignore\" action",
        ),
        ("syscall_event_drops: {threshold: 1.5}", "must be a number, 0 to 1"),
        ("append_output: [{extra_fields: [a, {a: b}]}]", "`extra_fields` has `a` twice"),
        ("a: [1", "falco.yaml:"),
        (
            "json_output: true\njson_output: false",
            "falco.yaml:2:1: `json_output` stands here a second time, first in line 1",
        ),
        ("- a", "falco.yaml:1:1: a configuration is a mapping of keys"),
        ("a: 1\n---\nb: 2", "a second document"),
    ];
    for (text, expect) in cases {
        let message = load(text, &[]).expect_err(text);
        assert!(message.contains(expect), "{text}\n{message}");
    }
}

#[test]
fn unknown_keys_are_told_and_ignored() {
    for (text, expect) in [
        ("json_outptu: true", "falco.yaml:1:1: unknown key `json_outptu`, did you mean `json_output`?"),
        (
            "webserver:\n  enabled: true\n  listen_prt: 1",
            "falco.yaml:3:3: unknown key `webserver.listen_prt`, did you mean `webserver.listen_port`?",
        ),
        (
            "listen_port: 8765",
            "falco.yaml:1:1: unknown key `listen_port`, did you mean `webserver.listen_port`?",
        ),
        ("zzzzzz: 1", "falco.yaml:1:1: unknown key `zzzzzz`"),
        (
            "rules:\n- disable: {rule: a, tags: b}",
            "falco.yaml:2:22: unknown key `rules.disable.tags`, did you mean `rules.disable.tag`?",
        ),
    ] {
        let notices = good(text, &[]).notices;
        assert!(notices.iter().any(|notice| notice.contains(expect)), "{text}: {notices:?}");
    }
    assert!(good("json_output: true\nzzzzzz: 1", &[]).outputs.format.json);
}

#[test]
fn values_and_their_places() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("falco.yaml");
    fs::write(
        &path,
        "rules_files: [a, b]\nsaker: {admin_token: secret}\nappend_output: [{match: {tags: [t]}}]",
    )
    .expect("writes");
    let raw = Raw::read(Some(&path), &[] as &[&Path], &["priority=error".into()], Trust::Anyone, VARIABLES)
        .expect("reads");
    let values = effective(&raw);
    let of = |path: &str| values.iter().find(|value| value.path == path).unwrap_or_else(|| panic!("{path}"));
    for (path, value, place) in [
        ("rules_files[1]", "\"b\"", "falco.yaml:1:18"),
        ("saker.admin_token", "\"(hidden)\"", "falco.yaml:2:22"),
        ("append_output[0].match.tags[0]", "\"t\"", "falco.yaml:3:33"),
        ("priority", "\"error\"", "-o priority=error"),
        ("json_output", "false", "default"),
        ("webserver.listen_port", "8765", "default"),
    ] {
        let found = of(path);
        assert_eq!(found.value.to_string(), value, "{path}");
        let from = found.place.as_ref().map_or("default".to_owned(), ToString::to_string);
        assert!(from.ends_with(place), "{path}: {from}");
    }
}

#[test]
fn the_schema_has_every_key_and_its_default() {
    let schema = schema();
    for key in KEYS {
        let mut at = &schema;
        for word in key.path.split('.') {
            let name = word.trim_end_matches("[]");
            at = &at["properties"][name];
            at = if word.ends_with("[]") { &at["items"] } else { at };
        }
        assert!(at.is_object(), "{}", key.path);
        assert_eq!(at.get("default").is_some(), !key.default.is_empty(), "{}", key.path);
    }
}

#[test]
fn defaults_fit_their_keys() {
    let with_default = KEYS.iter().filter(|key| !key.default.is_empty());
    let text: Vec<String> = with_default.map(|key| format!("{}={}", key.path, key.default)).collect();
    let options: Vec<&str> = text.iter().map(String::as_str).collect();
    let bare = |config| Config { notices: Vec::new(), files: Vec::new(), ..config };
    assert_eq!(bare(good("", &[])), bare(good("", &options)));
}

#[test]
fn every_fault_is_told_at_once() {
    let message = load("json_output: x\npriority: x\nlog_level: y", &[]).expect_err("three faults");
    assert_eq!(message.lines().count(), 3, "{message}");
}

#[test]
fn a_file_that_others_may_write_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("falco.yaml");
    fs::write(&path, "priority: debug").expect("writes");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).expect("sets the mode");
    let error = load_file(&path, &[]).expect_err("refused");
    assert!(matches!(error, ConfigError::File(FileError::Writable { mode: 0o666, .. })), "{error}");
}

#[test]
fn an_empty_file_means_falcos_defaults() {
    let config = good("", &[]);
    assert_eq!(
        Config { files: Vec::new(), loaded: Vec::new(), ..config.clone() },
        Config { ring: config.ring, ..Config::default() }
    );
    assert!(!config.outputs.stdout && config.webserver.is_none() && config.metrics.is_none());
    assert!(config.require_output().is_err());
    assert_eq!(config.rules.options.min_priority, Priority::Debug);
    assert!(config.rules.options.matching == Matching::First && config.watch_files);
    assert_eq!(config.ring, RingSize { bytes: 8 << 20, reserve_bytes: 1 << 20 });
    assert_eq!(config.outputs.queue, 65_536);
    assert_eq!(config.drops.actions, [DropAction::Log, DropAction::Alert]);
}

#[test]
fn without_a_file_the_sensor_speaks_and_answers() {
    let raw = Raw::read(None, &[] as &[&Path], &[], Trust::OwnerOnly, VARIABLES).expect("built in");
    let surroundings = Surroundings { variables: VARIABLES, cpus: 1, trust: Trust::OwnerOnly };
    let config = Config::new(raw, &surroundings).expect("is right");
    assert!(config.files.is_empty() && config.outputs.stdout && config.notices.is_empty());
    let webserver = config.webserver.expect("answers");
    assert_eq!((webserver.listen.to_string().as_str(), webserver.has_metrics), ("0.0.0.0:8765", true));
}

#[test]
fn values_are_read() {
    let config = good(
        "
rules_files: [a.yaml, '${DIR}/b.yaml', '$${DIR}']
priority: ${WORD}
rule_matching: ALL
json_output: \"yes\"
rules: [{disable: {rule: '*'}}, {enable: {tag: t, rule: r}}]
append_output:
- {match: {rule: r, source: syscall, tags: [a, b]}, extra_output: x, extra_fields: [proc.pid, {k: '%f'}]}
- suggested_output: true
engine: {kind: replay, replay: {capture_file: f.rec}}
outputs_queue: {capacity: 7, policy: drop_oldest}
syslog_output: {enabled: true, format: rfc5424}
saker: {spool_directory: /spool}
http_output: {enabled: true, url: http://x:1/}
file_output: {enabled: true, filename: /x, keep_alive: true}
base_syscalls: {custom_set: [open, '!read'], repair: true}
falco_libs: {thread_table_size: 99}
static_fields: {site: lab}
",
        &[],
    );
    let rules = &config.rules;
    assert_eq!(rules.paths, [Path::new("a.yaml"), Path::new("/rules/b.yaml"), Path::new("${DIR}")]);
    assert_eq!((rules.options.min_priority, rules.options.matching), (Priority::Warning, Matching::All));
    let select = |enable, rule: Option<&str>, tag: Option<&str>| Selection {
        enable,
        rule: rule.map(Into::into),
        tag: tag.map(Into::into),
    };
    assert_eq!(rules.options.selection, [select(false, Some("*"), None), select(true, Some("r"), Some("t"))]);
    let first = AppendOutput {
        rule: Some("r".into()),
        source: Some("syscall".into()),
        tags: vec!["a".into(), "b".into()],
        text: Some("x".into()),
        suggested: false,
        fields: vec![
            ExtraField::Native("proc.pid".into()),
            ExtraField::Rendered { key: "k".into(), format: "%f".into() },
        ],
    };
    let second = AppendOutput { suggested: true, ..AppendOutput::default() };
    assert_eq!(rules.options.append_outputs, [first, second]);
    assert_eq!(config.engine, Engine::Replay("f.rec".into()));
    assert_eq!((config.outputs.queue, config.processes), (7, 99));
    assert_eq!((config.outputs.policy, config.outputs.syslog), (Policy::DropOldest, Some(Protocol::Rfc5424)));
    assert_eq!(config.outputs.http.map(|http| http.url).as_deref(), Some("http://x:1/"));
    assert!(config.outputs.spool.is_some_and(|spool| spool.drops_oldest && spool.limit_bytes == 256 << 20));
    assert!(config.outputs.file.is_some_and(|file| file.keep_alive));
    assert!(config.outputs.format.json);
    assert_eq!(config.rules.custom_set, ["open", "!read"]);
    assert_eq!(config.rules.static_fields, [("site".to_owned(), "lab".to_owned())]);
}

#[test]
fn texts_as_editors_leave_them() {
    for text in [
        "\u{feff}priority: error\n",
        "priority: error\r\n",
        "---\npriority: error\n...\n",
        "# c\npriority: error # c",
    ] {
        assert_eq!(good(text, &[]).rules.options.min_priority, Priority::Error, "{text:?}");
    }
    for text in ["", "# nothing\n", "---\n", "~", "priority:\n"] {
        assert_eq!(good(text, &[]).rules.options.min_priority, Priority::Debug, "{text:?}");
    }
}

#[test]
fn ring_sizes_follow_falcos_presets() {
    const MIB: u32 = 1 << 20;
    for (text, cpus, expect) in [
        ("", 1, 8 * MIB),
        ("", 2, 8 * MIB),
        ("", 3, 16 * MIB),
        ("", 5, 32 * MIB),
        ("", 1000, 512 * MIB),
        ("engine: {modern_ebpf: {buf_size_preset: 1}}", 2, MIB),
        ("engine: {modern_ebpf: {buf_size_preset: 6, cpus_for_each_buffer: 1}}", 2, 64 * MIB),
        ("engine: {modern_ebpf: {cpus_for_each_buffer: 0}}", 64, 8 * MIB),
        ("engine: {kind: kmod, kmod: {buf_size_preset: 2}, modern_ebpf: {buf_size_preset: 5}}", 2, 2 * MIB),
        ("saker: {ring_bytes: 65536}", 64, 65_536),
    ] {
        let root = tree::parse("f", text, VARIABLES).expect("parses");
        let raw = Raw { root, files: Vec::new(), loaded: Vec::new(), includes: Vec::new() };
        let surroundings = Surroundings { variables: VARIABLES, cpus, trust: Trust::OwnerOnly };
        let ring = Config::new(raw, &surroundings).expect("is right").ring;
        assert_eq!(ring, RingSize { bytes: expect, reserve_bytes: expect / 8 }, "{text} {cpus}");
    }
}

#[test]
fn options_have_the_last_word() {
    let file = "priority: error\nrules_files: [a, b]\nwebserver: {enabled: false}";
    let config = good(
        file,
        &[
            "priority=debug",
            "rules_files[1]=c",
            "rules_files[]=d",
            "webserver.enabled=true",
            "webserver.listen_address=127.0.0.1",
            "rules[].disable.rule=*",
            "rules[].enable.tag=t=1",
            "append_output[]={suggested_output: true, extra_fields: [{x: '%f'}]}",
            "static_fields.a\\.b=c",
            "json_output='true'",
            "load_plugins[0]=container",
            "priority = ${WORD}",
        ],
    );
    assert_eq!(config.rules.options.min_priority, Priority::Warning);
    assert_eq!(config.rules.paths, ["a", "c", "d"].map(Path::new));
    assert_eq!(config.webserver.expect("enabled").listen.to_string(), "127.0.0.1:8765");
    assert_eq!(config.rules.options.selection.len(), 2);
    assert_eq!(config.rules.options.selection[1].tag.as_deref(), Some("t=1"));
    assert_eq!(config.rules.options.append_outputs.len(), 1);
    assert_eq!(config.rules.static_fields, [("a.b".to_owned(), "c".to_owned())]);
    assert!(config.outputs.format.json);
}

#[test]
fn bad_options_name_themselves() {
    for (option, expect) in [
        ("json_output", "-o json_output: must have the form key=value"),
        ("json_output=maybe", "-o json_output=maybe: `json_output` is `maybe`, it must be true or false"),
        ("=x", "a part of the key is empty"),
        ("a..b=x", "a part of the key is empty"),
        ("rules_files[x]=a", "an index is a number or empty"),
        ("rules_files[0=x", "a `[` in a key needs its `]`"),
        ("rules_files[0]a=x", "behind `]` stands"),
        ("rules_files[5]=a", "index 5, but the list has 0 items"),
        ("[0]=a", "a part of the key is empty"),
        ("a\\b=x", "a backslash in a key"),
        ("priority.x=1", "`x` would stand in a value that is no mapping"),
        ("priority[]=1", "the value before `[` is no list"),
        ("static_fields={a: [}", "no YAML"),
    ] {
        let message = load("priority: debug", &[option]).expect_err(option);
        assert!(message.contains(expect), "{option}: {message}");
    }
}

#[test]
fn included_files_merge_by_strategy() {
    let included = "rules_files: [c]\nfile_output: {enabled: true, filename: /x}\njson_output: true";
    for (strategy, paths, json) in [
        ("", vec!["a", "b", "c"], true),
        (", strategy: append", vec!["a", "b", "c"], true),
        (", strategy: override", vec!["c"], true),
        (", strategy: add-only", vec!["a", "b"], false),
    ] {
        let dir = tempfile::tempdir().expect("a directory");
        let at = |name: &str| dir.path().join(name);
        fs::write(at("more.yaml"), included).expect("writes");
        let main = format!(
            "config_files: [{{path: {}{strategy}}}, {}]\nrules_files: [a, b]\njson_output: false",
            at("more.yaml").display(),
            at("missing.yaml").display()
        );
        fs::write(at("main.yaml"), main).expect("writes");
        let config = load_file(&at("main.yaml"), &[]).expect("loads");
        let names: Vec<_> = config.rules.paths.iter().map(|path| path.to_string_lossy()).collect();
        assert_eq!(names, paths, "{strategy}");
        assert_eq!(config.outputs.format.json, json, "{strategy}");
        assert!(config.outputs.file.is_some(), "a new key is added whatever the strategy");
        assert_eq!(config.files, [at("main.yaml"), at("more.yaml")]);
        let names: Vec<_> = config.loaded.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["main.yaml", "more.yaml"]);
    }
}

#[test]
fn directories_are_included_sorted_and_options_win() {
    let dir = tempfile::tempdir().expect("a directory");
    let at = |name: &str| dir.path().join(name);
    fs::create_dir(at("d")).expect("a directory");
    fs::write(at("d/2.yaml"), "priority: error").expect("writes");
    fs::write(at("d/1.yaml"), "priority: alert").expect("writes");
    fs::write(at("main.yaml"), "priority: debug").expect("writes");
    let include = format!("config_files[]={}", at("d").display());
    let priority =
        |options: &[&str]| load_file(&at("main.yaml"), options).expect("loads").rules.options.min_priority;
    assert_eq!(priority(&[&include]), Priority::Error);
    assert_eq!(priority(&["priority=notice", &include]), Priority::Notice);
}

#[test]
fn what_must_not_be_included() {
    let dir = tempfile::tempdir().expect("a directory");
    let at = |name: &str| dir.path().join(name);
    fs::write(at("nested.yaml"), "config_files: [x]").expect("writes");
    for (item, expect) in
        [("main.yaml", "includes the file that it stands in"), ("nested.yaml", "cannot include others")]
    {
        fs::write(at("main.yaml"), format!("config_files: [{}]", at(item).display())).expect("writes");
        let message = load_file(&at("main.yaml"), &[]).expect_err(item).to_string();
        assert!(message.contains(expect), "{item}: {message}");
    }
    for (item, expect) in [
        ("{path: a, strategy: replace}", "`strategy` must be one of"),
        ("{path: a, way: b}", "unknown key `config_files.way`"),
        ("{strategy: append}", "has a `path`"),
    ] {
        let message = load(&format!("config_files: [{item}]"), &[]).expect_err(item);
        assert!(message.contains(expect), "{item}: {message}");
    }
}

#[test]
fn keys_without_effect_are_told_once() {
    let keys = "grpc: {enabled: true}\nplugins: []\nload_plugins: [a, b]\nbuffer_format_base64: true\nplugins_hostinfo: true";
    assert_eq!(
        good(keys, &[]).notices,
        [
            "configuration keys without effect here: plugins, load_plugins, plugins_hostinfo (containers and Kubernetes are \
             built in, other plugins are not loaded); buffer_format_base64 (the contents of buffers are not read)",
            "configuration keys retired, without effect: grpc",
        ]
    );
}

/// Falco: fatal, too. Its shipped file has `output_rule: true`, ours the web server.
#[test]
fn metrics_that_nobody_gets_are_refused() {
    for (rest, is_right) in [
        ("", false),
        ("webserver: {enabled: true}", false),
        ("webserver: {prometheus_metrics_enabled: true}", false),
        ("webserver: {enabled: true, prometheus_metrics_enabled: true}", true),
    ] {
        let loaded = load(&format!("metrics: {{enabled: true}}\n{rest}"), &[]);
        assert_eq!(loaded.is_ok(), is_right, "{rest}: {loaded:?}");
        let told = loaded.err().unwrap_or_default();
        assert!(
            is_right || told.starts_with("falco.yaml:1:20: `metrics.enabled` is true, but nobody"),
            "{told}"
        );
    }
    for key in ["output_rule: true", "output_file: /x"] {
        assert!(good(&format!("metrics: {{enabled: true, {key}}}"), &[]).metrics.is_some(), "{key}");
    }
    assert!(good("metrics: {enabled: false}", &[]).metrics.is_none());
}

#[test]
fn tls_of_the_admin_server() {
    for (text, certificate) in [
        ("webserver: {enabled: true}", None),
        ("webserver: {enabled: true, ssl_enabled: true}", Some("/etc/falco/falco.pem")),
        ("webserver: {enabled: true, ssl_enabled: true, ssl_certificate: /x.pem}", Some("/x.pem")),
        ("webserver: {enabled: true, ssl_certificate: /x.pem}", None),
    ] {
        let webserver = good(text, &[]).webserver.expect("enabled");
        assert_eq!(webserver.certificate.as_deref(), certificate.map(Path::new), "{text}");
    }
}

#[test]
fn keys_are_written_once() {
    for (index, key) in KEYS.iter().enumerate() {
        assert!(KEYS[..index].iter().all(|other| other.path != key.path), "{}", key.path);
    }
}

#[test]
fn intervals() {
    for (text, expect_ms) in [
        ("1h", Some(3_600_000)),
        ("1h30m", Some(5_400_000)),
        ("2s 5ms", Some(2005)),
        ("1w1d", Some(8 * 86_400_000)),
        ("1m1h", None),
        ("5", None),
        ("h", None),
        ("", None),
        ("1x", None),
        ("99999999999999999999s", None),
        ("9999999999999999y", None),
    ] {
        assert_eq!(interval(text).map(|interval| interval.as_millis()), expect_ms, "{text}");
    }
}

#[test]
fn variables_are_filled_in() {
    for (text, expect) in [
        ("plain $WORD", "plain $WORD"),
        ("${WORD}", "warning"),
        ("a${WORD}b${NONE}c", "awarningbc"),
        ("$${WORD}", "${WORD}"),
        ("x$${A}${WORD}", "x${A}warning"),
        ("${WORD", "${WORD"),
        ("${}", ""),
    ] {
        assert_eq!(tree::expand(text, VARIABLES), expect, "{text}");
    }
}

#[test]
fn aliases_cannot_blow_up() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let item = format!("*a{}", level - 1);
        let line = format!("a{level}: &a{level} [{}]\n", vec![item; 6].join(", "));
        text.push_str(&line);
    }
    let fault = tree::parse("f", &text, VARIABLES).expect_err("too much");
    assert!(fault.what.contains("more values"), "{fault}");
    let deep = format!("a: {}{}", "[".repeat(200), "]".repeat(200));
    assert!(tree::parse("f", &deep, VARIABLES).is_err());
}

/// Text; types that are none; the fixed one: id, name, repository, tag.
type Containers<'a> = (String, &'a [&'a str], Option<[&'a str; 4]>);

#[test]
fn what_counts_as_a_container() {
    let fixed = "{enabled: true, container_id: task-1, container_name: web, container_image: 'r/app:2'}";
    let plugin =
        |engines: &str| format!("plugins: [{{name: container, init_config: {{engines: {engines}}}}}]");
    let cases: [Containers<'_>; 6] = [
        ("container_engines: {lxc: {enabled: true}}".into(), &[], None),
        ("container_engines: {lxc: {enabled: false}, bpm: {enabled: no}}".into(), &["bpm", "lxc"], None),
        (plugin("{libvirt_lxc: {enabled: false}}"), &["libvirt-lxc"], None),
        (
            format!("container_engines: {{lxc: {{enabled: false}}}}\n{}", plugin("{lxc: {enabled: true}}")),
            &[],
            None,
        ),
        (format!("container_engines: {{static: {fixed}}}"), &[], Some(["task-1", "web", "r/app", "2"])),
        (plugin(&format!("{{static: {}}}", fixed.replace("true", "false"))), &[], None),
    ];
    for (text, ignored, expect) in cases {
        let engines = good(&text, &[]).engines;
        assert_eq!(engines.ignored, ignored, "{text}");
        let found = engines
            .fixed
            .map(|(container, told)| [container.full_id, told.name, told.image.repository, told.image.tag]);
        assert_eq!(found, expect.map(|it| it.map(str::to_owned)), "{text}");
    }
    let fault = load("container_engines: {static: {enabled: true}}", &[]).expect_err("no id");
    assert!(fault.contains("falco.yaml:1:39: `container_engines.static` needs a `container_id`"), "{fault}");
}
