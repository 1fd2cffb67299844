//! The format of recorded files (DESIGN D15): what the kernel side told, and what of the host is needed to understand
//! it elsewhere. Pure: bytes go out through any `io::Write` and come in through any `io::Read`, one bounded frame at
//! a time; the files themselves belong to `app`.
//!
//! ```text
//! preamble   magic "SAKERREC" · format u16 · record ABI u16 · 0 u32
//! frame      kind u32 · length u32 · payload            (all numbers little-endian)
//!            1 host   2 process files   3 snapshot   4 record   5 end
//! ```
//! The host comes first, then the processes that were there, then records; the end frame holds their number, so that
//! a file that was cut off is known for one.

mod facts;
mod read;

pub use facts::{Group, HostFacts, User};
pub use read::{Frame, Reader};

use std::io::{self, Write};

use sensor_common::{ABI, abi::MAX_RECORD};

use facts::Encoder;

const MAGIC: &[u8; 8] = b"SAKERREC";
/// Number of this format.
pub const FORMAT: u16 = 1;
const PREAMBLE: usize = 16;

/// Largest host frame: passwd and group files of a big directory service fit.
const MAX_HOST: usize = 16 * 1024 * 1024;
/// Largest frame of process files: what /proc can say is bounded by its reader.
const MAX_FILES: usize = 1024 * 1024;

mod kind {
    pub(super) const HOST: u32 = 1;
    pub(super) const FILES: u32 = 2;
    pub(super) const SNAPSHOT: u32 = 3;
    pub(super) const RECORD: u32 = 4;
    pub(super) const END: u32 = 5;
}

/// Bound of a kind's payload; `None` for a kind that this format does not have.
const fn bound(kind: u32) -> Option<usize> {
    match kind {
        kind::HOST => Some(MAX_HOST),
        kind::FILES => Some(MAX_FILES),
        kind::SNAPSHOT | kind::RECORD => Some(MAX_RECORD),
        kind::END => Some(8),
        _ => None,
    }
}

/// A recording that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// Other bytes at its start.
    #[error("it does not begin as a recording does")]
    Magic,
    /// Written by a newer or older program.
    #[error("it has format {found}, this build reads {FORMAT}")]
    Format {
        /// Number in the file.
        found: u16,
    },
    /// Records of another layout.
    #[error("its records have ABI {found}, this build reads {ABI}")]
    Abi {
        /// Number in the file.
        found: u16,
    },
    /// A frame of a kind that this format does not have.
    #[error("frame of unknown kind {kind} at byte {at}")]
    Kind {
        /// Number in the file.
        kind: u32,
        /// Where the frame starts.
        at: u64,
    },
    /// A frame beyond its kind's bound.
    #[error("frame of {len} bytes at byte {at}, at most {max} are allowed")]
    Large {
        /// Length in the file.
        len: u32,
        /// Bound of the kind.
        max: usize,
        /// Where the frame starts.
        at: u64,
    },
    /// A payload that its kind cannot have.
    #[error("damaged frame at byte {at}")]
    Damaged {
        /// Where the frame starts.
        at: u64,
    },
    /// The file ends without an end frame; what came before is good.
    #[error("it was cut off at byte {at}")]
    Cut {
        /// Its length.
        at: u64,
    },
    /// The reader failed.
    #[error("reading failed at byte {at}")]
    Read {
        /// Bytes read until then.
        at: u64,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Writes a recording.
#[derive(Debug)]
pub struct Writer<W> {
    to: W,
    records: u64,
}

impl<W: Write> Writer<W> {
    /// Begins a recording with the host's facts.
    pub fn new(mut to: W, host: &HostFacts) -> io::Result<Self> {
        to.write_all(MAGIC)?;
        to.write_all(&FORMAT.to_le_bytes())?;
        to.write_all(&ABI.to_le_bytes())?;
        to.write_all(&0_u32.to_le_bytes())?;
        let mut writer = Self { to, records: 0 };
        writer.frame(kind::HOST, &host.encode())?;
        Ok(writer)
    }

    /// What a process's own files said (argv and environment, NUL separated) when recording began; a file that could
    /// not be read is `None`.
    pub fn process_files(&mut self, tgid: u32, argv: Option<&[u8]>, env: Option<&[u8]>) -> io::Result<()> {
        let mut payload = Encoder::default();
        payload.u32(tgid);
        payload.optional(argv);
        payload.optional(env);
        self.frame(kind::FILES, &payload.bytes)
    }

    /// A record that tells of a process which was there when recording began.
    pub fn snapshot(&mut self, record: &[u8]) -> io::Result<()> {
        self.frame(kind::SNAPSHOT, record)
    }

    /// A record off the ring.
    pub fn record(&mut self, record: &[u8]) -> io::Result<()> {
        self.records += 1;
        self.frame(kind::RECORD, record)
    }

    /// Records off the ring so far.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Marks the recording as complete and hands the writer back, flushed.
    pub fn finish(mut self) -> io::Result<W> {
        self.frame(kind::END, &self.records.to_le_bytes())?;
        self.to.flush()?;
        Ok(self.to)
    }

    fn frame(&mut self, kind: u32, payload: &[u8]) -> io::Result<()> {
        let max = bound(kind).unwrap_or_default();
        let len = u32::try_from(payload.len()).ok().filter(|_| payload.len() <= max);
        let len = len.ok_or_else(|| io::Error::other(format!("a frame of {} bytes", payload.len())))?;
        self.to.write_all(&kind.to_le_bytes())?;
        self.to.write_all(&len.to_le_bytes())?;
        self.to.write_all(payload)
    }
}

#[cfg(test)]
mod tests;
