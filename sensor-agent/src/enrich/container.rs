//! Which container a cgroup path names.

/// A container, as far as its cgroup path tells. Names, images and pods come from runtimes with a later piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Falco's `container.id`: 12 characters of a 64-digit id, else the whole.
    pub id: String,
    /// Falco's `container.full_id`.
    pub full_id: String,
    /// Falco's `container.type`: `docker`, `containerd`, `cri-o`, `podman` ...
    pub runtime: &'static str,
}
