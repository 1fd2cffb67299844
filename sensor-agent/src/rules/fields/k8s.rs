//! `k8s.*` of the container plugin: what the runtime tells of the container's pod. Absent on the host, of containers that
//! are in no pod, and while nothing was told.

use super::{
    ArgKind, Context, Field,
    container::{label, labels, told},
    flag, k8smeta,
    table::absent,
};
use crate::{
    border::context::Pod,
    rules::{Type::CharBuf, Value},
};

const DEAD: &str = "never supplied by Falco's plugin either";
/// As of `container.id`.
const SHORT: usize = 12;

const fn dead(name: &'static str, doc: &'static str) -> Field {
    absent(name, CharBuf, doc, DEAD).with(flag::PLUGIN)
}

fn pod<'a>(c: &Context<'a>) -> Option<&'a Pod> {
    c.event.metadata.told()?.pod.as_ref()
}

fn text<'a>(c: &Context<'a>, read: fn(&'a Pod) -> &'a str) -> Option<Value<'a>> {
    pod(c).map(|pod| Value::str(read(pod)))
}

fn short(id: &str) -> &str {
    id.get(..SHORT).unwrap_or(id)
}

pub(super) static FIELDS: &[Field] = &[
    told("k8s.pod.name", CharBuf, "Name of the pod.", |c, _| text(c, |pod| &pod.name)).with(flag::SUGGESTED),
    told("k8s.ns.name", CharBuf, "Namespace of the pod.", |c, _| text(c, |pod| &pod.namespace))
        .with(flag::SUGGESTED),
    told("k8s.pod.id", CharBuf, "The same as k8s.pod.uid.", |c, _| text(c, |pod| &pod.uid)),
    told("k8s.pod.uid", CharBuf, "Id of the pod in Kubernetes.", |c, _| text(c, |pod| &pod.uid)),
    told("k8s.pod.sandbox_id", CharBuf, "First 12 characters of the id of the pod's sandbox.", |c, _| {
        text(c, |pod| short(&pod.sandbox_id))
    }),
    told("k8s.pod.full_sandbox_id", CharBuf, "Whole id of the pod's sandbox.", |c, _| {
        text(c, |pod| &pod.sandbox_id)
    }),
    told("k8s.pod.label", CharBuf, "One label of the pod.", |c, arg| label(&pod(c)?.labels, arg))
        .required(ArgKind::Key),
    told("k8s.pod.labels", CharBuf, "Labels of the pod: name:value, comma separated.", |c, _| {
        Some(labels(c, &pod(c)?.labels, |_| true))
    }),
    told(
        "k8s.pod.annotation",
        CharBuf,
        "One of the pod's annotations that metadata.annotations names.",
        |c, arg| {
            // What the API server tells is of now, the runtime's of the pod's start.
            let now = k8smeta::facts(c).map(|facts| &facts.annotations);
            label(now.or_else(|| Some(&pod(c)?.annotations))?, arg)
        },
    )
    .required(ArgKind::Key)
    .with(flag::HIDDEN),
    told("k8s.pod.ip", CharBuf, "First IPv4 address of the pod.", |c, _| text(c, |pod| &pod.ip)),
    told("k8s.pod.cni.json", CharBuf, "Result of the pod's network set-up.", |c, _| {
        text(c, |pod| &pod.cni_json)
    }),
    dead("k8s.rc.name", "Name of the pod's replication controller."),
    dead("k8s.rc.id", "Id of the pod's replication controller."),
    dead("k8s.rc.label", "One label of the pod's replication controller.").required(ArgKind::Key),
    dead("k8s.rc.labels", "Labels of the pod's replication controller."),
    dead("k8s.svc.name", "Name of the pod's service."),
    dead("k8s.svc.id", "Id of the pod's service."),
    dead("k8s.svc.label", "One label of the pod's service.").required(ArgKind::Key),
    dead("k8s.svc.labels", "Labels of the pod's service."),
    dead("k8s.ns.id", "Id of the pod's namespace."),
    dead("k8s.ns.label", "One label of the pod's namespace.").required(ArgKind::Key),
    dead("k8s.ns.labels", "Labels of the pod's namespace."),
    dead("k8s.rs.name", "Name of the pod's replica set."),
    dead("k8s.rs.id", "Id of the pod's replica set."),
    dead("k8s.rs.label", "One label of the pod's replica set.").required(ArgKind::Key),
    dead("k8s.rs.labels", "Labels of the pod's replica set."),
    dead("k8s.deployment.name", "Name of the pod's deployment."),
    dead("k8s.deployment.id", "Id of the pod's deployment."),
    dead("k8s.deployment.label", "One label of the pod's deployment.").required(ArgKind::Key),
    dead("k8s.deployment.labels", "Labels of the pod's deployment."),
];
