//! What the egress half told of containers: asked for when one is first seen, looked up once for each event of one. It
//! is a cache of answers: an entry that fell out is asked for again.

use std::{num::NonZeroUsize, sync::Arc};

use lru::LruCache;
use rustc_hash::FxBuildHasher;

use super::Container;
use crate::border::{Context, Told, Wanted};

/// Containers that are remembered, the most recently used ones; an answer takes about 2 KiB.
const CAPACITY: NonZeroUsize = NonZeroUsize::MIN.saturating_add(16_383);
/// Ended containers that are remembered for their late records.
const ENDED: usize = 512;
/// Questions that may wait to be taken: one for each container at start. What finds no room asks with its next event.
const WANTED: usize = 4096;
/// What nobody knew or answered is asked again by an event that comes so much later.
const ASK_AGAIN_NS: u64 = 10_000_000_000;

/// What is known of an event's container (`container.metadata`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metadata<'a> {
    /// The event is of no container.
    Host,
    /// Asked for and not answered: what depends on it is neither true nor false yet.
    Awaited,
    /// As before, but the event cannot wait: what depends on it is absent.
    Pending,
    /// Not answered in time.
    TimedOut,
    /// No runtime knows it, or there is none to ask.
    Unknown,
    /// Known.
    Resolved(&'a Context),
}

impl<'a> Metadata<'a> {
    /// Value of `container.metadata`.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Awaited | Self::Pending => "pending",
            Self::TimedOut => "timed_out",
            Self::Unknown => "unknown",
            Self::Resolved(_) => "resolved",
        }
    }

    /// What was told.
    pub const fn told(self) -> Option<&'a Context> {
        match self {
            Self::Resolved(context) => Some(context),
            _ => None,
        }
    }
}

#[derive(Debug)]
enum Answer {
    Awaited,
    TimedOut,
    Unknown,
    Resolved(Box<Context>),
}

#[derive(Debug)]
struct Entry {
    answer: Answer,
    /// Time of the event that asked last, ns.
    asked_ns: u64,
}

/// Answers by full id.
#[derive(Debug)]
pub(super) struct Contexts {
    by_id: LruCache<Arc<str>, Entry, FxBuildHasher>,
    ended: std::collections::VecDeque<Arc<str>>,
    wanted: Vec<Wanted>,
    /// What holds of the one container that there is.
    pub(super) fixed: Option<Box<Context>>,
    /// There is somebody to ask.
    pub(super) is_asking: bool,
}

impl Contexts {
    pub(super) fn new() -> Self {
        Self {
            by_id: LruCache::with_hasher(CAPACITY, FxBuildHasher),
            ended: std::collections::VecDeque::new(),
            wanted: Vec::new(),
            fixed: None,
            is_asking: false,
        }
    }

    /// A container was seen at `now_ns`: asks for it if that was not done. Says whether it was seen for the first time.
    pub(super) fn see(&mut self, container: &Container, now_ns: u64) -> bool {
        if !self.is_asking || self.fixed.is_some() || self.wanted.len() >= WANTED {
            return false;
        }
        let mut is_new = false;
        match self.by_id.get_mut(&*container.full_id) {
            None => {
                let entry = Entry { answer: Answer::Awaited, asked_ns: now_ns };
                self.by_id.push(Arc::from(&*container.full_id), entry);
                is_new = true;
            }
            Some(Entry { answer: Answer::Resolved(_), .. }) => return false,
            Some(Entry { asked_ns, .. }) if now_ns.saturating_sub(*asked_ns) <= ASK_AGAIN_NS => return false,
            Some(Entry { asked_ns, .. }) => *asked_ns = now_ns,
        }
        self.wanted.push(container.wanted());
        is_new
    }

    /// What is known of it.
    pub(super) fn of(&self, container: Option<&Container>) -> Metadata<'_> {
        let Some(container) = container else { return Metadata::Host };
        if let Some(context) = &self.fixed {
            return Metadata::Resolved(context);
        }
        match self.by_id.peek(&*container.full_id).map(|entry| &entry.answer) {
            Some(Answer::Awaited) => Metadata::Awaited,
            Some(Answer::TimedOut) => Metadata::TimedOut,
            Some(Answer::Resolved(context)) => Metadata::Resolved(context),
            Some(Answer::Unknown) | None => Metadata::Unknown,
        }
    }

    /// The next event of each container that is not known asks for it.
    pub(super) fn ask_again(&mut self) {
        self.by_id.iter_mut().for_each(|(_, entry)| entry.asked_ns = 0);
    }

    /// Whether its events wait.
    pub(super) fn is_awaited(&self, full_id: &str) -> bool {
        matches!(self.by_id.peek(full_id), Some(Entry { answer: Answer::Awaited, .. }))
    }

    /// Takes an answer.
    pub(super) fn learn(&mut self, told: Told) {
        let Some(entry) = self.by_id.get_mut(&*told.full_id) else { return };
        match (told.context, &entry.answer) {
            (Some(context), _) => entry.answer = Answer::Resolved(context),
            // The runtime forgets a container before its last events are seen.
            (None, Answer::Resolved(_)) => {}
            (None, _) => entry.answer = Answer::Unknown,
        }
    }

    /// Nobody answered in time: no later event waits for this container.
    pub(super) fn give_up(&mut self, full_id: &str) {
        if self.is_awaited(full_id)
            && let Some(entry) = self.by_id.peek_mut(full_id)
        {
            entry.answer = Answer::TimedOut;
        }
    }

    /// The question was not taken: the next event asks again.
    pub(super) fn forget(&mut self, full_id: &str) {
        self.by_id.pop(full_id);
    }

    /// Its first process has ended.
    pub(super) fn end(&mut self, container: &Container) {
        if let Some((id, _)) = self.by_id.get_key_value(&*container.full_id) {
            self.ended.push_back(Arc::clone(id));
        }
        if self.ended.len() > ENDED
            && let Some(oldest) = self.ended.pop_front()
        {
            self.by_id.pop(&oldest);
        }
    }

    /// Questions since the last call.
    pub(super) fn take_wanted(&mut self) -> Vec<Wanted> {
        std::mem::take(&mut self.wanted)
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }
}

#[cfg(test)]
mod tests;
