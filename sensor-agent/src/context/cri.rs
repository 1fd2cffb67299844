//! CRI: what containerd and CRI-O know of a container that kubelet made, and of its pod.

mod proto;
mod sandbox;

use serde_json::Value;

pub(super) use self::sandbox::Sandboxes;

use self::{
    proto::{ContainerStatusRequest, ContainerStatusResponse, NODE, NamespaceOption},
    sandbox::Sandbox,
};
use super::{
    answer::{Answer, Failure, Keep, bounded, pod_of},
    grpc::Server,
    probes,
};
use crate::border::{
    Context,
    context::{Image, Mount},
};

/// The container `id`, or the sandbox itself if that is its id.
pub(super) async fn find(server: &Server, sandboxes: &Sandboxes, id: &str, keep: &Keep) -> Answer {
    let question = ContainerStatusRequest { container_id: id.to_owned(), verbose: true };
    match server.call("/runtime.v1.RuntimeService/ContainerStatus", question, None).await {
        Ok(told) => container(server, sandboxes, told, keep).await,
        Err(Failure::NotFound) => {
            let sandbox = sandboxes.get(server, id, keep).await?;
            Ok(bounded(of_sandbox(&sandbox)))
        }
        Err(failure) => Err(failure),
    }
}

async fn container(
    server: &Server,
    sandboxes: &Sandboxes,
    told: ContainerStatusResponse,
    keep: &Keep,
) -> Answer {
    let status = told.status.ok_or(Failure::NotFound)?;
    let info = info(told.info.get("info"));
    let mut context = Context {
        name: status.metadata.map(|metadata| metadata.name).unwrap_or_default(),
        image: image(&status.image.unwrap_or_default(), &status.image_ref, &status.image_id),
        mounts: status.mounts.into_iter().map(mount).collect(),
        privileged: is_privileged(&info),
        pod: pod_of(&status.labels),
        labels: keep.labels(status.labels),
        ..Context::default()
    };
    let sandbox_id = info.get("sandboxID").and_then(Value::as_str).unwrap_or_default();
    if !sandbox_id.is_empty() {
        match sandboxes.get(server, sandbox_id, keep).await {
            Ok(sandbox) => join(&mut context, &sandbox),
            // It went meanwhile: what the container's labels tell of the pod stays.
            Err(Failure::NotFound) => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(bounded(context))
}

fn of_sandbox(sandbox: &Sandbox) -> Context {
    let mut context =
        Context { image: Image::of(&sandbox.image), privileged: sandbox.privileged, ..Context::default() };
    join(&mut context, sandbox);
    context.name.clone_from(&sandbox.pod.name);
    context.labels.clone_from(&sandbox.pod.labels);
    context
}

/// Adds what the sandbox tells: the pod, its network and which namespaces are the host's.
fn join(context: &mut Context, sandbox: &Sandbox) {
    context.probes = probes::of_applied(&sandbox.applied, &context.name);
    context.ip.clone_from(&sandbox.pod.ip);
    context.cni_json.clone_from(&sandbox.pod.cni_json);
    context.pod = Some(sandbox.pod.clone());
    if let Some(NamespaceOption { network, pid, ipc }) = sandbox.namespaces {
        context.host_network = Some(network == NODE);
        context.host_pid = Some(pid == NODE);
        context.host_ipc = Some(ipc == NODE);
    }
}

/// The JSON that a runtime adds to a verbose answer.
fn info(text: Option<&String>) -> Value {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// containerd tells the configuration that kubelet gave, CRI-O a flag.
fn is_privileged(info: &Value) -> Option<bool> {
    let config = info.pointer("/config/linux/security_context");
    let of_config = config.map(|it| it.get("privileged").and_then(Value::as_bool).unwrap_or(false));
    info.get("privileged").and_then(Value::as_bool).or(of_config)
}

fn image(spec: &proto::ImageSpec, image_ref: &str, image_id: &str) -> Image {
    let asked = if spec.user_specified_image.is_empty() { &spec.image } else { &spec.user_specified_image };
    // containerd names an image by its id when it lost its name.
    let named = [asked, &spec.image].into_iter().find(|it| Image::of(it).id.is_empty());
    let mut image = Image::of(named.map_or(image_ref, String::as_str));
    for more in [spec.image.as_str(), image_ref, image_id] {
        image.complete(more);
    }
    image
}

fn mount(mount: proto::Mount) -> Mount {
    let propagation = match mount.propagation {
        0 => "private",
        1 => "rslave",
        2 => "rshared",
        _ => "unknown",
    };
    Mount {
        source: mount.host_path,
        destination: mount.container_path,
        mode: String::new(),
        is_writable: !mount.readonly,
        propagation: propagation.to_owned(),
    }
}
