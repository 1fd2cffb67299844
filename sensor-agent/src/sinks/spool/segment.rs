//! A file of records: length, checksum, kind, time, then the alert's line. What does not check ends the file.

use std::{fs::File, os::unix::fs::FileExt, sync::Arc};

use super::{SpoolError, directory::Directory, io_error};

/// Length and checksum as little-endian words of 32 bits, the kind, the time as one of 64.
const HEAD: usize = 17;
const TEXT: u8 = 0;
const JSON: u8 = 1;
/// More than any alert; a length above it is not one.
const BODY_MAX: usize = 64 << 20;

/// An open segment.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) file: Arc<File>,
    /// Bytes of whole records.
    len: u64,
}

/// What is at an offset.
pub(super) enum Found {
    /// A record, and the offset behind it.
    Record { body: String, is_json: bool, time_ns: u64, next: u64 },
    /// Nothing whole.
    End,
}

/// Bytes that a record takes.
pub(super) fn size(body: &str) -> u64 {
    (HEAD + body.len()) as u64
}

impl Segment {
    pub(super) fn create(directory: &Directory, number: u64) -> Result<Self, SpoolError> {
        Ok(Self { file: directory.create(number)?.into(), len: 0 })
    }

    pub(super) fn read(directory: &Directory, number: u64) -> Result<Self, SpoolError> {
        let file = directory.read(number)?;
        let len = file.metadata().map_err(io_error("look at a segment"))?.len();
        Ok(Self { file: file.into(), len })
    }

    /// Writes a record whole, or leaves the file as it was (the disk is full).
    pub(super) fn append(&mut self, body: &str, is_json: bool, time_ns: u64) -> Result<(), SpoolError> {
        let kind = if is_json { JSON } else { TEXT };
        let mut record = Vec::with_capacity(HEAD + body.len());
        record.extend_from_slice(&(body.len() as u32).to_le_bytes());
        record.extend_from_slice(&checksum(body.len() as u32, kind, time_ns, body.as_bytes()).to_le_bytes());
        record.push(kind);
        record.extend_from_slice(&time_ns.to_le_bytes());
        record.extend_from_slice(body.as_bytes());
        // One write: a process that is killed has written all of it, or a part that does not check.
        if let Err(error) = self.file.write_all_at(&record, self.len) {
            // If it cannot be cut, the part does not check, and the next record is written over it.
            self.file.set_len(self.len).unwrap_or_default();
            return Err(io_error("write a segment of the spool")(error));
        }
        self.len += record.len() as u64;
        Ok(())
    }

    /// For whoever synchronises it, without a lock on the spool.
    pub(super) fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    /// The record at `offset`.
    pub(super) fn at(&self, offset: u64) -> Result<Found, SpoolError> {
        let mut head = [0; HEAD];
        if offset + HEAD as u64 > self.len {
            return Ok(Found::End);
        }
        self.file.read_exact_at(&mut head, offset).map_err(io_error("read the spool"))?;
        let [l0, l1, l2, l3, c0, c1, c2, c3, kind, time @ ..] = head;
        let time_ns = u64::from_le_bytes(time);
        let len = u32::from_le_bytes([l0, l1, l2, l3]);
        let next = offset + (HEAD + len as usize) as u64;
        if len as usize > BODY_MAX || next > self.len {
            return Ok(Found::End);
        }
        let mut body = vec![0; len as usize];
        self.file.read_exact_at(&mut body, offset + HEAD as u64).map_err(io_error("read the spool"))?;
        if checksum(len, kind, time_ns, &body) != u32::from_le_bytes([c0, c1, c2, c3]) {
            return Ok(Found::End);
        }
        match String::from_utf8(body) {
            Ok(body) => Ok(Found::Record { body, is_json: kind == JSON, time_ns, next }),
            Err(_) => Ok(Found::End),
        }
    }

    /// Whole records from `offset` on, and bytes of the file up to their end.
    pub(super) fn scan(&self, mut offset: u64) -> Result<(u64, u64), SpoolError> {
        let mut records = 0;
        while let Found::Record { next, .. } = self.at(offset)? {
            (records, offset) = (records + 1, next);
        }
        Ok((records, offset))
    }
}

fn checksum(len: u32, kind: u8, time_ns: u64, body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&len.to_le_bytes());
    hasher.update(&[kind]);
    hasher.update(&time_ns.to_le_bytes());
    hasher.update(body);
    hasher.finalize()
}
