//! An event that outlives its record: it owns the record's bytes and the versions of its processes as they were.

use std::sync::Arc;

use super::{Event, Metadata, Process, Side, State, process::Bytes};
use crate::decode::Record;

/// Ancestors that are kept with an event.
const MAX_ANCESTORS: usize = 32;

/// An owned event.
#[derive(Debug)]
pub struct Pinned {
    num: u64,
    time_ns: u64,
    before_ns: u64,
    side: Side,
    record: Box<[u8]>,
    actor: Process,
    ancestors: Box<[Process]>,
}

impl Pinned {
    /// Keeps `event`. Strings are shared with the process table.
    pub fn of(event: &Event<'_>) -> Self {
        Self {
            num: event.num,
            time_ns: event.time_ns,
            before_ns: event.before_ns,
            side: event.side,
            record: event.record.bytes().into(),
            actor: event.actor.clone(),
            ancestors: event.lineage().skip(1).take(MAX_ANCESTORS).cloned().collect(),
        }
    }

    /// Who did it.
    pub fn actor(&self) -> &Process {
        &self.actor
    }

    /// Bytes that only this event holds.
    pub fn size(&self) -> usize {
        size_of::<Self>() + self.record.len() + size_of_val(&*self.ancestors)
    }

    /// Bytes that it keeps alive: its own, and strings that nobody else may hold by now. What a child shares with its
    /// parent counts once.
    pub fn weight(&self) -> usize {
        let mut weight = self.size();
        let mut child: [Option<&Bytes>; Process::STRINGS] = [None; Process::STRINGS];
        for process in std::iter::once(&self.actor).chain(&self.ancestors) {
            let strings = process.strings();
            for (string, known) in strings.iter().zip(child) {
                let is_shared = |it: &Bytes| known.is_some_and(|known| Arc::ptr_eq(it, known));
                weight += string.filter(|it| !is_shared(it)).map_or(0, |it| it.len());
            }
            child = strings;
        }
        weight
    }

    /// The event again, with what is known of its container by now; of other processes, users and the host with what
    /// `state` knows now.
    pub fn again<R>(
        &self,
        state: &State,
        metadata: Metadata<'_>,
        look: impl FnOnce(&Event<'_>) -> R,
    ) -> Option<R> {
        // It was parsed before, so it can be parsed.
        let record = Record::parse(&self.record).ok()?;
        let Self { num, time_ns, before_ns, side, .. } = *self;
        let (record, actor, ancestors) = (&record, &self.actor, Some(&*self.ancestors));
        let event = Event { num, time_ns, before_ns, record, side, actor, ancestors, metadata, state };
        Some(look(&event))
    }
}
