//! What was lost between two statistics: by system call, by reason, and in Falco's categories.

use std::{collections::BTreeMap, fmt};

use sensor_common::ledger::Reason;

use crate::border::Stats;

/// Falco's categories of `n_drops_buffer` (spec/rules.md 6.3), with what we call their members.
pub(super) const CATEGORIES: &[(&str, &[&str])] = &[
    ("clone_fork", &["fork", "vfork", "clone", "clone3"]),
    ("close", &["close"]),
    ("connect", &["connect"]),
    (
        "dir_file",
        &[
            "dup",
            "dup2",
            "dup3",
            "chmod",
            "fchmod",
            "fchmodat",
            "fchmodat2",
            "chown",
            "lchown",
            "fchown",
            "fchownat",
            "link",
            "linkat",
            "mkdir",
            "mkdirat",
            "mount",
            "umount",
            "umount2",
            "rename",
            "renameat",
            "renameat2",
            "rmdir",
            "symlink",
            "symlinkat",
            "unlink",
            "unlinkat",
        ],
    ),
    ("execve", &["exec", "execve", "execveat"]),
    ("open", &["open", "openat", "openat2", "creat", "open_by_handle_at"]),
    (
        "other_interest",
        &[
            "bpf",
            "setpgid",
            "ptrace",
            "seccomp",
            "setns",
            "setresuid",
            "setresgid",
            "setsid",
            "unshare",
            "capset",
            "keyctl",
        ],
    ),
    ("proc", &["exit", "process"]),
];

/// Reasons that Falco counts as a full buffer.
const NO_ROOM: [Reason; 2] = [Reason::RingFull, Reason::Reserve];

/// Losses of a span of time. The labels are the ledger's: closed sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Events that were wanted, the lost ones among them.
    pub(super) wanted: u64,
    /// Never zero: by system call and reason.
    pub(super) counts: BTreeMap<(String, String), u64>,
    /// By container id.
    pub(super) places: BTreeMap<String, u64>,
}

impl Losses {
    /// From `before` to `after`; counters that went back, which nothing explains, count as zero.
    pub(super) fn between(before: &Stats, after: &Stats) -> Self {
        let old = all(before).map(|(key, count)| (key, *count)).collect::<BTreeMap<_, _>>();
        let counts = all(after).filter_map(|(key, count)| {
            let grown = count.saturating_sub(old.get(&key).copied().unwrap_or(0));
            (grown > 0).then(|| ((key.0.clone(), key.1.clone()), grown))
        });
        let was =
            |place: &String| before.lost_in.iter().find(|(id, _)| id == place).map_or(0, |(_, count)| *count);
        let places = after.lost_in.iter().filter_map(|(place, count)| {
            let grown = count.saturating_sub(was(place));
            (grown > 0).then(|| (place.clone(), grown))
        });
        Self {
            wanted: after.wanted().saturating_sub(before.wanted()),
            counts: counts.collect(),
            places: places.collect(),
        }
    }

    /// Since the start.
    pub(super) fn of_run(stats: &Stats) -> Self {
        Self::between(&Stats::default(), stats)
    }

    /// All losses.
    pub fn lost(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Losses for one reason.
    pub(super) fn of(&self, reason: Reason) -> u64 {
        self.counts.iter().filter(|((_, label), _)| label == reason.label()).map(|(_, count)| count).sum()
    }

    /// Losses for want of room in the ring, by Falco's category.
    pub(super) fn no_room(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let is_no_room = |label: &str| NO_ROOM.iter().any(|reason| reason.label() == label);
        CATEGORIES.iter().map(move |(category, members)| {
            let counts = self.counts.iter();
            let own = counts.filter(|((call, why), _)| members.contains(&call.as_str()) && is_no_room(why));
            (*category, own.map(|(_, count)| count).sum())
        })
    }

    /// Losses for want of room in the ring.
    pub(super) fn no_room_total(&self) -> u64 {
        NO_ROOM.into_iter().map(|reason| self.of(reason)).sum()
    }

    /// `openat=12, read=3`: most first, `limit` at most; then how many calls are not named.
    pub fn by_syscall(&self, limit: usize) -> String {
        ranked(limit, self.counts.iter().map(|((call, _), count)| (call, *count)))
    }

    /// `ring_full=12, abi=3`: most first.
    pub fn by_reason(&self) -> String {
        ranked(usize::MAX, self.counts.iter().map(|((_, reason), count)| (reason, *count)))
    }

    /// `0123456789ab=12, host=3`: most first, `limit` at most; which containers lost events.
    pub fn by_container(&self, limit: usize) -> String {
        ranked(limit, self.places.iter().map(|(place, count)| (place, *count)))
    }

    /// Adds what was lost next.
    pub(super) fn add(&mut self, next: &Self) {
        self.wanted += next.wanted;
        next.counts.iter().for_each(|(key, count)| *self.counts.entry(key.clone()).or_default() += count);
        next.places.iter().for_each(|(place, count)| *self.places.entry(place.clone()).or_default() += count);
    }
}

/// Names with the sum of their counts, most first.
fn ranked<'a>(limit: usize, counts: impl Iterator<Item = (&'a String, u64)>) -> String {
    let mut sums = BTreeMap::<&String, u64>::new();
    counts.for_each(|(name, count)| *sums.entry(name).or_default() += count);
    let mut ranked: Vec<(&String, u64)> = sums.into_iter().collect();
    ranked.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let mut words: Vec<String> =
        ranked.iter().take(limit).map(|(name, count)| format!("{name}={count}")).collect();
    if let Some(rest) = ranked.len().checked_sub(limit).filter(|rest| *rest > 0) {
        words.push(format!("and {rest} more"));
    }
    words.join(", ")
}

/// A span of time with losses: what was missed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gap {
    /// Taken of the last statistics without the losses, ns since the epoch.
    pub from_ns: u64,
    /// Taken of the last statistics with them.
    pub to_ns: u64,
    /// What was lost.
    pub losses: Losses,
}

impl Gap {
    /// Whether nothing is missing.
    pub fn is_empty(&self) -> bool {
        self.losses.counts.is_empty()
    }

    /// Extends it by losses between these times.
    pub(super) fn extend(&mut self, from_ns: u64, to_ns: u64, losses: &Losses) {
        if self.is_empty() {
            self.from_ns = from_ns;
        }
        self.to_ns = to_ns;
        self.losses.add(losses);
    }
}

/// Calls that a message names.
const NAMED: usize = 10;

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (losses, seconds) = (&self.losses, self.to_ns.saturating_sub(self.from_ns) / 1_000_000_000);
        let (calls, reasons) = (losses.by_syscall(NAMED), losses.by_reason());
        write!(f, "{} of {} events of {seconds} s were lost: ", losses.lost(), losses.wanted)?;
        write!(f, "{calls}; because of {reasons}")
    }
}

type Key<'a> = (&'a String, &'a String);

fn all(stats: &Stats) -> impl Iterator<Item = (Key<'_>, &u64)> {
    let is_loss = |label: &str| Reason::ALL.iter().any(|reason| reason.is_loss() && reason.label() == label);
    let rows = stats.ledger.iter();
    let counts =
        rows.flat_map(|row| row.counts.iter().map(|(reason, count)| ((&row.syscall, reason), count)));
    counts.filter(move |((_, reason), _)| is_loss(reason))
}
