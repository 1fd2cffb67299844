//! `container.*` and the container plugin's `proc.*`. The cgroup path tells id and runtime; names, images and mounts come
//! with the runtime look-up and are absent until then. On the host texts are empty and flags false.

use super::{
    ArgKind, Context, Field, flag,
    process_get::pidns_start,
    table::{absent, field},
};
use crate::rules::{
    Type::{AbsTime, Bool, CharBuf, RelTime},
    Value,
};

const PLUGIN: u16 = flag::PLUGIN;
const SUGGESTED: u16 = flag::PLUGIN | flag::SUGGESTED;
const NO_RUNTIME: &str = "runtimes are not asked yet";
const DEAD: &str = "never supplied by Falco's plugin either";

pub(super) static FIELDS: &[Field] = &[
    field(
        "container.id",
        CharBuf,
        "First 12 characters of the container's id; host outside of containers.",
        |c, _| Some(Value::str(id(c))),
    )
    .with(SUGGESTED),
    field("container.full_id", CharBuf, "Whole id of the container; host outside of containers.", |c, _| {
        Some(Value::str(c.event.actor.container.as_ref().map_or("host", |container| &container.full_id)))
    })
    .with(PLUGIN),
    field("container.name", CharBuf, "Name of the container; host outside of containers.", |c, _| {
        on_host(c, Value::str("host"))
    })
    .with(SUGGESTED),
    text("container.image", "Image of the container."),
    text("container.image.id", "Id of the image."),
    field("container.type", CharBuf, "Runtime of the container; host outside of containers.", |c, _| {
        Some(Value::str(c.event.actor.container.as_ref().map_or("host", |container| container.runtime)))
    })
    .with(PLUGIN),
    flags("container.privileged", "Whether the container is privileged."),
    text("container.mounts", "Mounts of the container: source:destination:mode:writable:propagation."),
    mount("container.mount", "One mount, by number or source."),
    mount("container.mount.source", "Source of a mount, by number or destination."),
    mount("container.mount.dest", "Destination of a mount, by number or source."),
    mount("container.mount.mode", "Mode of a mount, by number or source."),
    mount("container.mount.rdwr", "Whether a mount is writable, by number or source."),
    mount("container.mount.propagation", "Propagation of a mount, by number or source."),
    text("container.image.repository", "Repository of the image.").with(flag::SUGGESTED),
    text("container.image.tag", "Tag of the image.").with(flag::SUGGESTED),
    text("container.image.digest", "Digest of the image."),
    absent("container.healthcheck", CharBuf, "Health check of the container.", DEAD).with(PLUGIN),
    absent("container.liveness_probe", CharBuf, "Liveness probe of the container.", DEAD).with(PLUGIN),
    absent("container.readiness_probe", CharBuf, "Readiness probe of the container.", DEAD).with(PLUGIN),
    field(
        "container.start_ts",
        AbsTime,
        "When the container's first process started, ns since the epoch.",
        |c, _| {
            c.event.actor.container.as_ref()?;
            pidns_start(c).map(Value::U64)
        },
    )
    .with(PLUGIN),
    field("container.duration", RelTime, "Time since container.start_ts, ns.", |c, _| {
        c.event.actor.container.as_ref()?;
        Some(Value::U64(c.event.time_ns.saturating_sub(pidns_start(c)?)))
    })
    .with(PLUGIN),
    text("container.ip", "First IPv4 address of the container."),
    text("container.cni.json", "Result of the container's network set-up."),
    flags("container.host_pid", "Whether the container shares the host's pid namespace."),
    flags("container.host_network", "Whether the container shares the host's network namespace."),
    flags("container.host_ipc", "Whether the container shares the host's IPC namespace."),
    absent("container.label", CharBuf, "One label of the container.", NO_RUNTIME)
        .required(ArgKind::Key)
        .with(PLUGIN),
    text("container.labels", "Labels of the container: name:value, comma separated."),
    absent("proc.is_container_healthcheck", Bool, "Whether a health check started the process.", DEAD)
        .with(PLUGIN),
    absent("proc.is_container_liveness_probe", Bool, "Whether a liveness probe started the process.", DEAD)
        .with(PLUGIN),
    absent("proc.is_container_readiness_probe", Bool, "Whether a readiness probe started the process.", DEAD)
        .with(PLUGIN),
];

/// Falco's `container.id`.
pub(super) fn id<'a>(c: &Context<'a>) -> &'a str {
    c.event.actor.container.as_ref().map_or("host", |container| &container.id)
}

fn on_host<'a>(c: &Context<'a>, value: Value<'a>) -> Option<Value<'a>> {
    c.event.actor.container.is_none().then_some(value)
}

const fn text(name: &'static str, doc: &'static str) -> Field {
    field(name, CharBuf, doc, |c, _| on_host(c, Value::str(""))).with(PLUGIN)
}

const fn flags(name: &'static str, doc: &'static str) -> Field {
    field(name, Bool, doc, |c, _| on_host(c, Value::Bool(false))).with(PLUGIN)
}

const fn mount(name: &'static str, doc: &'static str) -> Field {
    absent(name, CharBuf, doc, NO_RUNTIME).required(ArgKind::Either).with(PLUGIN)
}
