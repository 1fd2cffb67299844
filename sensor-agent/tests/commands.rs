//! The binary itself: exit codes and where its words go. Nothing here needs a kernel or a privilege.

#![expect(clippy::expect_used, reason = "a binary that cannot be run fails its test")]

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    process::{Command, Stdio},
};

/// A configuration that says nothing.
const NO_CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/empty.yaml");
/// The rules that ship.
const RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/rules/saker_rules.yaml");

struct Answer {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn saker(arguments: &[&str]) -> Answer {
    let output = Command::new(env!("CARGO_BIN_EXE_saker")).args(arguments).output().expect("runs");
    Answer {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
    }
}

#[test]
fn questions_are_answered_on_standard_output() {
    for (arguments, expect) in [
        (&["--help"][..], "Usage: saker [OPTION...]"),
        (&["-i"], "Ignored syscall(s):"),
        (&["--list-events"], "## Syscall events"),
        (&["--list-events", "--format", "json"], "\"schema_version\""),
        (&["--config-schema"], "\"webserver\": {"),
        (&["--rule-schema"], "http://json-schema.org/draft-06/schema#"),
        (&["man"], ".TH saker 1"),
        (&["completion", "bash"], "complete -F _saker"),
        (&["completion", "zsh"], "#compdef saker"),
        (&["-c", NO_CONFIG, "--page-size"], "Your system page size is: 4096"),
        (&["-c", NO_CONFIG, "--list-plugins"], "Name: container"),
        (&["-c", NO_CONFIG, "--plugin-info", "k8smeta"], "Name: k8smeta"),
        (&["-c", NO_CONFIG, "--list"], "proc.name"),
        (&["-c", NO_CONFIG, "--list=syscall", "-N"], "\nproc.name\n"),
        (&["-c", NO_CONFIG, "--list", "-v"], "(Type: CHARBUF) Time of the event, local, with nanoseconds."),
        (&["-c", NO_CONFIG, "--list", "--markdown"], "`proc.name` | CHARBUF |"),
        (&["-c", NO_CONFIG, "--version"], "Falco version: "),
        (&["-c", NO_CONFIG, "--version", "-o", "json_output=true"], "\"falco_version\":"),
        (&["-c", NO_CONFIG, "--list", "--format", "markdown"], "`proc.name` | CHARBUF |"),
        (&["-c", NO_CONFIG, "-o", "priority=error", "config", "show"], "error  # -o priority=error"),
        (&["-c", NO_CONFIG, "config", "show", "--format", "json"], "\"key\":\"json_output\""),
        (&["-c", NO_CONFIG, "--support", "-r", RULES], "\"system_info\""),
        (&["-c", NO_CONFIG, "-l", "Terminal shell in container", "-r", RULES], "Terminal shell in container"),
        (&["-c", NO_CONFIG, "-L", "-r", RULES], "Terminal shell in container"),
        (&["-c", NO_CONFIG, "-L", "-v", "-r", RULES], "(enabled, /"),
        (&["-c", NO_CONFIG, "-L", "-v", "-r", RULES, "-o", "rules[].disable.rule=*"], "(disabled, /"),
        (&["-c", NO_CONFIG, "-L", "-r", RULES, "-o", "json_output=true"], "\"condition_compiled\":"),
    ] {
        let answer = saker(arguments);
        assert_eq!((answer.code, answer.stderr.as_str()), (Some(0), ""), "{arguments:?}");
        assert!(answer.stdout.contains(expect), "{arguments:?}: {}", answer.stdout);
    }
}

#[test]
fn failures_are_told_once_on_standard_error() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = |name: &str| dir.path().join(name).to_string_lossy().into_owned();
    for (name, text, mode) in [
        ("good.yaml", "stdout_output: {enabled: true}", 0o644),
        ("mute.yaml", "json_output: true", 0o644),
        ("bad.yaml", "json_output: true\nwebserver: {enabled: maybe}", 0o644),
        ("open.yaml", "json_output: true", 0o666),
        ("rules.yaml", "[]", 0o666),
    ] {
        fs::write(path(name), text).expect("writes");
        fs::set_permissions(path(name), fs::Permissions::from_mode(mode)).expect("sets the mode");
    }
    let (good, mute, bad) = (path("good.yaml"), path("mute.yaml"), path("bad.yaml"));
    let (open, rules, none) = (path("open.yaml"), path("rules.yaml"), path("none.yaml"));
    for (arguments, code, expect) in [
        (&["--hlp"][..], 1, "Error: unexpected argument '--hlp' found"),
        (&["-c", &none], 1, "Error: cannot read "),
        (&["-c", &bad], 1, "bad.yaml:2:22: `webserver.enabled` is `maybe`, it must be true or false"),
        (&["-c", &open], 1, "(mode 0666)"),
        (&["-c", &mute], 1, "Error: no output is enabled"),
        (&["-c", &good, "-o", "json_output=x"], 1, "Error: -o json_output=x: `json_output` is `x`"),
        (&["-c", &good, "--dry-run"], 1, "Error: You must specify at least one rules file"),
        (&["-c", &good, "--dry-run", "-r", &none], 1, "none.yaml\n  because: No such file"),
        (&["-c", &good, "--dry-run", "-r", &rules], 1, "rules.yaml may be written by others"),
        (&["-c", &good, "-r", RULES, "-P", "/nowhere/pid"], 255, "Error: cannot write /nowhere/pid"),
        (&["-c", &good, "-r", RULES, "-l", "nosuch"], 1, "Error: rule \"nosuch\" does not exist"),
        (&["-c", &good, "--plugin-info", "nosuch"], 1, "Error: plugin \"nosuch\" does not exist"),
        (&["-c", &good, "--list", "--format", "nosuch"], 1, "invalid value 'nosuch' for '--format"),
        (&["-c", &good, "--list", "--format", "json", "--markdown"], 1, "cannot be used with"),
        (&["-c", &good, "--enable-source", "nosuch"], 1, "Error: event source \"nosuch\" does not exist"),
        (&["--enable-source", "syscall", "--disable-source", "syscall"], 1, "cannot be used with"),
        (&["-c", &good, "-V", &none], 1, "none.yaml\n  because: No such file"),
        (&["-c", &good, "--list=nosuch"], 1, "Error: event source \"nosuch\" does not exist"),
        (&["-c", &good, "--disable-source", "syscall"], 1, "Error: no event source is left"),
        (&["-c", &good, "-r", RULES, "-o", "engine.kind=nodriver"], 1, "Error: no event source is left"),
        (&["-c", &good, "replay", &none], 1, "Error: cannot read "),
        (&["-c", &good, "replay", &good], 1, "it does not begin as a recording does"),
        (&["-c", &good, "doctor", "--trace"], 1, "Error: this build has no log lines"),
    ] {
        let answer = saker(arguments);
        assert_eq!(
            (answer.code, answer.stdout.as_str()),
            (Some(code), ""),
            "{arguments:?}: {}",
            answer.stderr
        );
        assert!(answer.stderr.contains(expect), "{arguments:?}: {}", answer.stderr);
        assert_eq!(answer.stderr.matches("Error: ").count(), 1, "{arguments:?}: {}", answer.stderr);
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_saker"))
        .arg("--list-events")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("ends");
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}

#[test]
fn a_service_is_installed_beside_what_is_there() {
    let dir = tempfile::tempdir().expect("a directory");
    let root = dir.path().to_string_lossy().into_owned();
    let read = |path: &str| fs::read_to_string(dir.path().join(path)).expect("a file");
    fs::create_dir_all(dir.path().join("etc/saker")).expect("a directory");
    fs::write(dir.path().join("etc/saker/saker.yaml"), "stdout_output: {enabled: true}\n").expect("writes");
    let answer = saker(&["service", "install", "--root", &root]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert_eq!(read("etc/saker/saker.yaml"), "stdout_output: {enabled: true}\n");
    let unit = read("etc/systemd/system/saker.service");
    assert!(unit.contains(&format!("ExecStart={}\n", env!("CARGO_BIN_EXE_saker"))), "{unit}");
    let rules = dir.path().join("etc/saker/saker_rules.yaml");
    assert_eq!(saker(&["-V", &rules.to_string_lossy()]).code, Some(0));
    assert_eq!(saker(&["service", "uninstall", "--root", &root]).code, Some(0));
    assert!(!dir.path().join("etc/systemd/system/saker.service").exists());
    assert!(rules.exists());
    let again = saker(&["service", "uninstall", "--root", &root]);
    assert_eq!(again.code, Some(4), "{}", again.stderr);
}
