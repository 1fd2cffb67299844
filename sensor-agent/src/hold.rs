//! Events that wait for what runtimes tell of their container (DESIGN D7): in order for each container, so long and so
//! many bytes at most, so that one container's flood costs no other's events their wait. Nothing is dropped here: what
//! finds no room is handed back.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use rustc_hash::FxHashMap;

use crate::{
    border::stats,
    enrich::{Event, Pinned},
    rules::eval::Undecided,
};

/// Bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest wait (`metadata.hold_ms`); zero: nothing waits.
    pub age: Duration,
    /// Bytes of one container's events.
    pub container_bytes: usize,
    /// Bytes of all.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { age: Duration::from_millis(500), container_bytes: 512 << 10, bytes: 32 << 20 }
    }
}

/// An event that waits.
#[derive(Debug)]
pub struct Held {
    /// The event.
    pub event: Pinned,
    /// What is to be decided.
    pub undecided: Undecided,
}

impl Held {
    fn size(&self) -> usize {
        self.event.size() + self.undecided.size()
    }
}

#[derive(Debug)]
struct Queue {
    /// When its oldest event must go on.
    deadline: Instant,
    events: Vec<Held>,
    bytes: usize,
}

/// Waiting events by full id of their container.
#[derive(Debug)]
pub struct Hold {
    limits: Limits,
    queues: FxHashMap<Arc<str>, Queue>,
    /// In order; those of queues that are gone are passed over.
    deadlines: VecDeque<(Instant, Arc<str>)>,
    bytes: usize,
    counts: stats::Hold,
}

impl Hold {
    /// Nothing waits.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            queues: FxHashMap::default(),
            deadlines: VecDeque::new(),
            bytes: 0,
            counts: stats::Hold::default(),
        }
    }

    /// Lets an event wait.
    ///
    /// # Errors
    /// There is no room, or nothing may wait: it has to go on as it is.
    pub fn keep(&mut self, event: &Event<'_>, undecided: Undecided, now: Instant) -> Result<(), Undecided> {
        let Some(container) = event.actor.container.as_ref() else { return Err(undecided) };
        if self.limits.age.is_zero() {
            return Err(undecided);
        }
        // Measured before anything is copied: a flood costs no copies.
        let least = event.record.bytes().len();
        let used = self.queues.get(&*container.full_id).map_or(0, |queue| queue.bytes);
        if used + least > self.limits.container_bytes || self.bytes + least > self.limits.bytes {
            self.counts.overflowed += 1;
            return Err(undecided);
        }
        let held = Held { event: Pinned::of(event), undecided };
        let size = held.size();
        self.counts.held += 1;
        self.bytes += size;
        if let Some(queue) = self.queues.get_mut(&*container.full_id) {
            queue.bytes += size;
            queue.events.push(held);
            return Ok(());
        }
        let (id, deadline): (Arc<str>, _) = (Arc::from(&*container.full_id), now + self.limits.age);
        self.deadlines.push_back((deadline, Arc::clone(&id)));
        self.queues.insert(id, Queue { deadline, events: vec![held], bytes: size });
        Ok(())
    }

    /// All events of a container, oldest first; its runtime has answered at `now`.
    pub fn release(&mut self, full_id: &str, now: Instant) -> Vec<Held> {
        let events = self.take(full_id, now);
        self.counts.released += events.len() as u64;
        events
    }

    /// A container whose events have waited long enough at `now`, with them.
    pub fn expire(&mut self, now: Instant) -> Option<(Arc<str>, Vec<Held>)> {
        while let Some((deadline, id)) =
            self.deadlines.front().filter(|(deadline, _)| *deadline <= now).cloned()
        {
            self.deadlines.pop_front();
            // A container that waited before may wait again, with a later deadline.
            if self.queues.get(&id).is_some_and(|queue| queue.deadline == deadline) {
                let events = self.take(&id, now);
                self.counts.timed_out += events.len() as u64;
                return Some((id, events));
            }
        }
        None
    }

    /// Everything that waits at `now`, by container.
    pub fn drain(&mut self, now: Instant) -> Vec<Held> {
        let ids: Vec<_> = self.queues.keys().cloned().collect();
        ids.iter().flat_map(|id| self.release(id, now)).collect()
    }

    /// Nothing waits.
    pub fn is_empty(&self) -> bool {
        self.queues.is_empty()
    }

    /// Totals since start, and what waits now.
    pub fn counts(&self) -> stats::Hold {
        stats::Hold { waiting_bytes: self.bytes as u64, ..self.counts }
    }

    fn take(&mut self, full_id: &str, now: Instant) -> Vec<Held> {
        let Some(queue) = self.queues.remove(full_id) else { return Vec::new() };
        self.bytes -= queue.bytes;
        self.counts.waited.add((now + self.limits.age).saturating_duration_since(queue.deadline));
        queue.events
    }
}
