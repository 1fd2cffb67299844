//! Makes records from parts: for tests, goldens and the snapshots that a recording starts with.

use sensor_common::{ABI, Header, Kind, Slice, Source, Task, event::Prefix};
use zerocopy::{FromZeros, Immutable, IntoBytes};

/// A record under construction: strings first, then the fixed part that refers to them.
#[derive(Debug)]
pub struct Builder {
    fixed: usize,
    tail: Vec<u8>,
}

impl Builder {
    /// A record whose fixed part is a `T`.
    pub fn new<T>() -> Self {
        Self { fixed: size_of::<Prefix>() + size_of::<T>(), tail: Vec::new() }
    }

    /// Appends a string; longer than a slice can say, it is cut.
    pub fn text(&mut self, text: &[u8], source: Source) -> Slice {
        let off = self.fixed + self.tail.len();
        let room = usize::from(u16::MAX).saturating_sub(off);
        let kept = text.get(..text.len().min(room)).unwrap_or_default();
        self.tail.extend_from_slice(kept);
        Slice {
            off: u16::try_from(off).unwrap_or(u16::MAX),
            len: kept.len() as u16,
            full: text.len() as u32,
            flags: if kept.len() < text.len() { sensor_common::tail::flag::TRUNCATED } else { 0 },
            source: source as u8,
            pad: 0,
        }
    }

    /// The record's bytes.
    pub fn finish<T: IntoBytes + Immutable>(
        self,
        kind: Kind,
        slot: u16,
        time_ns: u64,
        task: Task,
        body: &T,
    ) -> Vec<u8> {
        let header = Header {
            len: (self.fixed + self.tail.len()) as u32,
            abi: ABI,
            kind: kind as u16,
            slot,
            cpu: 0,
            generation: 0,
            time_ns,
        };
        let mut bytes = Prefix { header, task }.as_bytes().to_vec();
        bytes.extend_from_slice(body.as_bytes());
        bytes.extend_from_slice(&self.tail);
        bytes
    }
}

/// An all-zero value of a wire type, to be filled by struct update.
pub fn zero<T: FromZeros>() -> T {
    T::new_zeroed()
}
