//! containerd's own interface: containers of `ctr` and nerdctl, and sandboxes before CRI knows them.

use std::collections::HashMap;

use super::{
    answer::{Answer, Failure, Keep, bounded, pod_of},
    grpc::Server,
    oci,
};
use crate::border::{Context, Wanted, context::Image};

/// Namespaces that are looked through when the cgroup path names none.
const MAX_NAMESPACES: usize = 16;
/// Where CRI keeps its containers.
const CRI_NAMESPACE: &str = "k8s.io";
/// The label by which CRI tells sandboxes from containers.
const CRI_KIND: &str = "io.cri-containerd.kind";

#[derive(Clone, PartialEq, prost::Message)]
struct GetRequest {
    /// Id of a container, name of an image.
    #[prost(string, tag = "1")]
    id: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct GetContainerResponse {
    #[prost(message, optional, tag = "1")]
    container: Option<Container>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Container {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(map = "string, string", tag = "2")]
    labels: HashMap<String, String>,
    #[prost(string, tag = "3")]
    image: String,
    #[prost(message, optional, tag = "5")]
    spec: Option<Any>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Any {
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ListNamespacesRequest {}

#[derive(Clone, PartialEq, prost::Message)]
struct ListNamespacesResponse {
    #[prost(message, repeated, tag = "1")]
    namespaces: Vec<Namespace>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Namespace {
    #[prost(string, tag = "1")]
    name: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct GetImageResponse {
    #[prost(message, optional, tag = "1")]
    image: Option<StoredImage>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct StoredImage {
    #[prost(message, optional, tag = "3")]
    target: Option<Descriptor>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Descriptor {
    #[prost(string, tag = "2")]
    digest: String,
}

/// The container that is asked for, in the namespace that its cgroup names or in any.
pub(super) async fn find(server: &Server, wanted: &Wanted, keep: &Keep) -> Answer {
    let namespaces = match &wanted.namespace {
        Some(namespace) => vec![namespace.clone()],
        None => namespaces(server).await?,
    };
    for namespace in namespaces {
        let question = GetRequest { id: wanted.full_id.clone() };
        let method = "/containerd.services.containers.v1.Containers/Get";
        match server.call::<_, GetContainerResponse>(method, question, Some(&namespace)).await {
            Ok(GetContainerResponse { container: Some(container) }) => {
                let digest = digest(server, &container.image, &namespace).await;
                return Ok(bounded(context(container, &digest, keep)));
            }
            Ok(_) | Err(Failure::NotFound) => {}
            Err(failure) => return Err(failure),
        }
    }
    Err(Failure::NotFound)
}

/// All namespaces, CRI's last: its containers are CRI's to tell.
async fn namespaces(server: &Server) -> Result<Vec<String>, Failure> {
    let method = "/containerd.services.namespaces.v1.Namespaces/List";
    let told: ListNamespacesResponse = server.call(method, ListNamespacesRequest {}, None).await?;
    let mut names: Vec<_> = told.namespaces.into_iter().map(|namespace| namespace.name).collect();
    names.sort_by_key(|name| name == CRI_NAMESPACE);
    names.truncate(MAX_NAMESPACES);
    Ok(names)
}

/// Digest of an image; empty when it is gone.
async fn digest(server: &Server, image: &str, namespace: &str) -> String {
    let question = GetRequest { id: image.to_owned() };
    let method = "/containerd.services.images.v1.Images/Get";
    let told = server.call::<_, GetImageResponse>(method, question, Some(namespace)).await;
    let image = told.ok().and_then(|told| told.image).and_then(|image| image.target);
    image.map(|target| target.digest).unwrap_or_default()
}

fn context(container: Container, digest: &str, keep: &Keep) -> Context {
    let spec = container.spec.map(|spec| oci::Spec::parse(&spec.value)).unwrap_or_default();
    let mut image = Image::of(&container.image);
    if image.digest.is_empty() {
        digest.clone_into(&mut image.digest);
    }
    let mut name = container.labels.get("nerdctl/name").unwrap_or(&container.id).clone();
    let mut pod = pod_of(&container.labels);
    let is_sandbox = container.labels.get(CRI_KIND).is_some_and(|kind| kind == "sandbox");
    if let Some(pod) = pod.as_mut().filter(|_| is_sandbox) {
        name.clone_from(&pod.name);
        pod.sandbox_id.clone_from(&container.id);
        let own = container.labels.iter().filter(|(name, _)| !name.starts_with("io."));
        let own = own.map(|(name, value)| (name.clone(), value.clone()));
        pod.labels = keep.labels(own.collect::<HashMap<_, _>>());
    }
    Context {
        name,
        image,
        mounts: spec.mounts(),
        privileged: spec.is_privileged(),
        host_pid: spec.is_on_host("pid"),
        host_network: spec.is_on_host("network"),
        host_ipc: spec.is_on_host("ipc"),
        pod,
        labels: keep.labels(container.labels),
        ..Context::default()
    }
}
