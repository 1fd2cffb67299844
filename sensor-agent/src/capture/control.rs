//! The policy that the hooks read, written through its mapping: no capability is needed to change it.

use std::{
    mem::offset_of,
    sync::atomic::{AtomicU32, Ordering},
};

use sensor_common::{
    arch::{Arch, GETPRIORITY},
    control::{Control, NUMBERS},
    syscalls,
};

use super::mapping::Mapping;

/// `chdir`: the call that the canary thread makes.
const CHDIR: u16 = 80;
/// Interesting whatever the rules want: the handshake's call (it makes no records) and the canary's (a rare one).
const ALWAYS: [u16; 2] = [GETPRIORITY, CHDIR];

/// All CPUs' grants together are this part of the reserve: what they take beyond it when the ring fills is little.
const GRANTS: u32 = 8;

/// The kernel side's policy value.
#[derive(Debug)]
pub struct Policy {
    value: Mapping,
    generation: AtomicU32,
}

impl Policy {
    /// Takes the mapping and writes what does not change: slots by number, ring size and reserve.
    pub(super) fn new(value: Mapping, ring_bytes: u32, reserve_bytes: u32, cpus: usize) -> Self {
        for (nr, slot) in syscalls::slots(Arch::HERE).into_iter().enumerate() {
            value.set_u16(offset_of!(Control, slot_of) + 2 * nr, slot);
        }
        value.set_u32(offset_of!(Control, ring_bytes), ring_bytes);
        value.set_u32(offset_of!(Control, reserve_bytes), reserve_bytes);
        let grant_bytes = reserve_bytes / GRANTS / u32::try_from(cpus.max(1)).unwrap_or(u32::MAX);
        value.set_u32(offset_of!(Control, grant_bytes), grant_bytes);
        Self { value, generation: AtomicU32::new(0) }
    }

    /// Makes these system calls (`Row::nr`) interesting, and no others but the handshake's and the canary's, as a new
    /// generation, which is returned.
    pub fn set_interest(&self, numbers: impl IntoIterator<Item = u16>) -> u32 {
        let (mut bits, mut bits_32) = ([0_u64; NUMBERS / 64], [0_u64; NUMBERS / 64]);
        for nr in numbers.into_iter().chain(ALWAYS) {
            if let Some(native) = Arch::HERE.number(nr) {
                set(&mut bits, native);
            }
            for nr_32 in Arch::HERE.numbers_32(nr) {
                set(&mut bits_32, nr_32);
            }
        }
        let generation = self.generation.fetch_add(1, Ordering::Relaxed) + 1;
        self.value.set_u32(offset_of!(Control, generation), generation);
        for (index, (word, word_32)) in bits.into_iter().zip(bits_32).enumerate() {
            self.value.set_u64(offset_of!(Control, interest) + 8 * index, word);
            self.value.set_u64(offset_of!(Control, interest_32) + 8 * index, word_32);
        }
        generation
    }

    /// Generation in force.
    pub fn generation(&self) -> u32 {
        self.generation.load(Ordering::Relaxed)
    }

    /// From now on who calls with `nonce` takes `seat`.
    pub(super) fn set_handshake(&self, seat: usize, nonce: u32) {
        self.value.set_u32(offset_of!(Control, seat), seat as u32);
        self.value.set_u32(offset_of!(Control, handshake), nonce);
    }

    /// Whether the kernel side has not answered the handshake yet.
    pub fn is_handshake_open(&self) -> bool {
        self.value.u32(offset_of!(Control, handshake)) != 0
    }

    /// The sensor half's process id in the initial pid namespace, as the kernel side saw it.
    pub fn own_tgid(&self) -> u32 {
        self.value.u32(offset_of!(Control, own_tgids))
    }

    /// Id of the canary thread in the initial pid namespace; 0 before it introduced itself.
    pub fn canary_tid(&self) -> u32 {
        self.value.u32(offset_of!(Control, canary_tid))
    }
}

fn set(bits: &mut [u64; NUMBERS / 64], nr: u16) {
    if let Some(word) = bits.get_mut(usize::from(nr) / 64) {
        *word |= 1 << (nr % 64);
    }
}
