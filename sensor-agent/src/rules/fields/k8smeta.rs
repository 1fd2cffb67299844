//! `k8smeta.*`: what the API server tells of the container's pod, its namespace and its controllers, with the names of
//! Falco's k8smeta plugin and a few of our own. Absent without an API server, as are those of no pod.

use super::{
    Arg, ArgKind, Context, Field, Get,
    container::{label, labels, told},
    flag,
};
use crate::{
    border::{PodFacts, context::Owner},
    rules::{Type::CharBuf, Value},
};

const fn row(name: &'static str, doc: &'static str, get: Get) -> Field {
    told(name, CharBuf, doc, get).with(flag::HIDDEN)
}

pub(super) fn facts<'a>(c: &Context<'a>) -> Option<&'a PodFacts> {
    c.event.state.pod_facts(&c.event.metadata.told()?.pod.as_ref()?.uid)
}

fn text<'a>(c: &Context<'a>, read: fn(&'a PodFacts) -> &'a str) -> Option<Value<'a>> {
    facts(c).map(read).filter(|text| !text.is_empty()).map(Value::str)
}

fn owner<'a>(c: &Context<'a>, kind: &str) -> Option<&'a Owner> {
    facts(c)?.owners.iter().find(|owner| owner.kind == kind)
}

fn top<'a>(c: &Context<'a>) -> Option<&'a Owner> {
    facts(c)?.owners.last()
}

fn name<'a>(c: &Context<'a>, kind: &str) -> Option<Value<'a>> {
    owner(c, kind).map(|owner| Value::str(&owner.name))
}

fn uid<'a>(c: &Context<'a>, kind: &str) -> Option<Value<'a>> {
    owner(c, kind).map(|owner| Value::str(&owner.uid))
}

fn one<'a>(c: &Context<'a>, kind: &str, arg: &Arg) -> Option<Value<'a>> {
    label(&owner(c, kind)?.labels, arg)
}

fn all<'a>(c: &Context<'a>, kind: &str) -> Option<Value<'a>> {
    Some(labels(c, &owner(c, kind)?.labels, |_| true))
}

pub(super) static FIELDS: &[Field] = &[
    row("k8smeta.pod.name", "Name of the pod.", |c, _| text(c, |it| &it.name)),
    row("k8smeta.pod.uid", "Id of the pod.", |c, _| {
        facts(c)?;
        Some(Value::str(&c.event.metadata.told()?.pod.as_ref()?.uid))
    }),
    row("k8smeta.pod.label", "One label of the pod.", |c, arg| label(&facts(c)?.labels, arg))
        .required(ArgKind::Key),
    row("k8smeta.pod.labels", "Labels of the pod.", |c, _| Some(labels(c, &facts(c)?.labels, |_| true))),
    row("k8smeta.pod.ip", "First IPv4 address of the pod.", |c, _| {
        facts(c)?;
        Some(Value::str(&c.event.metadata.told()?.pod.as_ref()?.ip))
    }),
    row("k8smeta.pod.serviceaccount", "Service account of the pod.", |c, _| {
        text(c, |it| &it.service_account)
    }),
    row("k8smeta.pod.node", "Node of the pod.", |c, _| text(c, |it| &it.node)),
    row("k8smeta.ns.name", "Name of the pod's namespace.", |c, _| text(c, |it| &it.namespace)),
    row("k8smeta.ns.uid", "Id of the pod's namespace.", |c, _| text(c, |it| &it.namespace_uid)),
    row("k8smeta.ns.label", "One label of the pod's namespace.", |c, arg| {
        label(&facts(c)?.namespace_labels, arg)
    })
    .required(ArgKind::Key),
    row("k8smeta.ns.labels", "Labels of the pod's namespace.", |c, _| {
        Some(labels(c, &facts(c)?.namespace_labels, |_| true))
    }),
    row("k8smeta.deployment.name", "Name of the pod's deployment.", |c, _| name(c, "Deployment")),
    row("k8smeta.deployment.uid", "Id of the pod's deployment.", |c, _| uid(c, "Deployment")),
    row("k8smeta.deployment.label", "One label of the pod's deployment.", |c, arg| one(c, "Deployment", arg))
        .required(ArgKind::Key),
    row("k8smeta.deployment.labels", "Labels of the pod's deployment.", |c, _| all(c, "Deployment")),
    row("k8smeta.rs.name", "Name of the pod's replica set.", |c, _| name(c, "ReplicaSet")),
    row("k8smeta.rs.uid", "Id of the pod's replica set.", |c, _| uid(c, "ReplicaSet")),
    row("k8smeta.rs.label", "One label of the pod's replica set.", |c, arg| one(c, "ReplicaSet", arg))
        .required(ArgKind::Key),
    row("k8smeta.rs.labels", "Labels of the pod's replica set.", |c, _| all(c, "ReplicaSet")),
    row("k8smeta.rc.name", "Name of the pod's replication controller.", |c, _| {
        name(c, "ReplicationController")
    }),
    row("k8smeta.rc.uid", "Id of the pod's replication controller.", |c, _| uid(c, "ReplicationController")),
    row("k8smeta.rc.label", "One label of the pod's replication controller.", |c, arg| {
        one(c, "ReplicationController", arg)
    })
    .required(ArgKind::Key),
    row("k8smeta.rc.labels", "Labels of the pod's replication controller.", |c, _| {
        all(c, "ReplicationController")
    }),
    row("k8smeta.owner.kind", "Kind of what the pod belongs to in the end: Deployment, CronJob.", |c, _| {
        top(c).map(|owner| Value::str(&owner.kind))
    }),
    row("k8smeta.owner.name", "Name of what the pod belongs to in the end.", |c, _| {
        top(c).map(|owner| Value::str(&owner.name))
    }),
    row("k8smeta.owner.label", "One label of what the pod belongs to in the end.", |c, arg| {
        label(&top(c)?.labels, arg)
    })
    .required(ArgKind::Key),
];
