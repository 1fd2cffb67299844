//! Loss accounting: `seen = filtered + submitted + Σ lost`, per CPU × slot × reason, exact at quiescence.
//!
//! The map is an mmapable array with one [`CpuLedger`] per possible CPU. The kernel side adds atomically
//! (tracepoints may be preempted); user space only reads.

use crate::syscalls::TABLE;

/// Slots of the ledger; [`Header::slot`](crate::Header::slot) is one of them.
pub mod slot {
    /// A call through an ABI the sensor does not decode (ia32), or a number without a row.
    pub const UNKNOWN: u16 = 0;
    /// `sched_process_fork`.
    pub const FORK: u16 = 1;
    /// `sched_process_exec`.
    pub const EXEC: u16 = 2;
    /// `sched_process_exit`.
    pub const EXIT: u16 = 3;
    /// In-band process snapshots.
    pub const PROCESS: u16 = 4;
    /// `cgroup_mkdir`.
    pub const CGROUP: u16 = 5;
    /// First row of the syscall table.
    pub const FIRST_SYSCALL: u16 = 8;
}

/// Slots there is room for; rows are only ever added.
pub const SLOTS: usize = 512;
/// Reasons there is room for in a row of the ledger.
pub const REASONS: usize = 16;

const _: () = assert!(slot::FIRST_SYSCALL as usize + TABLE.len() <= SLOTS);

/// Column of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Reason {
    /// The hook ran for an event that somebody is interested in.
    Seen = 0,
    /// Dropped on purpose: policy or the agent's own plain I/O.
    Filtered = 1,
    /// Handed to the ring.
    Submitted = 2,
    /// The ring had no room at all.
    RingFull = 3,
    /// Only the lifecycle reserve was left, and this was no lifecycle record.
    Reserve = 4,
    /// The record would be larger than [`crate::abi::MAX_RECORD`].
    Oversize = 5,
    /// The per-CPU scratch was in use: this hook preempted another run on the same CPU.
    ScratchBusy = 6,
    /// A system call ABI that is not decoded (ia32).
    Abi = 7,
    /// What the syscall enter saved was gone at its exit.
    Context = 8,
    /// No program stood behind the interest bit.
    NoProgram = 9,
}

impl Reason {
    /// All reasons, in column order.
    pub const ALL: [Self; 10] = [
        Self::Seen,
        Self::Filtered,
        Self::Submitted,
        Self::RingFull,
        Self::Reserve,
        Self::Oversize,
        Self::ScratchBusy,
        Self::Abi,
        Self::Context,
        Self::NoProgram,
    ];

    /// Whether events counted here were wanted and are gone.
    pub const fn is_loss(self) -> bool {
        self as u8 >= Self::RingFull as u8
    }

    /// Label in metrics and messages.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::Filtered => "filtered",
            Self::Submitted => "submitted",
            Self::RingFull => "ring_full",
            Self::Reserve => "reserve",
            Self::Oversize => "oversize",
            Self::ScratchBusy => "scratch_busy",
            Self::Abi => "abi",
            Self::Context => "context",
            Self::NoProgram => "no_program",
        }
    }
}

/// What a slot counts, for labels: a syscall's event name, or the lifecycle hook's.
pub const fn slot_name(slot: u16) -> Option<&'static str> {
    match slot {
        slot::UNKNOWN => Some("unknown"),
        slot::FORK => Some("fork"),
        slot::EXEC => Some("exec"),
        slot::EXIT => Some("exit"),
        slot::PROCESS => Some("process"),
        slot::CGROUP => Some("cgroup"),
        _ => match crate::syscalls::row(slot) {
            Some(row) => Some(row.name),
            None => None,
        },
    }
}

/// Cgroups that lost events, beside the ledger: a table by a hash of the cgroup. It names who was affected; how much was lost
/// is the ledger's to say.
#[repr(C, align(8))]
#[derive(Clone, Copy, Debug)]
pub struct Victims {
    /// A row belongs to the first cgroup that came to it.
    pub rows: [Victim; VICTIMS],
    /// Losses of cgroups whose row belongs to another one.
    pub others: u64,
}

/// Rows of [`Victims`].
pub const VICTIMS: usize = 256;

/// A cgroup that lost events.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Victim {
    /// Its id (`kernfs_node.id`); 0: nobody's row.
    pub cgroup_id: u64,
    /// Its hierarchy, 0 for the unified one.
    pub hierarchy: u64,
    /// Events lost.
    pub lost: u64,
}

/// The row of a cgroup: the top byte of a multiplicative hash.
pub const fn victim_row(cgroup_id: u64, hierarchy: u64) -> u64 {
    (cgroup_id ^ hierarchy << 32).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56
}

const _: () = assert!(VICTIMS == 1 << 8);

/// One CPU's counters; the value type of the ledger map.
#[repr(C, align(8))]
#[derive(Clone, Copy, Debug)]
pub struct CpuLedger {
    /// `counts[slot][reason]`.
    pub counts: [[u64; REASONS]; SLOTS],
}
