//! What rules evaluate: a record with its context, all borrowed for the time of one event.

use sensor_common::{
    Task,
    syscalls::{self, Row},
};

use super::{Metadata, Process, State};
use crate::decode::{Body, Record};

/// One event as rules see it. A record is one event, but a fork is two: the caller's and the child's (Falco's clone
/// with the child's tid and with 0 as result).
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// Falco's `evt.num`, from 1.
    pub num: u64,
    /// Wall-clock time, ns since the epoch.
    pub time_ns: u64,
    /// The same of the event before; its own of the first.
    pub before_ns: u64,
    /// The record behind it.
    pub record: &'a Record<'a>,
    /// Which of a fork's two events this is.
    pub side: Side,
    /// The process that did it (of [`Side::Child`] the child), after what the record changed.
    pub actor: &'a Process,
    /// The ancestors of `actor` as they were, parent first, when the event is looked at later.
    pub ancestors: Option<&'a [Process]>,
    /// What is known of the actor's container.
    pub metadata: Metadata<'a>,
    /// All other processes, users, the host.
    pub state: &'a State,
}

/// Side of a fork.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The only event of its record, or the caller of a fork.
    Caller,
    /// The child of a fork.
    Child,
}

impl<'a> Event<'a> {
    /// Ledger slot: what rules are bucketed by.
    pub fn slot(&self) -> u16 {
        self.record.prefix.header.slot
    }

    /// The row of the syscall table, for system calls.
    pub fn row(&self) -> Option<&'static Row> {
        syscalls::row(self.slot())
    }

    /// Credentials, namespaces and ids of the acting thread. The task of a fork's record is the child; of its caller the
    /// last known one stands in.
    pub fn task(&self) -> &'a Task {
        match (&self.record.body, self.side) {
            (Body::Fork(_), Side::Caller) => &self.actor.task,
            _ => &self.record.prefix.task,
        }
    }

    /// Thread id of the acting thread (Falco's `thread.tid`), in the initial pid namespace.
    pub fn tid(&self) -> u32 {
        match (&self.record.body, self.side) {
            (Body::Fork(told), Side::Caller) if told.caller_tid != 0 => told.caller_tid,
            _ => self.task().tid,
        }
    }

    /// The parent process, if it is known.
    pub fn parent(&self) -> Option<&'a Process> {
        match self.ancestors {
            Some(ancestors) => ancestors.first(),
            None => self.state.parent(self.actor),
        }
    }

    /// The process, its parent, and so on upwards; bounded and free of loops.
    pub fn lineage(&self) -> impl Iterator<Item = &'a Process> + use<'a> {
        let kept = self.ancestors.map(|ancestors| std::iter::once(self.actor).chain(ancestors));
        let found = self.ancestors.is_none().then(|| self.state.lineage(self.actor));
        kept.into_iter().flatten().chain(found.into_iter().flatten())
    }
}
