//! One process as user space keeps it: what the kernel cannot cheaply give with every record.

use std::sync::Arc;

use sensor_common::{Task, event};
use zerocopy::FromZeros;

use super::Container;

/// Identity of a process: pids are reused, start times are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProcessKey {
    /// Thread group id in the initial pid namespace.
    pub tgid: u32,
    /// `group_leader->start_boottime`, ns.
    pub start_ns: u64,
}

impl ProcessKey {
    /// The process that `task` is a thread of.
    pub const fn of(task: &Task) -> Self {
        Self { tgid: task.tgid, start_ns: task.start_ns }
    }

    /// The parent of that process.
    pub const fn parent_of(task: &Task) -> Self {
        Self { tgid: task.ppid, start_ns: task.parent_start_ns }
    }

    /// Whether this process can be an ancestor of `other`: all of them are older, so a chain of parents that is checked
    /// with this has no loop. (Early in boot the clock stands still; then the id decides.)
    pub const fn is_older_than(self, other: Self) -> bool {
        self.start_ns < other.start_ns || (self.start_ns == other.start_ns && self.tgid < other.tgid)
    }
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
    /// Working directory without Falco's trailing slash: as the process last spelled it to chdir, made absolute, while
    /// that still names the directory that its records tell; else the path of that directory (kernel object).
    pub cwd: Option<Bytes>,
    /// Path of its cgroup in its hierarchy, root first.
    pub cgroup: Option<Bytes>,
    /// The container that the cgroup path names; `None` on the host.
    pub container: Option<Arc<Container>>,
    /// Who entered the container from outside, it or an ancestor: argv of the first program there. Empty for the container's
    /// own first process and what was not seen to enter; `None` on the host.
    pub entry: Option<Bytes>,
    /// Credentials, namespaces and ids as the last record of any of its threads told; tid and comm are the leader's.
    pub task: Task,
    /// Numbers of its last fork, exec or snapshot.
    pub facts: event::Process,
    /// When it started, ns since the epoch.
    pub started_ns: u64,
    /// Threads alive, the leader among them, as far as their clones and exits were told.
    pub threads: u32,
    /// It has ended; kept for a while because its children and late records refer to it.
    pub is_exited: bool,
    /// Put together from one record after loss, or from /proc: not told by fork and exec.
    pub is_inferred: bool,
}

/// `PROC_PID_INIT_INO`: inode number of the initial pid namespace.
pub(super) const INITIAL_PID_NS: u32 = 0xefff_fffc;

impl Process {
    /// How many strings a process has.
    pub(super) const STRINGS: usize = 8;

    /// Its strings, each at its place.
    pub(super) fn strings(&self) -> [Option<&Bytes>; Self::STRINGS] {
        let Self { name, exepath, argv, cmdline, env, cwd, cgroup, entry, .. } = self;
        [
            Some(name),
            exepath.as_ref(),
            argv.as_ref(),
            Some(cmdline),
            env.as_ref(),
            cwd.as_ref(),
            cgroup.as_ref(),
            entry.as_ref(),
        ]
    }

    /// The arguments; the first one is argument 0.
    pub fn args(&self) -> impl Iterator<Item = &[u8]> {
        self.argv.iter().flat_map(|argv| argv.split(|byte| *byte == 0))
    }

    /// All that a record's task alone tells of its process.
    pub(super) fn inferred(task: &Task, boot_epoch_ns: u64) -> Self {
        let name = Bytes::from(comm(task));
        let mut facts = event::Process::new_zeroed();
        if task.pid_ns == INITIAL_PID_NS {
            facts = event::Process { vpid: task.tgid, vtid: task.tgid, vsid: task.sid, ..facts };
        }
        Self {
            key: ProcessKey::of(task),
            parent: ProcessKey::parent_of(task),
            cmdline: Bytes::clone(&name),
            name,
            exepath: None,
            argv: None,
            env: None,
            cwd: None,
            cgroup: None,
            container: None,
            entry: None,
            task: Task { tid: task.tgid, ..*task },
            facts,
            started_ns: boot_epoch_ns.saturating_add(task.start_ns),
            threads: 1,
            is_exited: false,
            is_inferred: true,
        }
    }

    /// Takes over what a later record's task tells.
    pub(super) fn follow(&mut self, task: &Task) {
        let comm = if task.tid == task.tgid { task.comm } else { self.task.comm };
        self.parent = ProcessKey::parent_of(task);
        self.task = Task { tid: self.key.tgid, comm, ..*task };
    }

    /// Sets name and argv and what follows from them; strings that stay the same stay shared.
    pub(super) fn set_command(&mut self, name: &[u8], argv: Option<Bytes>) {
        let is_same = *self.name == *name;
        if is_same && self.argv == argv {
            return;
        }
        if !is_same {
            self.name = Bytes::from(name);
        }
        self.argv = argv;
        self.cmdline = cmdline(&self.name, self.args());
    }
}

/// `comm` without its padding.
pub(super) fn comm(task: &Task) -> &[u8] {
    task.comm.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn cmdline<'a>(name: &Bytes, args: impl Iterator<Item = &'a [u8]>) -> Bytes {
    let mut args = args.skip(1).peekable();
    if args.peek().is_none() {
        return Bytes::clone(name);
    }
    let mut line = name.to_vec();
    for arg in args {
        line.push(b' ');
        line.extend_from_slice(arg);
    }
    Bytes::from(line)
}
