//! Which container a cgroup path names: a pure function of the path, in the shapes that Falco's container plugin knows.
//!
//! | component | type |
//! |---|---|
//! | `libpod-ID`, `libpod-payload-ID` | podman |
//! | `docker-ID` | docker |
//! | `cri-containerd-ID`, `nerdctl-ID` | containerd |
//! | `crio-ID` | cri-o |
//! | `SLICE:cri-containerd:ID` and the other prefixes above (a systemd path under the cgroupfs driver) | as above |
//! | `ID` alone | docker below `docker`, containerd below `kubepods` and a namespace, else docker |
//! | `lxc/NAME`, `lxc.payload/NAME`, `lxc.payload.NAME` | lxc |
//! | `…NAME.libvirt-lxc`, `…-lxc\x2dNAME.scope`, `libvirt/lxc/NAME` | libvirt-lxc |
//! | `bpm-NAME` | bpm |
//! | `/NAMESPACE/NAME`, nothing of systemd's in either (`ctr run`) | containerd, [`Evidence::Weak`] |
//!
//! `ID` is 64 hexadecimal digits; each may end with `.scope`. The component nearest to the leaf decides, so a process in
//! a cgroup that its container made for itself (`ID/init.scope`) still is in the container, where Falco says `host`.

use crate::border::{Context, Wanted};

/// A container, as far as its cgroup path tells; names, images and pods are what runtimes tell of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Falco's `container.id`: the first 12 characters of an id of containerd, CRI-O, Docker or Podman, else the whole.
    pub id: String,
    /// Falco's `container.full_id`.
    pub full_id: String,
    /// Falco's `container.type`: `docker`, `containerd`, `cri-o`, `podman` ...
    pub runtime: &'static str,
    /// containerd's namespace, where the path names it.
    pub namespace: Option<String>,
}

/// Which containers there are for the rules (`container_engines`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Engines {
    /// Values of `container.type` whose paths are taken for those of the host.
    pub ignored: Vec<&'static str>,
    /// The one container that everything is in, and what is told of it (`container_engines.static`).
    pub fixed: Option<(Container, Box<Context>)>,
}

impl Engines {
    /// The container that `path` names.
    pub(super) fn find(&self, path: &[u8]) -> Option<(Container, Evidence)> {
        match &self.fixed {
            Some((fixed, _)) => Some((fixed.clone(), Evidence::Strong)),
            None => Container::in_cgroup(path).filter(|(found, _)| !self.ignored.contains(&found.runtime)),
        }
    }
}

/// How much a path's shape proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Only container runtimes make such a path.
    Strong,
    /// Host software makes such paths, too; a process that has no pid namespace of its own is none of a container.
    Weak,
}

const ID_DIGITS: usize = 64;
const REPORTED_CHARS: usize = 12;

/// What runtimes put before the id, and Falco's word for them.
const PREFIXES: [(&str, &str); 6] = [
    ("libpod-payload", "podman"),
    ("libpod", "podman"),
    ("docker", "docker"),
    ("cri-containerd", "containerd"),
    ("nerdctl", "containerd"),
    ("crio", "cri-o"),
];

/// First components that are no namespace of containerd's, though they have the form of one: parents that kubelet,
/// Podman, LXC, libvirt and old init systems make for cgroups of the host.
const HOST_PARENTS: [&str; 8] =
    ["kubepods", "kubelet", "podruntime", "libpod_parent", "lxc.monitor", "machine", "system", "user"];

impl Container {
    /// The container that `path` (root first) names, and how surely.
    pub fn in_cgroup(path: &[u8]) -> Option<(Self, Evidence)> {
        // Runtimes write ASCII; anything else is somebody's host cgroup.
        let path = str::from_utf8(path).ok()?;
        let mut rest = path.trim_end_matches('/');
        while let Some((above, component)) = rest.rsplit_once('/') {
            if let Some(found) = named_by(above, component) {
                return Some((found, Evidence::Strong));
            }
            rest = above;
        }
        in_namespace(path).map(|found| (found, Evidence::Weak))
    }

