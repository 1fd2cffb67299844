//! References from a fixed part into the record's variable tail.

use crate::wire;

wire! {
    /// One string in the tail. `len == 0` with no flag means that the call had no such string.
    pub struct Slice {
        /// Offset from the start of the record, bytes.
        pub off: u16,
        /// Bytes kept, without a terminating NUL.
        pub len: u16,
        /// Length before shortening, bytes, where the kernel side could know it; else equal to `len`.
        pub full: u32,
        /// Bits of [`flag`].
        pub flags: u8,
        /// A [`Source`] as integer: where the bytes were read.
        pub source: u8,
        /// Zero.
        pub pad: u16,
    }
}

impl Slice {
    /// No string.
    pub const NONE: Self = Self { off: 0, len: 0, full: 0, flags: 0, source: 0, pad: 0 };
}

/// Bits of [`Slice::flags`].
pub mod flag {
    /// Cut at its budget; for a path from a kernel object the leading part is what is missing.
    pub const TRUNCATED: u8 = 1;
    /// The memory could not be read (a user page that is not resident); the string is absent, not empty.
    pub const UNREADABLE: u8 = 2;
    /// The descriptor slot held another object after the walk: this may not be the object the call used.
    pub const RACED: u8 = 4;
    /// The object has no name in the file system any more (unlinked).
    pub const DELETED: u8 = 8;
    /// The walk ended at a mount that is not below the task's root.
    pub const UNREACHABLE: u8 = 16;
}

/// Provenance of a string, visible to rules and `saker doctor`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Source {
    /// No string.
    None = 0,
    /// An argument of the hook itself: the very object the kernel used.
    Hook = 1,
    /// A kernel object found by descriptor number at exit: a strong witness.
    Fd = 2,
    /// User memory read at syscall enter.
    UserEnter = 3,
    /// User memory read at syscall exit: another thread may have rewritten it.
    UserExit = 4,
    /// The task's own kernel objects (mm, fs, cgroups).
    Task = 5,
}

impl Source {
    /// The source with this number; unknown numbers read as `None`.
    pub const fn new(source: u8) -> Self {
        match source {
            1 => Self::Hook,
            2 => Self::Fd,
            3 => Self::UserEnter,
            4 => Self::UserExit,
            5 => Self::Task,
            _ => Self::None,
        }
    }

    /// The word that rules and diagnostics show.
    pub const fn label(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Hook => "hook",
            Self::Fd => "fd",
            Self::UserEnter => "user_enter",
            Self::UserExit => "user_exit",
            Self::Task => "task",
        }
    }
}
