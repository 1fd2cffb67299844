//! Reads a recording frame by frame. Its bytes are not trusted: every length is checked against its kind's bound
//! before memory is taken for it.

use std::io::{self, Read};

use sensor_common::ABI;

use super::{FORMAT, HostFacts, MAGIC, PREAMBLE, RecordingError, bound, facts::Decoder, kind};

/// One thing that a recording tells.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// The host; the first frame.
    Host(HostFacts),
    /// What a process's own files said when recording began.
    ProcessFiles {
        /// Whose.
        tgid: u32,
        /// Its arguments, NUL separated.
        argv: Option<&'a [u8]>,
        /// Its environment, NUL separated.
        env: Option<&'a [u8]>,
    },
    /// A record that tells of a process which was there when recording began.
    Snapshot(&'a [u8]),
    /// A record off the ring.
    Record(&'a [u8]),
}

/// Reads a recording; memory is bounded by one frame.
#[derive(Debug)]
pub struct Reader<R> {
    from: R,
    /// Bytes read.
    at: u64,
    frame: Vec<u8>,
    records: u64,
    is_ended: bool,
}

impl<R: Read> Reader<R> {
    /// Checks the preamble.
    pub fn new(from: R) -> Result<Self, RecordingError> {
        let mut reader = Self { from, at: 0, frame: Vec::new(), records: 0, is_ended: false };
        let mut preamble = [0; PREAMBLE];
        match reader.fill(&mut preamble) {
            Err(RecordingError::Cut { .. }) => return Err(RecordingError::Magic),
            other => other?,
        }
        let [m0, m1, m2, m3, m4, m5, m6, m7, format @ .., a0, a1, _, _, _, _] = preamble;
        if [m0, m1, m2, m3, m4, m5, m6, m7] != *MAGIC {
            return Err(RecordingError::Magic);
        }
        match u16::from_le_bytes(format) {
            FORMAT => {}
            found => return Err(RecordingError::Format { found }),
        }
        match u16::from_le_bytes([a0, a1]) {
            ABI => Ok(reader),
            found => Err(RecordingError::Abi { found }),
        }
    }

    /// The next frame; `None` behind the end frame.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, RecordingError> {
        if self.is_ended {
            return Ok(None);
        }
        let at = self.at;
        let (mut kind, mut len) = ([0; 4], [0; 4]);
        self.fill(&mut kind)?;
        self.fill(&mut len)?;
        let (kind, len) = (u32::from_le_bytes(kind), u32::from_le_bytes(len));
        let max = bound(kind).ok_or(RecordingError::Kind { kind, at })?;
        if len as usize > max {
            return Err(RecordingError::Large { len, max, at });
        }
        self.payload(len as usize)?;
        let damaged = RecordingError::Damaged { at };
        let payload = self.frame.as_slice();
        match kind {
            kind::HOST => HostFacts::decode(payload).map(|host| Some(Frame::Host(host))).ok_or(damaged),
            kind::FILES => files(payload).map(Some).ok_or(damaged),
            kind::SNAPSHOT => Ok(Some(Frame::Snapshot(payload))),
            kind::RECORD => {
                self.records += 1;
                Ok(Some(Frame::Record(payload)))
            }
            _ => {
                self.is_ended = true;
                let is_right = payload == self.records.to_le_bytes();
                if is_right { Ok(None) } else { Err(damaged) }
            }
        }
    }

    /// Reads a payload, taking memory as bytes arrive: a length alone is no reason to allocate.
    fn payload(&mut self, len: usize) -> Result<(), RecordingError> {
        self.frame.clear();
        let read = (&mut self.from).take(len as u64).read_to_end(&mut self.frame);
        self.at += self.frame.len() as u64;
        read.map_err(|source| RecordingError::Read { at: self.at, source })?;
        if self.frame.len() < len { Err(RecordingError::Cut { at: self.at }) } else { Ok(()) }
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RecordingError> {
        let result = self.from.read_exact(bytes);
        result.map_err(|source| match source.kind() {
            io::ErrorKind::UnexpectedEof => RecordingError::Cut { at: self.at },
            _ => RecordingError::Read { at: self.at, source },
        })?;
        self.at += bytes.len() as u64;
        Ok(())
    }
}

fn files(payload: &[u8]) -> Option<Frame<'_>> {
    let mut from = Decoder { bytes: payload };
    let frame =
        Frame::ProcessFiles { tgid: from.u32()?, argv: from.optional().ok()?, env: from.optional().ok()? };
    from.end()?;
    Some(frame)
}
