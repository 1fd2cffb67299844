//! What differs between architectures and no kernel struct tells: call numbers, and the bits of open's flags.
//!
//! A call is known by its number on x86-64 throughout ([`crate::syscalls::Row::nr`]), and a record means the same wherever it
//! was made: only [`crate::event::Call::nr`] is the machine's own number.

use crate::{
    arm32, arm64, ia32,
    syscalls::{TABLE, traits},
};

/// An architecture that the sensor runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arch {
    /// Also known as amd64.
    X86_64,
    /// Also known as aarch64.
    Arm64,
}

/// `getpriority`, the handshake's call, which has no row.
pub const GETPRIORITY: u16 = 140;

/// From `pidfd_send_signal` on a call has one number in all tables.
pub const SHARED: u16 = 424;

impl Arch {
    /// The one that this program is built for.
    pub const HERE: Self = if cfg!(target_arch = "aarch64") { Self::Arm64 } else { Self::X86_64 };

    /// The native number of a call, by its number on x86-64; `None` where the architecture does not have it.
    pub const fn number(self, nr: u16) -> Option<u16> {
        match self {
            Self::X86_64 => Some(nr),
            Self::Arm64 => first(arm64::NUMBERS, nr),
        }
    }

    /// The numbers that 32-bit processes have for a call, by its number on x86-64.
    pub fn numbers_32(self, nr: u16) -> impl Iterator<Item = u16> {
        let of_table = self.table_32().iter().filter(move |(of, _)| *of == nr).map(|(_, number)| *number);
        of_table.chain((nr >= SHARED).then_some(nr))
    }

    const fn table_32(self) -> &'static [(u16, u16)] {
        match self {
            Self::X86_64 => ia32::NUMBERS,
            Self::Arm64 => arm32::NUMBERS,
        }
    }

    /// Whether a 32-bit call is lost only if it failed, because another hook tells of success: the rows with
    /// [`traits::FAILED_ONLY`].
    #[inline]
    pub const fn is_lost_only_if_failed(self, nr: u64) -> bool {
        // fork, execve, clone, vfork, execveat, clone3
        match self {
            Self::X86_64 => matches!(nr, 2 | 11 | 120 | 190 | 358 | 435),
            Self::Arm64 => matches!(nr, 2 | 11 | 120 | 190 | 387 | 435),
        }
    }

    /// Flags of the open family, as x86-64 has them.
    #[inline]
    pub const fn open_flags(self, flags: u64) -> u64 {
        // O_DIRECTORY and O_NOFOLLOW are where x86-64 has O_DIRECT and O_LARGEFILE, and the other way round.
        const LOW: u64 = 0o140_000;
        match self {
            Self::X86_64 => flags,
            Self::Arm64 => flags & !(LOW | LOW << 2) | (flags & LOW) << 2 | flags >> 2 & LOW,
        }
    }
}

const fn first(numbers: &[(u16, u16)], nr: u16) -> Option<u16> {
    if nr >= SHARED {
        return Some(nr);
    }
    let mut i = 0;
    while i < numbers.len() {
        if numbers[i].0 == nr {
            return Some(numbers[i].1);
        }
        i += 1;
    }
    None
}

/// Whether each call of the table has its 32-bit number: one that is missing would go by uncounted.
const fn check(arch: Arch) {
    let mut row = 0;
    while row < TABLE.len() {
        let call = &TABLE[row];
        let is_failed_only = call.layout.traits & traits::FAILED_ONLY != 0;
        let number = first(arch.table_32(), call.nr);
        assert!(number.is_some());
        if let Some(number) = number {
            assert!(arch.is_lost_only_if_failed(number as u64) == is_failed_only);
        }
        row += 1;
    }
}

const _: () = check(Arch::X86_64);
const _: () = check(Arch::Arm64);

#[cfg(test)]
mod tests;
