//! One process as user space keeps it: what the kernel cannot cheaply give with every record.

use std::sync::Arc;

use sensor_common::{Task, event};

use super::Container;

/// Identity of a process: pids are reused, start times are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProcessKey {
    /// Thread group id in the initial pid namespace.
    pub tgid: u32,
    /// `group_leader->start_boottime`, ns.
    pub start_ns: u64,
}

/// Bytes that a process chose, shared between versions of a process and its children.
pub type Bytes = Arc<[u8]>;

/// A process. Strings are raw bytes; an absent string is `None`, an empty one is there and empty.
#[derive(Clone, Debug)]
pub struct Process {
    /// Identity.
    pub key: ProcessKey,
    /// Parent's identity as the last record of this process told.
    pub parent: ProcessKey,
    /// Falco's `proc.name`: comm at the last clone or exec (15 bytes at most).
    pub name: Bytes,
    /// Path of the executable (kernel object), ` (deleted)` trimmed.
    pub exepath: Option<Bytes>,
    /// `argv`, NUL separated, no trailing NUL; argument 0 is Falco's `proc.exe`.
    pub argv: Option<Bytes>,
    /// Falco's `proc.cmdline`: name, then the arguments behind argument 0, space separated.
    pub cmdline: Bytes,
    /// Environment, NUL separated, no trailing NUL.
    pub env: Option<Bytes>,
    /// Working directory from the kernel object, without Falco's trailing slash.
    pub cwd: Option<Bytes>,
    /// Path of its cgroup in its hierarchy, root first.
    pub cgroup: Option<Bytes>,
    /// The container that the cgroup path names; `None` on the host.
    pub container: Option<Arc<Container>>,
    /// Identity, credentials, namespaces as its last record told; of the leader where one told.
    pub task: Task,
    /// Numbers of its last fork, exec or snapshot.
    pub facts: event::Process,
    /// When it started, ns since the epoch.
    pub started_ns: u64,
    /// Threads alive, the leader among them.
    pub threads: u32,
    /// It has ended; kept for a while because its children and late records refer to it.
    pub is_exited: bool,
    /// Put together from one record after loss, or from /proc: not told by fork and exec.
    pub is_inferred: bool,
}

impl Process {
    /// The arguments; the first one is argument 0.
    pub fn args(&self) -> impl Iterator<Item = &[u8]> {
        self.argv.iter().flat_map(|argv| argv.split(|byte| *byte == 0))
    }
}
