//! Names that `evt.type` can be compared with, sets of them, and which ledger slots they select.

use std::{collections::HashMap, sync::LazyLock};

use sensor_common::{
    ledger::{SLOTS, slot},
    syscalls::{self, TABLE},
};

/// Names of Falco's event table, of system calls and of asynchronous events. Most of them select no slot here.
static NAMES: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| include_str!("events.txt").split_ascii_whitespace().collect());

static INDEX: LazyLock<HashMap<&'static str, usize>> =
    LazyLock::new(|| NAMES.iter().enumerate().map(|(index, name)| (*name, index)).collect());

/// Whether `name` is an event that rules may name.
pub fn is_event(name: &str) -> bool {
    INDEX.contains_key(name)
}

/// Names that conditions may use, and for which Falco's event table has another: its lists do not have them.
const UNLISTED: &[&str] = &[
    "_llseek",
    "container_removed",
    "fcntl64",
    "getegid32",
    "geteuid32",
    "getgid32",
    "getresgid32",
    "getresuid32",
    "getuid32",
    "page_fault_kernel",
    "page_fault_user",
    "pread64",
    "prlimit64",
    "pwrite64",
    "sched_process_exit",
    "sched_switch",
    "sendfile64",
    "setgid32",
    "setresgid32",
    "setresuid32",
    "setuid32",
    "signal_deliver",
    "ugetrlimit",
];

/// Calls that come by the thousands. Rules that ask for every event do not see them unless `base_syscalls.all` says so;
/// rules that name them do.
pub const HIGH_VOLUME: [&str; 11] =
    ["sendfile", "preadv", "readv", "pread", "recv", "send", "pwritev", "writev", "write", "pwrite", "read"];
/// A rule of more types than this asks for every event, as far as that matters, and slows everything down; Falco counts enter
/// and exit apart and warns above a hundred.
pub const MANY: usize = 50;

/// Whether lists of events have a name.
pub fn is_listed(name: &str) -> bool {
    !UNLISTED.contains(&name)
}

/// All names, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    NAMES.iter().copied()
}

/// Whether an event that some slot tells is a system call.
pub fn is_syscall(name: &str) -> bool {
    !matches!(name, "procexit" | "container")
}

/// A set of event names: an over-approximation of the events for which a condition can hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventSet([u64; 8]);

impl EventSet {
    /// No event.
    pub const NONE: Self = Self([0; 8]);
    /// Every event.
    pub const ALL: Self = Self([u64::MAX; 8]);

    /// The events of these names; unknown names add nothing.
    pub fn of<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let mut set = Self::NONE;
        for index in names.into_iter().filter_map(|name| INDEX.get(name)) {
            if let Some(word) = set.0.get_mut(index / 64) {
                *word |= 1 << (index % 64);
            }
        }
        set
    }

    /// Events in both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.zip(other, |a, b| a & b)
    }

    /// Events in either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.zip(other, |a, b| a | b)
    }

    /// All other events.
    #[must_use]
    pub fn complement(self) -> Self {
        Self(self.0.map(|word| !word))
    }

    /// Names in the set, sorted.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        names().enumerate().filter(move |(index, _)| self.has(*index)).map(|(_, name)| name)
    }

    fn has(self, index: usize) -> bool {
        self.0.get(index / 64).is_some_and(|word| word & (1 << (index % 64)) != 0)
    }

    fn zip(self, other: Self, join: impl Fn(u64, u64) -> u64) -> Self {
        let mut set = self;
        for (word, other) in set.0.iter_mut().zip(other.0) {
            *word = join(*word, other);
        }
        set
    }
}

/// Slots whose records become events that rules see.
pub fn slots() -> impl Iterator<Item = u16> {
    [slot::FORK, slot::EXEC, slot::EXIT, slot::CGROUP]
        .into_iter()
        .chain((0..TABLE.len()).map(syscalls::slot_of_row))
}

/// What `evt.type` may be for the records of a slot.
pub fn types_of(slot: u16) -> &'static [&'static str] {
    match slot {
        slot::CGROUP => &["container"],
        slot::FORK => &["clone", "clone3", "fork", "vfork"],
        // A successful exec is one event of one name, whichever call it was.
        slot::EXEC => &["execve"],
        slot::EXIT => &["procexit"],
        _ => syscalls::row(slot).map_or(&[], |row| std::slice::from_ref(&row.event)),
    }
}

/// Everything that some record can be.
pub fn captured() -> EventSet {
    EventSet::of(slots().flat_map(types_of).copied())
}

const _: () = assert!(SLOTS <= u16::MAX as usize);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_has_types_and_rules_may_name_them() {
        assert!(NAMES.len() <= 512 && NAMES.is_sorted());
        for slot in slots() {
            assert!(!types_of(slot).is_empty(), "slot {slot}");
            assert!(types_of(slot).iter().all(|name| is_event(name)), "slot {slot}");
        }
    }

    #[test]
    fn sets() {
        let open = EventSet::of(["open", "creat", "nosuch"]);
        assert_eq!(open.names().collect::<Vec<_>>(), ["creat", "open"]);
        assert_eq!(open.and(EventSet::of(["open"])).names().count(), 1);
        assert_eq!(open.or(open.complement()), EventSet::ALL);
        assert_eq!(open.and(open.complement()), EventSet::NONE);
    }
}
