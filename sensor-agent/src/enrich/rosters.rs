//! Users and groups of containers. The first exec in a container asks for them, somebody else reads them, and until then
//! its events wait as they do for what runtimes tell. Bounded by bytes: what fell out is asked for by the next exec.

use std::{mem, num::NonZeroUsize, sync::Arc};

use lru::LruCache;
use rustc_hash::FxBuildHasher;
use sensor_common::Task;

use super::{
    Process,
    host::{Accounts, Found},
};

/// Containers that are remembered, the most recently read ones.
const CAPACITY: NonZeroUsize = NonZeroUsize::MIN.saturating_add(4095);
/// Bytes that their accounts may take. An image has 2 to 5 KiB of them; a hostile one can make it 1 MiB.
const MAX_BYTES: usize = 16 << 20;
/// Questions that may wait to be taken.
const UNREAD: usize = 4096;
/// An id that the container did not have is looked for again after so long: somebody may have made the account.
const READ_AGAIN_NS: u64 = 2_000_000_000;

/// A container whose accounts are wanted, and a process that is in it.
#[derive(Clone, Debug)]
pub struct Unread {
    /// Full id of the container.
    pub full_id: Arc<str>,
    /// Ids and start time of the process.
    pub task: Task,
    /// Its id in its own pid namespace.
    pub vpid: u32,
}

#[cfg(test)]
impl Unread {
    /// Of the running test.
    pub(crate) fn of_this_process(full_id: &str) -> Self {
        let stat = std::fs::read("/proc/self/stat").expect("proc");
        let tick_ns = 1_000_000_000 / rustix::param::clock_ticks_per_second();
        let start_ns = super::host::start_ticks(&stat).expect("a start time") * tick_ns;
        let (tgid, pid_ns) = (std::process::id(), super::host::own_pid_ns());
        let task = Task { tgid, start_ns, pid_ns, ..crate::decode::zero() };
        Self { full_id: Arc::from(full_id), task, vpid: tgid }
    }
}

#[derive(Debug)]
enum Answer {
    /// With the newest program that started since the question: it tells what that one could not.
    Awaited(Option<Box<Unread>>),
    /// They cannot be read, or not in time.
    Absent,
    Read(Accounts),
}

impl Answer {
    fn size(&self) -> usize {
        if let Self::Read(accounts) = self { accounts.size() } else { 0 }
    }

    const fn awaited(&self) -> usize {
        matches!(self, Self::Awaited(_)) as usize
    }
}

#[derive(Debug)]
struct Roster {
    answer: Answer,
    /// Mount namespace that was read first. A process that made another one does not speak for the container.
    mnt_ns: u32,
    asked_ns: u64,
}

/// Accounts by full id.
#[derive(Debug)]
pub(super) struct Rosters {
    by_id: LruCache<Arc<str>, Roster, FxBuildHasher>,
    bytes: usize,
    n_awaited: usize,
    unread: Vec<Unread>,
    /// There is somebody who reads.
    pub(super) is_asking: bool,
}

impl Rosters {
    pub(super) fn new() -> Self {
        let by_id = LruCache::with_hasher(CAPACITY, FxBuildHasher);
        Self { by_id, bytes: 0, n_awaited: 0, unread: Vec::new(), is_asking: false }
    }

