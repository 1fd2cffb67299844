//! What each bundled rule must alert on, and what it must not: one table for the host, for containers and for virtual
//! machines. A near miss differs from the act in the one thing that the rule is about.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::calls::{RENAME, UNLINK};
use crate::sensor::Sensor;
use crate::stage::{Stage, Step};

/// Where an act belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Directly on the machine.
    Host,
    /// In a container.
    Container,
}

/// A row: an act and what must be told of it.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Rule name.
    pub rule: &'static str,
    /// Its priority.
    pub priority: &'static str,
    /// Where.
    pub place: Place,
    /// What is done.
    pub act: Step,
    /// Output fields and their values.
    pub fields: &'static [(&'static str, &'static str)],
    /// What is nearly the same and must stay silent.
    pub near: &'static [Step],
}

/// Addresses that the acts connect to; they are put on the loop-back device.
pub const ADDRESSES: &[&str] = &["10.96.0.1", "203.0.113.7"];

/// Files that the acts find.
const FILES: &[&str] = &[
    "etc/hosts",
    "etc/shadow",
    "opt/renamed",
    "usr/bin/removed",
    "usr/bin/kept",
    "var/log/syslog",
    "var/log/messages",
    "var/log/auth.log",
];
const DIRECTORIES: &[&str] = &["etc/cron.d", "mnt", "opt", "root/.ssh", "root/project"];

/// Makes what the acts find, below a root directory of the test's own.
pub fn furnish(root: &Path) -> Result<()> {
    for directory in DIRECTORIES {
        fs::create_dir_all(root.join(directory))?;
    }
    for file in FILES.iter().map(|file| root.join(file)) {
        fs::create_dir_all(file.parent().context("a file without a directory")?)?;
        fs::write(file, "x\n")?;
    }
    Ok(fs::write(root.join("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n")?)
}

/// Performs a row's act and near misses; says what was not as it must be.
pub fn check(sensor: &mut Sensor, stage: &dyn Stage, case: &Case) -> Result<()> {
    let alerts = sensor.observe(|mark| stage.perform(&case.act, mark))?;
    let rules: Vec<&str> = alerts.iter().map(|alert| alert.rule.as_str()).collect();
    let alert = alerts.iter().find(|alert| alert.rule == case.rule);
    let alert = alert.with_context(|| format!("{:?} alerted only {rules:?}", case.act))?;
    ensure!(alert.priority == case.priority, "its priority is {}", alert.priority);
    ensure!(alert.source == "syscall" && !alert.tags.is_empty(), "{alert:?}");
    let container_id = stage.container_id();
    let common = [("container.id", container_id.as_str()), ("user.name", "root"), ("user.uid", "0")];
    for (name, expected) in case.fields.iter().chain(&common) {
        let found = alert.field(name);
        ensure!(found == *expected, "{name} is {found:?}, not {expected:?}, in {}", alert.output);
    }
    // Nothing that the rule prints may be unknown, however short the process lived.
    ensure!(alert.missing().is_empty(), "without a value: {:?} in {}", alert.missing(), alert.output);
    for near in case.near {
        let alerts = sensor.observe(|mark| stage.perform(near, mark))?;
        let wrong = alerts.iter().find(|alert| alert.rule == case.rule);
        ensure!(wrong.is_none(), "{near:?} alerted: {wrong:?}");
    }
    Ok(())
}

/// Checks all rows, so that one failure does not hide the others.
pub fn check_all<'a>(
    sensor: &mut Sensor,
    stage: &dyn Stage,
    cases: impl Iterator<Item = &'a Case>,
) -> Result<()> {
    let failures = cases.filter_map(|case| {
        let error = check(sensor, stage, case).err()?;
        Some(format!("{}: {:?}: {error:#}", case.rule, case.act))
    });
    let failures: Vec<String> = failures.collect();
    ensure!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}