    /// The question for what the path does not tell.
    pub(super) fn wanted(&self) -> Wanted {
        let (full_id, runtime) = (self.full_id.clone(), self.runtime.to_owned());
        Wanted { full_id, runtime, namespace: self.namespace.clone() }
    }

    fn short(full_id: &str, runtime: &'static str) -> Self {
        let id = full_id.get(..REPORTED_CHARS).unwrap_or(full_id);
        Self { id: id.to_owned(), full_id: full_id.to_owned(), runtime, namespace: None }
    }

    fn within(self, namespace: Option<&str>) -> Self {
        Self { namespace: namespace.map(str::to_owned), ..self }
    }

    /// `container_engines.static`.
    pub fn fixed(id: &str) -> Self {
        Self::short(id, "static")
    }

    fn whole(name: &str, runtime: &'static str) -> Option<Self> {
        (!name.is_empty()).then(|| Self {
            id: name.to_owned(),
            full_id: name.to_owned(),
            runtime,
            namespace: None,
        })
    }
}

fn named_by(above: &str, component: &str) -> Option<Container> {
    let stem = component.strip_suffix(".scope").unwrap_or(component);
    if let Some(id) = stem.get(stem.len().saturating_sub(ID_DIGITS)..).filter(|id| is_id(id)) {
        let prefix = &stem[..stem.len() - ID_DIGITS];
        let runtime = runtime_of(above, prefix)?;
        let namespace =
            above.strip_prefix('/').filter(|above| runtime == "containerd" && !above.contains('/'));
        return Some(Container::short(id, runtime).within(namespace));
    }
    let parent = above.rsplit('/').next().unwrap_or_default();
    if parent == "lxc" && above.ends_with("/libvirt/lxc") {
        return Container::whole(component, "libvirt-lxc");
    }
    if ["lxc", "lxc.payload"].contains(&parent) {
        return Container::whole(component, "lxc");
    }
    if let Some(name) = component.strip_prefix("lxc.payload.") {
        return Container::whole(name, "lxc");
    }
    if let Some(name) = component.strip_suffix(".libvirt-lxc") {
        return Container::whole(name, "libvirt-lxc");
    }
    if stem != component
        && let Some((_, name)) = stem.split_once(r"-lxc\x2d")
    {
        return Container::whole(name, "libvirt-lxc");
    }
    Container::whole(stem.strip_prefix("bpm-")?, "bpm")
}

fn is_id(text: &str) -> bool {
    text.len() == ID_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The runtime that puts `prefix` before an id below `above`.
fn runtime_of(above: &str, prefix: &str) -> Option<&'static str> {
    if prefix.is_empty() {
        let is_namespace = above.matches('/').count() == 1 && above != "/docker";
        let is_kubernetes = above.split('/').any(|part| part.starts_with("kubepods"));
        return Some(if is_namespace || is_kubernetes { "containerd" } else { "docker" });
    }
    let word = match prefix.strip_suffix('-') {
        Some(word) => word,
        None => prefix.strip_suffix(':')?.rsplit_once(':')?.1,
    };
    PREFIXES.iter().find(|(known, _)| *known == word).map(|(_, runtime)| *runtime)
}

/// `/NAMESPACE/NAME`, and what a container makes below it.
fn in_namespace(path: &str) -> Option<Container> {
    let mut components = path.strip_prefix('/')?.split('/');
    let (namespace, name) = (components.next()?, components.next()?);
    let is_namespace = namespace
        .split(['.', '_', '-'])
        .all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let is_systemd = |part: &str| [".service", ".slice", ".scope"].iter().any(|end| part.ends_with(end));
    let is_name = (1..=ID_DIGITS).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_namespace || !is_name || is_systemd(namespace) || is_systemd(name) {
        return None;
    }
    let is_host = HOST_PARENTS.contains(&namespace);
    (!is_host).then(|| Container::short(name, "containerd").within(Some(namespace)))
}

#[cfg(test)]
mod tests;