    /// A program has started in a container, or was found there.
    pub(super) fn see(&mut self, process: &Process, now_ns: u64) {
        let (Some(container), task) = (process.container.as_ref(), process.task) else { return };
        if !self.is_asking || self.unread.len() >= UNREAD {
            return;
        }
        let unread =
            |full_id: &Arc<str>| Unread { full_id: Arc::clone(full_id), task, vpid: process.facts.vpid };
        let question = match self.by_id.get_key_value_mut(&*container.full_id) {
            Some((full_id, Roster { answer: Answer::Read(known), mnt_ns, asked_ns })) => {
                let is_due = now_ns.saturating_sub(*asked_ns) > READ_AGAIN_NS;
                let is_named = known.users.contains_key(&task.uid) && known.groups.contains_key(&task.gid);
                if !is_due || is_named || *mnt_ns != task.mnt_ns {
                    return;
                }
                *asked_ns = now_ns;
                unread(full_id)
            }
            Some((full_id, Roster { answer: Answer::Awaited(newest), .. })) => {
                *newest = Some(Box::new(unread(full_id)));
                return;
            }
            Some(_) => return,
            None => {
                let full_id = Arc::from(&*container.full_id);
                let roster = Roster { answer: Answer::Awaited(None), mnt_ns: task.mnt_ns, asked_ns: now_ns };
                self.n_awaited += 1;
                let evicted = self.by_id.push(Arc::clone(&full_id), roster);
                self.uncount(evicted.as_ref().map(|(_, roster)| &roster.answer));
                unread(&full_id)
            }
        };
        self.unread.push(question);
    }

    /// Takes what was read.
    pub(super) fn learn(&mut self, full_id: &str, found: Found) {
        let answer = match found {
            Found::Accounts(accounts) => Answer::Read(accounts),
            Found::Denied => Answer::Absent,
            Found::NotYet => return self.ask_next(full_id),
        };
        let Some(roster) = self.by_id.get_mut(full_id) else { return };
        self.bytes += answer.size();
        let old = mem::replace(&mut roster.answer, answer);
        self.uncount(Some(&old));
        while self.bytes > MAX_BYTES
            && let Some((_, oldest)) = self.by_id.pop_lru()
        {
            self.uncount(Some(&oldest.answer));
        }
    }

    /// The process could not tell: the newest one is asked, or else the next that comes.
    fn ask_next(&mut self, full_id: &str) {
        let has_room = self.unread.len() < UNREAD;
        if let Some(Roster { answer: Answer::Awaited(newest), mnt_ns, .. }) = self.by_id.peek_mut(full_id)
            && has_room
            && let Some(newest) = newest.take()
        {
            *mnt_ns = newest.task.mnt_ns;
            self.unread.push(*newest);
            return;
        }
        self.forget(full_id);
    }

    /// The question was not taken, or could not be answered yet: the next exec asks again. What is known stays.
    pub(super) fn forget(&mut self, full_id: &str) {
        if !matches!(self.by_id.peek(full_id), None | Some(Roster { answer: Answer::Read(_), .. })) {
            let old = self.by_id.pop(full_id);
            self.uncount(old.as_ref().map(|roster| &roster.answer));
        }
    }

    /// Nobody answered in time; an answer that comes later still counts.
    pub(super) fn give_up(&mut self, full_id: &str) {
        if self.is_awaited(full_id)
            && let Some(roster) = self.by_id.peek_mut(full_id)
        {
            roster.answer = Answer::Absent;
            self.n_awaited -= 1;
        }
    }

    /// Whether its events wait.
    pub(super) fn is_awaited(&self, full_id: &str) -> bool {
        // Nearly always none is, and this is asked for each event.
        self.n_awaited > 0
            && matches!(self.by_id.peek(full_id), Some(Roster { answer: Answer::Awaited(_), .. }))
    }

    /// What is known of it.
    pub(super) fn of(&self, full_id: &str) -> Option<&Accounts> {
        let roster = self.by_id.peek(full_id)?;
        if let Answer::Read(accounts) = &roster.answer { Some(accounts) } else { None }
    }

    /// Questions since the last call.
    pub(super) fn take_unread(&mut self) -> Vec<Unread> {
        mem::take(&mut self.unread)
    }

    fn uncount(&mut self, gone: Option<&Answer>) {
        self.bytes -= gone.map_or(0, Answer::size);
        self.n_awaited -= gone.map_or(0, Answer::awaited);
    }
}

#[cfg(test)]
mod tests;
