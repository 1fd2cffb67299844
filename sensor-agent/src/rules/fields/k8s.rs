//! `k8s.*` of the container plugin: what the runtime tells of the container's pod. Absent until runtimes are asked; on the
//! host always.

use super::{ArgKind, Field, flag, table::absent};
use crate::rules::Type::CharBuf;

const NO_RUNTIME: &str = "runtimes are not asked yet";
const DEAD: &str = "never supplied by Falco's plugin either";

const fn pod(name: &'static str, doc: &'static str) -> Field {
    absent(name, CharBuf, doc, NO_RUNTIME).with(flag::PLUGIN)
}

const fn dead(name: &'static str, doc: &'static str) -> Field {
    absent(name, CharBuf, doc, DEAD).with(flag::PLUGIN)
}

pub(super) static FIELDS: &[Field] = &[
    pod("k8s.pod.name", "Name of the pod.").with(flag::SUGGESTED),
    pod("k8s.ns.name", "Namespace of the pod.").with(flag::SUGGESTED),
    pod("k8s.pod.id", "The same as k8s.pod.uid."),
    pod("k8s.pod.uid", "Id of the pod in Kubernetes."),
    pod("k8s.pod.sandbox_id", "First 12 characters of the id of the pod's sandbox."),
    pod("k8s.pod.full_sandbox_id", "Whole id of the pod's sandbox."),
    pod("k8s.pod.label", "One label of the pod.").required(ArgKind::Key),
    pod("k8s.pod.labels", "Labels of the pod: name:value, comma separated."),
    pod("k8s.pod.ip", "First IPv4 address of the pod."),
    pod("k8s.pod.cni.json", "Result of the pod's network set-up."),
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
