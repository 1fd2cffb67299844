//! First bytes of every record.

use crate::wire;

wire! {
    /// First 24 bytes of each record.
    pub struct Header {
        /// Bytes of the whole record: header, fixed part and tail.
        pub len: u32,
        /// [`crate::ABI`] of the kernel object that wrote it.
        pub abi: u16,
        /// A [`Kind`] as integer.
        pub kind: u16,
        /// Ledger slot: a row of [`crate::syscalls::TABLE`] or one of [`crate::ledger::slot`].
        pub slot: u16,
        /// CPU that wrote the record (`bpf_get_smp_processor_id`).
        pub cpu: u16,
        /// Generation of the policy that let it pass ([`crate::control::Control::generation`]).
        pub generation: u32,
        /// `CLOCK_BOOTTIME` at the hook, ns (`bpf_ktime_get_boot_ns`).
        pub time_ns: u64,
    }
}

/// What a record tells; decides the fixed part behind [`crate::Task`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Kind {
    /// A task was created: the record's `Task` and [`crate::event::Process`] are the child's.
    Fork = 1,
    /// An exec succeeded: [`crate::event::Process`] after the exec.
    Exec = 2,
    /// A task ended: [`crate::event::Exit`].
    Exit = 3,
    /// First sight of a process the kernel side has not told of: [`crate::event::Process`] as it is now.
    Process = 4,
    /// A cgroup was made: [`crate::event::Cgroup`]; the record's `Task` is its maker.
    Cgroup = 5,
    /// A system call with integer arguments only: [`crate::event::Call`].
    Call = 6,
    /// A system call with names: [`crate::event::File`].
    File = 7,
    /// A system call on a socket: [`crate::event::Socket`].
    Socket = 8,
}

impl Kind {
    /// The kind with this number, if this ABI has one.
    pub const fn new(kind: u16) -> Option<Self> {
        Some(match kind {
            1 => Self::Fork,
            2 => Self::Exec,
            3 => Self::Exit,
            4 => Self::Process,
            5 => Self::Cgroup,
            6 => Self::Call,
            7 => Self::File,
            8 => Self::Socket,
            _ => return None,
        })
    }

    /// Whether the record keeps the process or cgroup table right; such records may use the ring's reserve.
    pub const fn is_lifecycle(self) -> bool {
        matches!(self, Self::Fork | Self::Exec | Self::Exit | Self::Process | Self::Cgroup)
    }
}
