//! The walking vertical: one rule each on openat, execve and connect, from the system call to the JSON line.

use anyhow::{Context, Result, ensure};

use crate::sensor::{Sensor, Start};
use crate::stage::{Stage, Step};

const OPEN: &str = "An open";
const EXEC: &str = "An exec";
const CONNECT: &str = "A connect";

/// Rule, what is done, and output fields with their values.
type Act = (&'static str, Step, &'static [(&'static str, &'static str)]);

/// Adds the three rules.
#[must_use]
pub fn rules(start: Start) -> Start {
    let process = "%proc.name %proc.cmdline %proc.exepath %proc.pname %user.name %container.id";
    let of = |fields: &str| format!("{fields} {process}");
    start
        .rule(OPEN, "evt.type = openat and fd.name = /etc/passwd and proc.name = reader", &of("%fd.name"))
        .rule(EXEC, "evt.type = execve and proc.name = runner", &of("%evt.type"))
        .rule(
            CONNECT,
            "evt.type = connect and fd.sport = 3333",
            &of("%fd.name %fd.sip %fd.sport %fd.l4proto"),
        )
}

/// Performs the three acts and compares what was told of them.
pub fn check(sensor: &mut Sensor, stage: &dyn Stage) -> Result<()> {
    let acts: [Act; 3] = [
        (OPEN, Step { program: "reader", act: &["read", "/etc/passwd"] }, &[("fd.name", "/etc/passwd")]),
        (EXEC, Step { program: "runner", act: &["nothing"] }, &[("evt.type", "execve")]),
        (
            CONNECT,
            Step { program: "client", act: &["connect", "127.0.0.1:3333"] },
            &[("fd.sip", "127.0.0.1"), ("fd.sport", "3333"), ("fd.l4proto", "tcp")],
        ),
    ];
    for (rule, step, fields) in acts {
        let mut said = String::new();
        let alerts = sensor.observe(|mark| {
            said = [&[step.program][..], step.act, &[mark]].concat().join(" ");
            stage.perform(&step, mark)
        })?;
        let alert = alerts.iter().find(|alert| alert.rule == rule);
        let alert = alert.with_context(|| format!("{rule}: {step:?}: {alerts:?}"))?;
        let container_id = stage.container_id();
        let process = [
            ("proc.name", step.program),
            ("proc.cmdline", said.as_str()),
            ("user.name", "root"),
            ("container.id", container_id.as_str()),
        ];
        for (name, expected) in fields.iter().chain(&process) {
            let found = alert.field(name);
            ensure!(found == *expected, "{rule}: {name} is {found:?}, not {expected:?}");
        }
        ensure!(alert.priority == "Debug" && alert.missing().is_empty(), "{rule}: {alert:?}");
    }
    Ok(())
}
