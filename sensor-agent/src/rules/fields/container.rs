//! `container.*` and the container plugin's `proc.*`. The cgroup path tells id and runtime; names, images and mounts come
//! with the runtime's answer and are absent without one. On the host texts are empty and flags false.

mod mount;
mod probe;

use super::{Arg, ArgKind, Context, Field, Get, flag, process_get::pidns_start, table::field};
use crate::{
    border::{Context as Told, context::Labels},
    enrich::Metadata,
    rules::{
        Type::{self, AbsTime, Bool, CharBuf, RelTime},
        Value,
        text::Text,
    },
};

const PLUGIN: u16 = flag::PLUGIN;
const SUGGESTED: u16 = flag::PLUGIN | flag::SUGGESTED;

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
    told("container.name", CharBuf, "Name of the container; host outside of containers.", |c, _| {
        text(c, "host", |it| &it.name)
    })
    .with(flag::SUGGESTED),
    told("container.image", CharBuf, "Image of the container.", |c, _| text(c, "", |it| &it.image.reference)),
    told("container.image.id", CharBuf, "Id of the image.", |c, _| text(c, "", |it| &it.image.id)),
    field("container.type", CharBuf, "Runtime of the container; host outside of containers.", |c, _| {
        Some(Value::str(c.event.actor.container.as_ref().map_or("host", |container| container.runtime)))
    })
    .with(PLUGIN),
    told("container.privileged", Bool, "Whether the container is privileged.", |c, _| {
        truth(c, |it| it.privileged)
    }),
    told(
        "container.mounts",
        CharBuf,
        "Mounts of the container: source:destination:mode:writable:propagation.",
        |c, _| mount::all(c),
    ),
    told("container.mount", CharBuf, "One mount, by number or source.", mount::whole)
        .required(ArgKind::Either),
    told("container.mount.source", CharBuf, "Source of a mount, by number or destination.", mount::source)
        .required(ArgKind::Either),
    told("container.mount.dest", CharBuf, "Destination of a mount, by number or source.", mount::destination)
        .required(ArgKind::Either),
    told("container.mount.mode", CharBuf, "Mode of a mount, by number or source.", mount::mode)
        .required(ArgKind::Either),
    told(
        "container.mount.rdwr",
        CharBuf,
        "Whether a mount is writable, by number or source.",
        mount::writable,
    )
    .required(ArgKind::Either),
    told(
        "container.mount.propagation",
        CharBuf,
        "Propagation of a mount, by number or source.",
        mount::propagation,
    )
    .required(ArgKind::Either),
    told("container.image.repository", CharBuf, "Repository of the image.", |c, _| {
        text(c, "", |it| &it.image.repository)
    })
    .with(flag::SUGGESTED),
    told("container.image.tag", CharBuf, "Tag of the image.", |c, _| text(c, "", |it| &it.image.tag))
        .with(flag::SUGGESTED),
    told("container.image.digest", CharBuf, "Digest of the image.", |c, _| {
        text(c, "", |it| &it.image.digest)
    }),
    told("container.healthcheck", CharBuf, "Command of the container's health check.", |c, _| {
        probe::line(c, |it| it.healthcheck.as_ref())
    }),
    told("container.liveness_probe", CharBuf, "Command of the container's liveness probe.", |c, _| {
        probe::line(c, |it| it.liveness.as_ref())
    }),
    told("container.readiness_probe", CharBuf, "Command of the container's readiness probe.", |c, _| {
        probe::line(c, |it| it.readiness.as_ref())
    }),
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
    told("container.ip", CharBuf, "First IPv4 address of the container.", |c, _| text(c, "", |it| &it.ip)),
    told("container.cni.json", CharBuf, "Result of the container's network set-up.", |c, _| {
        text(c, "", |it| &it.cni_json)
    }),
    told("container.host_pid", Bool, "Whether the container shares the host's pid namespace.", |c, _| {
        truth(c, |it| it.host_pid)
    }),
    told(
        "container.host_network",
        Bool,
        "Whether the container shares the host's network namespace.",
        |c, _| truth(c, |it| it.host_network),
    ),
    told("container.host_ipc", Bool, "Whether the container shares the host's IPC namespace.", |c, _| {
        truth(c, |it| it.host_ipc)
    }),
    told("container.label", CharBuf, "One label of the container.", |c, arg| {
        label(&c.event.metadata.told()?.labels, arg)
    })
    .required(ArgKind::Key),
    told(
        "container.labels",
        CharBuf,
        "Labels of the container: name:value, comma separated.",
        |c, _| match c.event.metadata {
            Metadata::Host => Some(Value::str("")),
            metadata => Some(labels(c, &metadata.told()?.labels, |name| {
                !["io.kubernetes.", "annotation."].iter().any(|prefix| name.starts_with(prefix))
            })),
        },
    ),
    field(
        "container.metadata",
        CharBuf,
        "What is known of the container: resolved, pending, timed_out, unknown or host.",
        |c, _| Some(Value::str(c.event.metadata.label())),
    )
    .with(PLUGIN | flag::CONTEXT | flag::HIDDEN),
    told("proc.is_container_healthcheck", Bool, "Whether a health check started the process.", |c, _| {
        probe::is_of(c, |it| it.healthcheck.as_ref())
    }),
    told(
        "proc.is_container_liveness_probe",
        Bool,
        "Whether a liveness probe started the process.",
        |c, _| probe::is_of(c, |it| it.liveness.as_ref()),
    ),
    told(
        "proc.is_container_readiness_probe",
        Bool,
        "Whether a readiness probe started the process.",
        |c, _| probe::is_of(c, |it| it.readiness.as_ref()),
    ),
];

/// A row of what runtimes tell.
pub(super) const fn told(name: &'static str, ty: Type, doc: &'static str, get: Get) -> Field {
    field(name, ty, doc, get).with(PLUGIN | flag::CONTEXT)
}

/// Falco's `container.id`.
pub(super) fn id<'a>(c: &Context<'a>) -> &'a str {
    c.event.actor.container.as_ref().map_or("host", |container| &container.id)
}

/// What was told, `host` on the host, absent when nothing was.
fn text<'a>(c: &Context<'a>, host: &'static str, read: fn(&'a Told) -> &'a str) -> Option<Value<'a>> {
    match c.event.metadata {
        Metadata::Host => Some(Value::str(host)),
        metadata => metadata.told().map(|told| Value::str(read(told))),
    }
}

fn truth<'a>(c: &Context<'a>, read: fn(&Told) -> Option<bool>) -> Option<Value<'a>> {
    match c.event.metadata {
        Metadata::Host => Some(Value::Bool(false)),
        metadata => read(metadata.told()?).map(Value::Bool),
    }
}

/// The label that the argument names.
pub(super) fn label<'a>(labels: &'a Labels, arg: &Arg) -> Option<Value<'a>> {
    let Arg::Key(name) = arg else { return None };
    labels.iter().find(|(known, _)| known == name).map(|(_, value)| Value::str(value))
}

/// `name:value, name:value` of the labels that `is_shown` lets pass.
pub(super) fn labels<'a>(c: &Context<'a>, labels: &Labels, is_shown: fn(&str) -> bool) -> Value<'a> {
    let mut all = Text::new(c.arena);
    for (name, value) in labels.iter().filter(|(name, _)| is_shown(name)) {
        all.separate(b", ").push(name.as_bytes()).push(b":").push(value.as_bytes());
    }
    Value::Text(all.finish())
}
