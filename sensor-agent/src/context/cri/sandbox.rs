//! Sandboxes of pods. containerd asks the sandbox's shim for a verbose answer, which takes some 30 ms while a container is being
//! started; nothing of the answer changes while the sandbox runs, so it is kept for the pod's containers.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

use lru::LruCache;
use serde_json::Value;

use super::{
    info, is_privileged,
    proto::{NamespaceOption, PodSandboxStatus, PodSandboxStatusRequest, PodSandboxStatusResponse},
};
use crate::{
    border::context::Pod,
    context::{
        answer::{Failure, Keep},
        grpc::Server,
        probes,
    },
};

/// Sandboxes that are kept; kubelet runs 110 on a node unless told otherwise.
const CAPACITY: NonZeroUsize = NonZeroUsize::MIN.saturating_add(511);
/// What a tenant may have kept of one sandbox, bytes. Larger ones are asked for each time.
const TEXT_BYTES: usize = 16 << 10;
/// `PodSandboxState.SANDBOX_READY`: it has its network.
const READY: i32 = 0;

/// What CRI tells of one.
#[derive(Debug)]
pub(super) struct Sandbox {
    pub(super) pod: Pod,
    pub(super) image: String,
    pub(super) privileged: Option<bool>,
    pub(super) namespaces: Option<NamespaceOption>,
    /// [`probes::APPLIED`], or empty.
    pub(super) applied: String,
}

/// Those of one runtime, by id.
#[derive(Debug)]
pub(in crate::context) struct Sandboxes(Mutex<LruCache<String, Arc<Sandbox>>>);

impl Default for Sandboxes {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(CAPACITY)))
    }
}

impl Sandboxes {
    /// The sandbox `id`, as it was told once or is told now.
    pub(super) async fn get(&self, server: &Server, id: &str, keep: &Keep) -> Result<Arc<Sandbox>, Failure> {
        if let Some(known) = self.known().get(id) {
            return Ok(Arc::clone(known));
        }
        let question = PodSandboxStatusRequest { pod_sandbox_id: id.to_owned(), verbose: true };
        let told: PodSandboxStatusResponse =
            server.call("/runtime.v1.RuntimeService/PodSandboxStatus", question, None).await?;
        let info = info(told.info.get("info"));
        let status = told.status.ok_or(Failure::NotFound)?;
        let is_ready = status.state == READY;
        let sandbox = Arc::new(Sandbox::of(status, &info, keep));
        if is_ready && sandbox.text_bytes() <= TEXT_BYTES {
            self.known().put(id.to_owned(), Arc::clone(&sandbox));
        }
        Ok(sandbox)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, LruCache<String, Arc<Sandbox>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sandbox {
    fn of(mut status: PodSandboxStatus, info: &Value, keep: &Keep) -> Self {
        let cni = info.get("cniResult").filter(|it| !it.is_null()).map(Value::to_string);
        let network = status.network.unwrap_or_default();
        let mut addresses =
            std::iter::once(network.ip).chain(network.additional_ips.into_iter().map(|it| it.ip));
        let metadata = status.metadata.unwrap_or_default();
        let applied = status.annotations.remove(probes::APPLIED).unwrap_or_default();
        let pod = Pod {
            name: metadata.name,
            namespace: metadata.namespace,
            uid: metadata.uid,
            labels: keep.labels(status.labels),
            annotations: keep.annotations(status.annotations),
            sandbox_id: status.id,
            ip: addresses.find(|ip| ip.parse::<std::net::Ipv4Addr>().is_ok()).unwrap_or_default(),
            cni_json: cni.unwrap_or_default(),
        };
        let image = info.get("image").and_then(Value::as_str).unwrap_or_default().to_owned();
        let namespaces = status.linux.and_then(|linux| linux.namespaces).and_then(|it| it.options);
        Self { pod, image, privileged: is_privileged(info), namespaces, applied }
    }

    fn text_bytes(&self) -> usize {
        let Pod { name, namespace, uid, labels, annotations, sandbox_id, ip, cni_json } = &self.pod;
        let texts = [name, namespace, uid, sandbox_id, ip, cni_json, &self.image, &self.applied];
        let pairs = labels.iter().chain(annotations).map(|(name, value)| name.len() + value.len());
        texts.into_iter().map(String::len).chain(pairs).sum()
    }
}
