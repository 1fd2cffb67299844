//! The policy that the hooks read, written through its mapping: no capability is needed to change it.

use std::{
    mem::offset_of,
    sync::atomic::{AtomicU32, Ordering},
};

use sensor_common::{
    control::{Control, NUMBERS},
    syscalls,
};

use super::mapping::Mapping;

/// The kernel side's policy value.
#[derive(Debug)]
pub struct Policy {
    value: Mapping,
    generation: AtomicU32,
}

impl Policy {
    /// Takes the mapping and writes what does not change: slots by number, ring size and reserve.
    pub(super) fn new(value: Mapping, ring_bytes: u32, reserve_bytes: u32) -> Self {
        for (nr, slot) in syscalls::slots().into_iter().enumerate() {
            value.set_u16(offset_of!(Control, slot_of) + 2 * nr, slot);
        }
        value.set_u32(offset_of!(Control, ring_bytes), ring_bytes);
        value.set_u32(offset_of!(Control, reserve_bytes), reserve_bytes);
        Self { value, generation: AtomicU32::new(0) }
    }

    /// Makes exactly these system calls (native numbers) interesting, as a new generation, which is returned.
    pub fn set_interest(&self, numbers: impl IntoIterator<Item = u16>) -> u32 {
        let mut bits = [0_u64; NUMBERS / 64];
        for nr in numbers {
            if let Some(word) = bits.get_mut(usize::from(nr) / 64) {
                *word |= 1 << (nr % 64);
            }
        }
        let generation = self.generation.fetch_add(1, Ordering::Relaxed) + 1;
        self.value.set_u32(offset_of!(Control, generation), generation);
        for (index, word) in bits.into_iter().enumerate() {
            self.value.set_u64(offset_of!(Control, interest) + 8 * index, word);
        }
        generation
    }

    /// Generation in force.
    pub fn generation(&self) -> u32 {
        self.generation.load(Ordering::Relaxed)
    }

    pub(super) fn set_handshake(&self, nonce: u32) {
        self.value.set_u32(offset_of!(Control, handshake), nonce);
    }

    /// The agent's process id in the initial pid namespace, as the kernel side saw it.
    pub fn own_tgid(&self) -> u32 {
        self.value.u32(offset_of!(Control, self_tgid))
    }

    /// Id of the canary thread in the initial pid namespace; 0 before it introduced itself.
    pub fn canary_tid(&self) -> u32 {
        self.value.u32(offset_of!(Control, canary_tid))
    }
}
