//! The process table and what it knows of the host: records go in, events come out.

use super::{Event, Process, ProcessKey, host::Host};
use crate::decode::Record;

/// Bounds of the state; each has a counter for what it turned away.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Processes, living and recently ended.
    pub processes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { processes: 262_144 }
    }
}

/// Everything that enrichment knows.
#[derive(Debug)]
pub struct State {
    host: Host,
    limits: Limits,
}

impl State {
    /// An empty table on this host.
    pub fn new(host: Host, limits: Limits) -> Self {
        Self { host, limits }
    }

    /// Takes a record in and hands out the events it is: none (first sight, cgroup), one, or two (fork).
    pub fn apply(&mut self, record: &Record<'_>, mut handle: impl FnMut(&Event<'_>)) {
        let _ = (record, &mut handle, self.limits);
    }

    /// A process by identity.
    pub fn process(&self, key: ProcessKey) -> Option<&Process> {
        let _ = key;
        None
    }

    /// The process that has this tgid now.
    pub fn by_tgid(&self, tgid: u32) -> Option<&Process> {
        let _ = tgid;
        None
    }

    /// The parent process, if it is known.
    pub fn parent(&self, process: &Process) -> Option<&Process> {
        self.process(process.parent)
    }

    /// `process`, its parent, and so on; bounded and free of loops.
    pub fn lineage<'a>(&'a self, process: &'a Process) -> impl Iterator<Item = &'a Process> + use<'a> {
        std::iter::successors(Some(process), |process| self.parent(process)).take(64)
    }

    /// The host.
    pub fn host(&self) -> &Host {
        &self.host
    }
}