const fn step(program: &'static str, act: &'static [&'static str]) -> Step {
    Step { program, act }
}

/// The table, in the order of the rule file.
pub const CASES: &[Case] = &[
    Case {
        rule: "Terminal shell in container",
        priority: "Notice",
        place: Place::Container,
        act: step("runner", &["shell-on-terminal", "/bin/sh"]),
        fields: &[("proc.name", "sh"), ("proc.pname", "runner")],
        near: &[
            step("runner", &["shell", "/bin/sh"]),
            // A shell below a shell.
            step("bash", &["shell-on-terminal", "/bin/sh"]),
        ],
    },
    Case {
        rule: "Run shell untrusted",
        priority: "Notice",
        place: Place::Container,
        act: step("nginx", &["shell", "/bin/sh"]),
        fields: &[("proc.name", "sh"), ("proc.pname", "nginx")],
        near: &[step("runner", &["shell", "/bin/sh"]), step("nginx", &["nothing"])],
    },
    Case {
        rule: "Run shell untrusted",
        priority: "Notice",
        place: Place::Host,
        act: step("php-fpm8.2", &["shell", "/bin/sh"]),
        fields: &[("proc.name", "sh"), ("proc.pname", "php-fpm8.2")],
        near: &[step("cron", &["shell", "/bin/sh"])],
    },
    Case {
        rule: "Read sensitive file untrusted",
        priority: "Warning",
        place: Place::Host,
        act: step("reader", &["read", "/etc/shadow"]),
        fields: &[("fd.name", "/etc/shadow"), ("proc.name", "reader")],
        near: &[
            step("reader", &["read", "/etc/passwd"]),
            step("sshd", &["read", "/etc/shadow"]),
            step("dpkg", &["read", "/etc/shadow"]),
        ],
    },
    Case {
        rule: "Read sensitive file untrusted",
        priority: "Warning",
        place: Place::Container,
        act: step("reader", &["read", "/etc/../etc/shadow"]),
        fields: &[("fd.name", "/etc/shadow"), ("proc.name", "reader")],
        near: &[step("reader", &["append", "/etc/shadow"])],
    },
    Case {
        rule: "Write below root",
        priority: "Error",
        place: Place::Container,
        act: step("writer", &["create", "/root/planted"]),
        fields: &[("fd.name", "/root/planted"), ("proc.name", "writer")],
        near: &[
            step("writer", &["create", "/root/.writer_history"]),
            step("writer", &["create", "/root/project/file"]),
            step("writer", &["read", "/root/planted"]),
        ],
    },
    Case {
        rule: "Write below root",
        priority: "Error",
        place: Place::Container,
        act: step("writer", &["create", "/root/.ssh/authorized_keys"]),
        fields: &[("fd.name", "/root/.ssh/authorized_keys")],
        near: &[step("ssh", &["create", "/root/.ssh/known_hosts"])],
    },
    Case {
        rule: "Write to /etc/hosts in container",
        priority: "Warning",
        place: Place::Container,
        act: step("writer", &["append", "/etc/hosts"]),
        fields: &[("fd.name", "/etc/hosts"), ("proc.name", "writer")],
        near: &[step("writer", &["read", "/etc/hosts"]), step("writer", &["create", "/etc/hosts.allow"])],
    },
    Case {
        rule: "Write below etc",
        priority: "Error",
        place: Place::Container,
        act: step("writer", &["create", "/etc/cron.d/planted"]),
        fields: &[("fd.name", "/etc/cron.d/planted"), ("proc.name", "writer")],
        near: &[
            step("writer", &["read", "/etc/cron.d/planted"]),
            step("apt-get", &["create", "/etc/cron.d/package"]),
            step("writer", &["append", "/etc/hosts"]),
        ],
    },
    Case {
        rule: "Modify binary directories",
        priority: "Error",
        place: Place::Container,
        act: step("writer", &["create", "/usr/bin/planted"]),
        fields: &[("proc.name", "writer")],
        near: &[
            step("dpkg", &["create", "/usr/bin/packaged"]),
            step("writer", &["create", "/opt/planted"]),
            step("writer", &["read", "/usr/bin/kept"]),
        ],
    },
    Case {
        rule: "Modify binary directories",
        priority: "Error",
        place: Place::Container,
        act: step("mover", &["rename", "/opt/renamed", "/usr/bin/renamed"]),
        fields: &[("evt.type", RENAME)],
        near: &[step("mover", &["rename", "/opt/planted", "/opt/usr"])],
    },
    Case {
        rule: "Modify binary directories",
        priority: "Error",
        place: Place::Container,
        act: step("remover", &["remove", "/usr/bin/removed"]),
        fields: &[("evt.type", UNLINK)],
        near: &[step("remover", &["remove", "/opt/usr"])],
    },
    Case {
        rule: "Clear log activities",
        priority: "Warning",
        place: Place::Container,
        act: step("cleaner", &["create", "/var/log/syslog"]),
        fields: &[("proc.name", "cleaner")],
        near: &[
            step("cleaner", &["append", "/var/log/syslog"]),
            step("logrotate", &["create", "/var/log/syslog"]),
            step("cleaner", &["create", "/var/log/own.log"]),
        ],
    },
    Case {
        rule: "Clear log activities",
        priority: "Warning",
        place: Place::Container,
        act: step("cleaner", &["remove", "/var/log/auth.log"]),
        fields: &[("evt.type", UNLINK)],
        near: &[step("logrotate", &["rename", "/var/log/messages", "/var/log/messages.1"])],
    },
    Case {
        rule: "Contact K8S API Server From Container",
        priority: "Notice",
        place: Place::Container,
        act: step("client", &["connect", "10.96.0.1:443"]),
        fields: &[
            ("fd.sip", "10.96.0.1"),
            ("fd.sport", "443"),
            ("fd.l4proto", "tcp"),
            ("proc.name", "client"),
        ],
        near: &[
            step("client", &["connect", "10.96.0.1:8443"]),
            step("client", &["connect", "127.0.0.1:443"]),
        ],
    },
    Case {
        rule: "Crypto mining outbound connection",
        priority: "Critical",
        place: Place::Container,
        act: step("worker", &["connect", "203.0.113.7:3333"]),
        fields: &[("fd.sip", "203.0.113.7"), ("fd.sport", "3333"), ("proc.name", "worker")],
        near: &[
            step("worker", &["connect", "203.0.113.7:8333"]),
            step("worker", &["connect", "127.0.0.1:3333"]),
            step("worker", &["connect", "10.96.0.1:3333"]),
        ],
    },
    Case {
        rule: "Crypto mining outbound connection",
        priority: "Critical",
        place: Place::Container,
        act: step("xmrig", &["connect", "203.0.113.7:9443"]),
        fields: &[("fd.sip", "203.0.113.7"), ("fd.sport", "9443"), ("proc.name", "xmrig")],
        near: &[step("xmrig", &["connect", "127.0.0.1:9443"])],
    },
    Case {
        rule: "Container escape via privileged mount",
        priority: "Critical",
        place: Place::Container,
        act: step("mounter", &["mount", "cgroup", "/mnt", "cgroup2"]),
        fields: &[("evt.arg.type", "cgroup2"), ("evt.arg.dir", "/mnt"), ("proc.name", "mounter")],
        near: &[step("mounter", &["mount", "tmpfs", "/mnt", "tmpfs"])],
    },
    Case {
        rule: "Fileless execution via memfd",
        priority: "Critical",
        place: Place::Host,
        act: step("loader", &["run-from-memory"]),
        fields: &[("proc.pname", "loader")],
        near: &[step("loader", &["memory-only"])],
    },
    Case {
        rule: "Fileless execution via memfd",
        priority: "Critical",
        place: Place::Container,
        act: step("loader", &["run-from-memory"]),
        fields: &[("proc.pname", "loader")],
        near: &[step("loader", &["memory-only"])],
    },
];
