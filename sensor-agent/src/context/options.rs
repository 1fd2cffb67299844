//! Which runtimes are asked, and where: Falco's `container_engines` and the container plugin's `init_config`.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
};

use super::Kubernetes;

/// One engine of Falco's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    /// It is asked.
    pub is_enabled: bool,
    /// Sockets, without `HOST_ROOT`.
    pub sockets: Vec<String>,
}

/// Everything that the service needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// CRI: containerd, CRI-O, k3s.
    pub cri: Engine,
    /// containerd's own interface, for containers that no kubelet made. It is also tried at CRI's sockets.
    pub containerd: Engine,
    /// Docker.
    pub docker: Engine,
    /// Podman; beside its sockets those of users are asked, if they are the default ones.
    pub podman: Engine,
    /// `label_max_len`: labels with a longer value are left out.
    pub label_max_len: usize,
    /// Names of the pod annotations that are kept (`metadata.annotations`).
    pub annotations: Vec<String>,
    /// The API server, if it is asked.
    pub kubernetes: Option<Kubernetes>,
    /// Address of the cluster's API service (`KUBERNETES_SERVICE_HOST`), in a cluster.
    pub api: Option<IpAddr>,
    /// Where the host's file system is (`HOST_ROOT`); empty: here.
    pub host_root: String,
}

impl Engine {
    fn at(sockets: &[&str]) -> Self {
        Self { is_enabled: true, sockets: sockets.iter().map(|path| (*path).to_owned()).collect() }
    }

    /// Sockets, if it is asked.
    pub(super) fn sockets(&self) -> impl Iterator<Item = &str> {
        self.sockets.iter().map(String::as_str).filter(|_| self.is_enabled)
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cri: Engine::at(&[
                "/run/containerd/containerd.sock",
                "/run/crio/crio.sock",
                "/run/k3s/containerd/containerd.sock",
                "/run/host-containerd/containerd.sock",
            ]),
            containerd: Engine::at(&["/run/host-containerd/containerd.sock"]),
            docker: Engine::at(&["/var/run/docker.sock"]),
            podman: Engine::at(&["/run/podman/podman.sock"]),
            label_max_len: 100,
            annotations: Vec::new(),
            kubernetes: None,
            api: None,
            host_root: String::new(),
        }
    }
}

impl Options {
    /// Where a path of the host is for this process.
    pub(super) fn on_host(&self, path: &str) -> PathBuf {
        let root = self.host_root.trim_end_matches('/');
        if root.is_empty() { PathBuf::from(path) } else { Path::new(root).join(path.trim_start_matches('/')) }
    }
}
