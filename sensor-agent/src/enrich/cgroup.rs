//! Cgroups by id: records tell a path once (mkdir, exec, snapshot), later ones only the id.

use std::{num::NonZeroUsize, sync::Arc};

use lru::LruCache;
use rustc_hash::FxBuildHasher;

use super::{
    Container,
    container::{Engines, Evidence},
    process::{Bytes, INITIAL_PID_NS},
};

/// Cgroups that are remembered, about 200 bytes each (1.5 KiB at most). A node with 250 pods has some 1,500.
const CAPACITY: NonZeroUsize = NonZeroUsize::MIN.saturating_add(8191);

/// A cgroup and the container its path names; clones share both.
#[derive(Clone, Debug)]
pub(super) struct Cgroup {
    /// Root first.
    pub(super) path: Bytes,
    container: Option<(Arc<Container>, Evidence)>,
}

impl Cgroup {
    /// The container that the path alone proves.
    pub(super) fn sure_container(&self) -> Option<&Arc<Container>> {
        match &self.container {
            Some((container, Evidence::Strong)) => Some(container),
            _ => None,
        }
    }

    /// The container of a process in this cgroup and in the pid namespace with inode number `pid_ns`.
    pub(super) fn container(&self, pid_ns: u32) -> Option<Arc<Container>> {
        match &self.container {
            Some((_, Evidence::Weak)) if pid_ns == INITIAL_PID_NS => None,
            found => found.as_ref().map(|(container, _)| Arc::clone(container)),
        }
    }
}

/// The most recently used cgroups. v1 ids are unique inside their hierarchy only, so both make the key.
#[derive(Debug)]
pub(super) struct Cgroups {
    by_id: LruCache<(u32, u64), Cgroup, FxBuildHasher>,
    engines: Engines,
    /// Where a path is turned round, kept for its capacity.
    path: Vec<u8>,
}

impl Cgroups {
    pub(super) fn new() -> Self {
        let by_id = LruCache::with_hasher(CAPACITY, FxBuildHasher);
        Self { by_id, engines: Engines::default(), path: Vec::new() }
    }

    /// Containers are those from now on.
    pub(super) fn recognise(&mut self, engines: Engines) {
        self.by_id.clear();
        self.engines = engines;
    }

    /// The container of whatever is in a cgroup that nobody told of, where there is only one.
    pub(super) fn fixed(&self) -> Option<Arc<Container>> {
        self.engines.fixed.as_ref().map(|(container, _)| Arc::new(container.clone()))
    }

    /// Learns a cgroup from its components as a record has them: leaf first, each with a NUL behind it.
    pub(super) fn learn(&mut self, hierarchy: u32, id: u64, leaf_first: &[u8]) -> &Cgroup {
        self.path.clear();
        let components = leaf_first.strip_suffix(&[0]).unwrap_or(leaf_first);
        for component in components.rsplit(|byte| *byte == 0).filter(|component| !component.is_empty()) {
            self.path.push(b'/');
            self.path.extend_from_slice(component);
        }
        if self.path.is_empty() {
            self.path.push(b'/');
        }
        let (path, engines) = (self.path.as_slice(), &self.engines);
        let known = self.by_id.get_or_insert_mut((hierarchy, id), || Cgroup::at(path, engines));
        if *known.path != *path {
            *known = Cgroup::at(path, engines);
        }
        known
    }

    /// The cgroup, if a record told of it.
    pub(super) fn get(&mut self, hierarchy: u32, id: u64) -> Option<&Cgroup> {
        self.by_id.get(&(hierarchy, id))
    }
}

impl Cgroup {
    fn at(path: &[u8], engines: &Engines) -> Self {
        let container = engines.find(path);
        Self { path: Bytes::from(path), container: container.map(|(found, how)| (Arc::new(found), how)) }
    }
}

#[cfg(test)]
mod tests;
