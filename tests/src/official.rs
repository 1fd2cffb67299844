//! Falco's own stable rules: for each rule an act that it must alert on, and one that is nearly the same and must not. The
//! rule file is not the project's, so it is not in the tree.

use anyhow::{Context, Result, ensure};

use crate::cases::Place;
use crate::sensor::Sensor;
use crate::stage::{Stage, Step};

/// A host name that the file asks for, and the address that the acts connect to under it.
pub const API_SERVER: (&str, &str) = ("kubernetes.default.svc.cluster.local", "10.96.0.1");

/// A row: rule, where, what is done, what is nearly the same.
pub type Row = (&'static str, Place, Step, Step);

/// Performs a row's act and its near miss.
pub fn check(sensor: &mut Sensor, stage: &dyn Stage, (rule, _, act, near): &Row) -> Result<()> {
    let alerts = sensor.observe(|mark| stage.perform(act, mark))?;
    let rules: Vec<&str> = alerts.iter().map(|alert| alert.rule.as_str()).collect();
    ensure!(rules.contains(rule), "{act:?} alerted only {rules:?}");
    let alerts = sensor.observe(|mark| stage.perform(near, mark))?;
    let wrong = alerts.iter().find(|alert| alert.rule == *rule);
    ensure!(wrong.is_none(), "{near:?} alerted: {wrong:?}");
    Ok(())
}

/// Checks all rows of a place, so that one failure does not hide the others.
pub fn check_all(sensor: &mut Sensor, stage: &dyn Stage, place: Place) -> Result<()> {
    let mut failures = Vec::new();
    for row in ROWS.iter().filter(|row| row.1 == place) {
        if let Err(error) = check(sensor, stage, row).with_context(|| row.0) {
            failures.push(format!("{error:#}"));
        }
    }
    ensure!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}

const fn step(program: &'static str, act: &'static [&'static str]) -> Step {
    Step { program, act }
}

/// The table, in the order of the file. Two rules need a runtime; see the live tests.
pub const ROWS: &[Row] = &[
    (
        "Directory traversal monitored file read",
        Place::Host,
        step("reader", &["read", "/usr/../var/../etc/hostname"]),
        step("reader", &["read", "/usr/../etc/hostname"]),
    ),
    (
        "Read sensitive file trusted after startup",
        Place::Host,
        step("nginx", &["read-when-old", "/etc/shadow"]),
        step("nginx", &["read", "/etc/shadow"]),
    ),
    (
        "Read sensitive file untrusted",
        Place::Host,
        step("reader", &["read", "/etc/shadow"]),
        step("reader", &["read", "/etc/passwd"]),
    ),
    (
        "Run shell untrusted",
        Place::Host,
        step("nginx", &["shell", "/bin/sh"]),
        step("cron", &["shell", "/bin/sh"]),
    ),
    (
        "System user interactive",
        Place::Host,
        step("sshd", &["as-user", "1", "/bin/true"]),
        step("sshd", &["as-user", "0", "/bin/true"]),
    ),
    (
        "Terminal shell in container",
        Place::Container,
        step("exe", &["shell-on-terminal", "/bin/sh"]),
        step("exe", &["shell", "/bin/sh"]),
    ),
    (
        "Contact K8S API Server From Container",
        Place::Container,
        step("client", &["connect", "10.96.0.1:443"]),
        step("client", &["connect", "203.0.113.7:443"]),
    ),
    (
        "Netcat Remote Code Execution in Container",
        Place::Container,
        step("nc", &["hear", "-e"]),
        step("nc", &["nothing"]),
    ),
    (
        "Search Private Keys or Passwords",
        Place::Host,
        step("find", &["hear", "id_rsa"]),
        step("find", &["hear", "id_none"]),
    ),
    (
        "Clear Log Activities",
        Place::Container,
        step("cleaner", &["create", "/var/log/syslog"]),
        step("cleaner", &["append", "/var/log/syslog"]),
    ),
    ("Remove Bulk Data from Disk", Place::Host, step("shred", &["nothing"]), step("shredder", &["nothing"])),
    (
        "Create Symlink Over Sensitive Files",
        Place::Container,
        step("linker", &["symlink", "/etc/shadow", "/opt/soft"]),
        step("linker", &["symlink", "/etc/hosts", "/opt/soft"]),
    ),
    (
        "Create Hardlink Over Sensitive Files",
        Place::Container,
        step("linker", &["link", "/etc/shadow", "/opt/hard"]),
        step("linker", &["link", "/etc/hosts", "/opt/hard"]),
    ),
    (
        "Packet socket created in container",
        Place::Container,
        step("sniffer", &["packet-socket"]),
        step("sniffer", &["connect", "203.0.113.7:443"]),
    ),
    (
        "Redirect STDOUT/STDIN to Network Connection in Container",
        Place::Container,
        step("reverse", &["redirect", "203.0.113.7:4444"]),
        step("reverse", &["connect", "203.0.113.7:4444"]),
    ),
    (
        "Linux Kernel Module Injection Detected",
        Place::Container,
        step("insmod", &["load-module"]),
        step("insmod", &["nothing"]),
    ),
    (
        "Detect release_agent File Container Escapes",
        Place::Container,
        step("escaper", &["create", "/opt/release_agent"]),
        step("escaper", &["read", "/opt/release_agent"]),
    ),
    (
        "PTRACE attached to process",
        Place::Host,
        step("tracer", &["trace-child"]),
        step("tracer", &["trace-me"]),
    ),
    (
        "PTRACE anti-debug attempt",
        Place::Host,
        step("tracer", &["trace-me"]),
        step("tracer", &["trace-child"]),
    ),
    (
        "Find AWS Credentials",
        Place::Host,
        step("grep", &["hear", "aws_access_key_id"]),
        step("cat", &["hear", "aws_access_key_id"]),
    ),
    (
        "Execution from /dev/shm",
        Place::Host,
        step("runner", &["run-copy", "/dev/shm/saker-copy"]),
        step("runner", &["run-copy", "/tmp/saker-copy"]),
    ),
    (
        "Disallowed SSH Connection Non Standard Port",
        Place::Container,
        step("ssh", &["connect", "203.0.113.7:443"]),
        step("ssh", &["connect", "203.0.113.7:22"]),
    ),
    (
        "Fileless execution via memfd_create",
        Place::Host,
        step("loader", &["run-from-memory"]),
        step("loader", &["memory-only"]),
    ),
];
