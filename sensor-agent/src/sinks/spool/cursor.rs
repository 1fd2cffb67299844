//! What is done with: one place, written to two slots in turn, so that one of them is whole at any moment.

use std::{fs::File, os::unix::fs::FileExt};

use super::{SpoolError, directory::Directory, io_error};

const SLOT: usize = 28;

/// Everything before it is done with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// Number of a segment; 0 is none.
    pub(super) segment: u64,
    /// Byte in it.
    pub(super) offset: u64,
}

/// The place and its file.
#[derive(Debug)]
pub(super) struct Cursor {
    file: File,
    turn: u64,
    /// Where it stands.
    pub(super) place: Place,
}

impl Cursor {
    /// Reads it; without a slot that checks, nothing is done with.
    pub(super) fn open(directory: &Directory) -> Result<Self, SpoolError> {
        let file = directory.cursor()?;
        let mut bytes = [0; 2 * SLOT];
        let mut filled = 0;
        while filled < bytes.len() {
            match file.read_at(&mut bytes[filled..], filled as u64) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(error) => return Err(io_error("read the spool's cursor")(error)),
            }
        }
        if filled < bytes.len() {
            // Its bytes are taken now: a disk that fills up later must not stop it.
            file.write_all_at(&bytes[filled..], filled as u64)
                .map_err(io_error("write the spool's cursor"))?;
        }
        let newest = bytes.chunks_exact(SLOT).filter_map(decode).max_by_key(|(turn, _)| *turn);
        let (turn, place) = newest.unwrap_or_default();
        Ok(Self { file, turn, place })
    }

    /// Moves on, on disk if that can be written. It is not synchronised: after a loss of power, some alerts are delivered again.
    pub(super) fn advance(&mut self, place: Place) -> Result<(), SpoolError> {
        let turn = self.turn + 1;
        let slot = (turn % 2) * SLOT as u64;
        (self.turn, self.place) = (turn, place);
        self.file.write_all_at(&encode(turn, place), slot).map_err(io_error("write the spool's cursor"))
    }
}

fn encode(turn: u64, place: Place) -> [u8; SLOT] {
    let mut slot = [0; SLOT];
    for (index, word) in [turn, place.segment, place.offset].into_iter().enumerate() {
        slot[index * 8..index * 8 + 8].copy_from_slice(&word.to_le_bytes());
    }
    let checksum = crc32fast::hash(&slot[..24]);
    slot[24..].copy_from_slice(&checksum.to_le_bytes());
    slot
}

fn decode(slot: &[u8]) -> Option<(u64, Place)> {
    let word = |index: usize| Some(u64::from_le_bytes(slot.get(index * 8..index * 8 + 8)?.try_into().ok()?));
    let (turn, segment, offset) = (word(0)?, word(1)?, word(2)?);
    let place = Place { segment, offset };
    (turn > 0 && encode(turn, place) == slot).then_some((turn, place))
}
