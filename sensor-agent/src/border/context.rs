//! What runtimes and Kubernetes tell of a container, and the question for it. An answer is whole and replaces the one
//! before; whoever makes it bounds its texts, because images and labels are what a tenant chose.

use serde::{Deserialize, Serialize};

/// The sensor half saw a container that it knows nothing of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// The whole id, as the cgroup path has it.
    pub full_id: String,
    /// Which runtime the path looks like: `containerd`, `cri-o`, `docker`, `podman` ...
    pub runtime: String,
    /// containerd's namespace, where the path names one (`/NAMESPACE/ID`).
    pub namespace: Option<String>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// As it was asked for.
    pub full_id: String,
    /// `None`: no runtime that can be asked knows it.
    pub context: Option<Box<Context>>,
}

/// Somebody who tells of containers or pods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextSource {
    /// `CRI`, `containerd`, `Docker`, `Podman`, `Kubernetes`.
    pub kind: String,
    /// The socket, or the watch.
    pub place: String,
    /// Why it did not answer the last time.
    pub fault: Option<String>,
}

/// What a runtime tells of a container. Empty texts are unknown or not there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// `container.name`
    pub name: String,
    /// The image.
    pub image: Image,
    /// `container.labels`, sorted by name.
    pub labels: Labels,
    /// `container.mounts`
    pub mounts: Vec<Mount>,
    /// `container.privileged`
    pub privileged: Option<bool>,
    /// `container.host_pid`
    pub host_pid: Option<bool>,
    /// `container.host_network`
    pub host_network: Option<bool>,
    /// `container.host_ipc`
    pub host_ipc: Option<bool>,
    /// `container.ip`
    pub ip: String,
    /// `container.cni.json`
    pub cni_json: String,
    /// How it is looked after.
    pub probes: Probes,
    /// The pod that it is part of.
    pub pod: Option<Pod>,
}

/// Commands by which somebody outside looks whether a container is well.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probes {
    /// `container.healthcheck`; `NONE` where the image's was turned off.
    pub healthcheck: Option<Command>,
    /// `container.liveness_probe`
    pub liveness: Option<Command>,
    /// `container.readiness_probe`
    pub readiness: Option<Command>,
}

/// A program and its arguments.
pub type Command = Vec<String>;

/// Names and values.
pub type Labels = Vec<(String, String)>;

/// The image of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// `container.image`: the reference that was asked for.
    pub reference: String,
    /// `container.image.id`
    pub id: String,
    /// `container.image.repository`
    pub repository: String,
    /// `container.image.tag`
    pub tag: String,
    /// `container.image.digest`: `sha256:` and 64 digits.
    pub digest: String,
}

/// A mount of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// Path on the host, or name of a volume.
    pub source: String,
    /// Path in the container.
    pub destination: String,
    /// Runtime's word, often empty.
    pub mode: String,
    /// It can be written to.
    pub is_writable: bool,
    /// `private`, `rslave`, `rshared` ...
    pub propagation: String,
}

/// A pod as the runtime knows it: no API server is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pod {
    /// `k8s.pod.name`
    pub name: String,
    /// `k8s.ns.name`
    pub namespace: String,
    /// `k8s.pod.uid`
    pub uid: String,
    /// `k8s.pod.labels`, sorted by name.
    pub labels: Labels,
    /// `k8s.pod.annotation`, those that are wanted, sorted by name.
    pub annotations: Labels,
    /// `k8s.pod.full_sandbox_id`
    pub sandbox_id: String,
    /// `k8s.pod.ip`
    pub ip: String,
    /// `k8s.pod.cni.json`
    pub cni_json: String,
}

/// What the API server tells of a pod of this node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodTold {
    /// `metadata.uid`
    pub uid: String,
    /// `None`: it was deleted.
    pub facts: Option<Box<PodFacts>>,
}

/// A pod as the API server knows it. Empty texts are unknown or not there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodFacts {
    /// `k8smeta.pod.name`
    pub name: String,
    /// `k8smeta.ns.name`
    pub namespace: String,
    /// `k8smeta.pod.labels`, sorted by name.
    pub labels: Labels,
    /// `k8s.pod.annotation`, those that are wanted, sorted by name.
    pub annotations: Labels,
    /// Of those of its containers that have any, by their names.
    pub probes: Vec<(String, Probes)>,
    /// `spec.serviceAccountName`
    pub service_account: String,
    /// `spec.nodeName`
    pub node: String,
    /// `k8smeta.ns.uid`
    pub namespace_uid: String,
    /// `k8smeta.ns.labels`, sorted by name.
    pub namespace_labels: Labels,
    /// Its controller, that one's controller, and so on.
    pub owners: Vec<Owner>,
}

/// A controller.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// `ReplicaSet`, `Deployment`, `Job` ...
    pub kind: String,
    /// `metadata.name`
    pub name: String,
    /// `metadata.uid`
    pub uid: String,
    /// Sorted by name; empty also when they may not be read.
    pub labels: Labels,
}
