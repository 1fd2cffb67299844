//! The process table: bounded, with the recently ended, and one look-up per record.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;
use slab::Slab;

use super::{Process, ProcessKey, process::Bytes};

/// Ended processes that are kept, the youngest ones.
const ENDED: usize = 2048;

/// A process and what only the table's owner needs of it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) process: Process,
    /// Path of the directory (kernel object) that `process.cwd` is another name of; `None` until a record tells.
    pub(super) pwd: Option<Bytes>,
}

/// Where an entry is; stays valid until the next insertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(usize);

/// Processes by identity.
#[derive(Debug)]
pub(super) struct Table {
    entries: Slab<Entry>,
    by_key: FxHashMap<ProcessKey, usize>,
    /// The youngest process of each tgid.
    youngest: FxHashMap<u32, usize>,
    /// Ended ones, oldest end first.
    ended: VecDeque<usize>,
    /// The entry there was no room for.
    stranger: Option<Entry>,
    max: usize,
    pub(super) n_evicted: u64,
    pub(super) n_refused: u64,
}

/// The place of [`Table::stranger`]; a slab never gets there.
const STRANGER: usize = usize::MAX;

impl Table {
    pub(super) fn new(max: usize) -> Self {
        Self {
            entries: Slab::new(),
            by_key: FxHashMap::default(),
            youngest: FxHashMap::default(),
            ended: VecDeque::new(),
            stranger: None,
            max,
            n_evicted: 0,
            n_refused: 0,
        }
    }

    /// Processes, living and ended.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn find(&self, key: ProcessKey) -> Option<Place> {
        self.by_key.get(&key).copied().map(Place)
    }

    pub(super) fn find_tgid(&self, tgid: u32) -> Option<Place> {
        self.youngest.get(&tgid).copied().map(Place)
    }

    pub(super) fn get(&self, place: Place) -> Option<&Entry> {
        if place.0 == STRANGER { self.stranger.as_ref() } else { self.entries.get(place.0) }
    }

    pub(super) fn get_mut(&mut self, place: Place) -> Option<&mut Entry> {
        if place.0 == STRANGER { self.stranger.as_mut() } else { self.entries.get_mut(place.0) }
    }

    /// All of them.
    pub(super) fn processes_mut(&mut self) -> impl Iterator<Item = &mut Process> {
        let entries = self.entries.iter_mut().map(|(_, entry)| entry);
        entries.chain(&mut self.stranger).map(|entry| &mut entry.process)
    }

    /// Puts a process in, in place of what was known of it. A full table lets ended ones go; if there are none the
    /// process is only kept until the next one that finds no room.
    pub(super) fn insert(&mut self, mut entry: Entry) -> Place {
        let key = entry.process.key;
        if let Some(place) = self.find(key)
            && let Some(old) = self.get_mut(place)
        {
            entry.process.is_exited = old.process.is_exited;
            *old = entry;
            return place;
        }
        if self.entries.len() >= self.max {
            let Some(oldest) = self.ended.pop_front() else {
                self.n_refused += 1;
                self.stranger = Some(entry);
                return Place(STRANGER);
            };
            self.n_evicted += 1;
            self.remove(oldest);
        }
        let index = self.entries.insert(entry);
        self.by_key.insert(key, index);
        self.take_tgid(key, index);
        Place(index)
    }

    /// Marks a process as ended.
    pub(super) fn end(&mut self, place: Place) {
        let Some(entry) = self.get_mut(place) else { return };
        if std::mem::replace(&mut entry.process.is_exited, true) || place.0 == STRANGER {
            return;
        }
        self.ended.push_back(place.0);
        if self.ended.len() > ENDED
            && let Some(oldest) = self.ended.pop_front()
        {
            self.remove(oldest);
        }
    }

    /// Gives a new process its tgid; who had it before has ended, even if that was not told.
    fn take_tgid(&mut self, key: ProcessKey, index: usize) {
        let Some(before) = self.youngest.insert(key.tgid, index) else { return };
        match self.entries.get(before) {
            // A late record of an older process.
            Some(other) if other.process.key.start_ns > key.start_ns => {
                self.youngest.insert(key.tgid, before);
                self.end(Place(index));
            }
            _ => self.end(Place(before)),
        }
    }

    fn remove(&mut self, index: usize) {
        let Some(entry) = self.entries.try_remove(index) else { return };
        let key = entry.process.key;
        self.by_key.remove(&key);
        if self.youngest.get(&key.tgid) == Some(&index) {
            self.youngest.remove(&key.tgid);
        }
    }
}

#[cfg(test)]
mod tests;
