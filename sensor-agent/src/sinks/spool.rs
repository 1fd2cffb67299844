//! Alerts on disk until a receiver has them: in order, at least once, bounded, and safe against `kill -9` at any moment.
//!
//! Segments are files of checksummed records, only ever appended to; the cursor says what is done with. A new segment is
//! begun at each start, so a record that was cut by a crash is at the end of its file and costs nothing else. Alerts hold
//! secrets: files are 0600 in a 0700 directory of our own, opened by descriptor and never through a link.

mod cursor;
mod directory;
mod segment;

use std::{
    collections::VecDeque,
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use self::{
    cursor::{Cursor, Place},
    directory::Directory,
    segment::{Found, Segment},
};

/// A bound of the spool is this many segments: what is discarded at once when it is full.
const SEGMENTS: u64 = 16;
const SEGMENT_BYTES_MIN: u64 = 64 * 1024;

/// Why the spool cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// The directory is not safe or not to be had.
    #[error("{}: {what}", path.display())]
    Directory {
        /// `saker.spool_directory`.
        path: PathBuf,
        /// What must be different.
        what: String,
    },
    /// It is full, and what is in it comes first.
    #[error("it is full (saker.spool_bytes is {limit_bytes})")]
    Full {
        /// Its bound.
        limit_bytes: u64,
    },
    /// The system refused.
    #[error("cannot {action}")]
    System {
        /// `write a segment`, …
        action: &'static str,
        /// Cause.
        source: io::Error,
    },
}

/// Where and how large.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpoolOptions {
    /// Made if its parent exists.
    pub directory: PathBuf,
    /// Bound of all segments together.
    pub limit_bytes: u64,
    /// A full spool lets its oldest segment go; otherwise it refuses the new alert.
    pub drops_oldest: bool,
}

/// The spool. One thread at a time has it.
#[derive(Debug)]
pub(super) struct Spool {
    directory: Directory,
    options: SpoolOptions,
    segments: VecDeque<Kept>,
    active: Segment,
    /// The first segment, open for reading unless it is the active one.
    reading: Option<(u64, Segment)>,
    cursor: Cursor,
    /// Records dropped because the spool was full.
    discarded: u64,
    /// Something was appended since [`Spool::unsynced`].
    is_unsynced: bool,
}

/// A segment that holds records that are not done with.
#[derive(Clone, Copy, Debug)]
struct Kept {
    number: u64,
    bytes: u64,
    /// Records not done with.
    records: u64,
}

/// A record and where the next one is.
#[derive(Debug)]
pub(super) struct Entry {
    /// The alert's line.
    pub(super) body: String,
    /// It is a JSON object.
    pub(super) is_json: bool,
    /// Of the event, ns since the epoch.
    pub(super) time_ns: u64,
    next: Place,
}

impl Spool {
    /// Opens it, with what an earlier run has left.
    pub(super) fn open(options: SpoolOptions) -> Result<Self, SpoolError> {
        let directory = Directory::open(&options.directory)?;
        let mut cursor = Cursor::open(&directory)?;
        let mut segments = VecDeque::new();
        let numbers = directory.segments()?;
        let first_free = numbers.last().map_or(0, |last| *last) + 1;
        for number in numbers {
            let from = if number == cursor.place.segment { cursor.place.offset } else { 0 };
            let is_done = number < cursor.place.segment;
            let (records, bytes) =
                if is_done { (0, 0) } else { Segment::read(&directory, number)?.scan(from)? };
            if records == 0 {
                directory.remove(number)?;
            } else {
                segments.push_back(Kept { number, bytes, records });
            }
        }
        // Numbers are never used twice, whatever the cursor says.
        let number = first_free.max(cursor.place.segment + 1);
        let active = Segment::create(&directory, number)?;
        let first = segments.front().map_or(number, |kept: &Kept| kept.number);
        if first != cursor.place.segment {
            cursor.advance(Place { segment: first, offset: 0 })?;
        }
        segments.push_back(Kept { number, bytes: 0, records: 0 });
        Ok(Self {
            directory,
            options,
            segments,
            active,
            reading: None,
            cursor,
            discarded: 0,
            is_unsynced: false,
        })
    }

    /// Appends a record. When this returns, it survives the end of the process.
    pub(super) fn append(&mut self, body: &str, is_json: bool, time_ns: u64) -> Result<(), SpoolError> {
        let size = segment::size(body);
        let limit_bytes = self.options.limit_bytes;
        while self.bytes() + size > limit_bytes {
            if !self.options.drops_oldest || !self.drop_oldest()? {
                return Err(SpoolError::Full { limit_bytes });
            }
        }
        let written = self.segments.back().map_or(0, |kept| kept.bytes);
        if written > 0 && written + size > (limit_bytes / SEGMENTS).max(SEGMENT_BYTES_MIN) {
            self.roll()?;
        }
        if let Err(error) = self.active.append(body, is_json, time_ns) {
            // A full disk: what is done with makes room.
            if !self.renew()? {
                return Err(error);
            }
            self.active.append(body, is_json, time_ns)?;
        }
        if let Some(kept) = self.segments.back_mut() {
            kept.bytes += size;
            kept.records += 1;
        }
        self.is_unsynced = true;
        Ok(())
    }

    /// The file whose data the disk may not have yet, if there is one: matters when the power fails.
    pub(super) fn unsynced(&mut self) -> Option<Arc<File>> {
        std::mem::take(&mut self.is_unsynced).then(|| self.active.file())
    }

    /// The first record that is not done with.
    pub(super) fn first(&mut self) -> Result<Option<Entry>, SpoolError> {
        loop {
            let Some(kept) = self.segments.front().copied() else { return Ok(None) };
            let is_active = self.segments.len() == 1;
            if kept.records > 0 {
                let Place { segment, offset } = self.cursor.place;
                let offset = if segment == kept.number { offset } else { 0 };
                let found = if is_active { &self.active } else { self.reading(kept.number)? }.at(offset)?;
                if let Found::Record { body, is_json, time_ns, next } = found {
                    let next = Place { segment: kept.number, offset: next };
                    return Ok(Some(Entry { body, is_json, time_ns, next }));
                }
                // It was there when it was counted: the disk or somebody else has changed it.
                tracing::error!(segment = kept.number, lost = kept.records, "a spooled segment is damaged");
                self.discarded += kept.records;
                if is_active {
                    self.roll()?;
                }
            } else if is_active {
                return Ok(None);
            }
            self.let_go()?;
        }
    }

    /// `entry`, the first one, is done with.
    pub(super) fn done(&mut self, entry: &Entry) -> Result<(), SpoolError> {
        // The queue may have let its segment go meanwhile.
        let Some(kept) = self.segments.front_mut().filter(|kept| kept.number == entry.next.segment) else {
            return Ok(());
        };
        kept.records = kept.records.saturating_sub(1);
        self.cursor.advance(entry.next)
    }

    /// Records that are not done with.
    pub(super) fn waiting(&self) -> u64 {
        self.segments.iter().map(|kept| kept.records).sum()
    }

    /// Records discarded since the last call.
    pub(super) fn take_discarded(&mut self) -> u64 {
        std::mem::take(&mut self.discarded)
    }

    fn reading(&mut self, number: u64) -> Result<&Segment, SpoolError> {
        let open = match self.reading.take() {
            Some(open) if open.0 == number => open,
            _ => (number, Segment::read(&self.directory, number)?),
        };
        Ok(&self.reading.insert(open).1)
    }

    fn bytes(&self) -> u64 {
        self.segments.iter().map(|kept| kept.bytes).sum()
    }

    fn roll(&mut self) -> Result<(), SpoolError> {
        let number = self.segments.back().map_or(0, |kept| kept.number) + 1;
        self.active = Segment::create(&self.directory, number)?;
        self.segments.push_back(Kept { number, bytes: 0, records: 0 });
        Ok(())
    }

    /// Another active segment in place of the only one, if all of that is done with.
    fn renew(&mut self) -> Result<bool, SpoolError> {
        let is_spent =
            self.segments.len() == 1 && self.segments.iter().all(|kept| kept.records == 0 && kept.bytes > 0);
        if is_spent {
            self.roll()?;
            self.let_go()?;
        }
        Ok(is_spent)
    }

    /// False when there is nothing that could be dropped.
    fn drop_oldest(&mut self) -> Result<bool, SpoolError> {
        if self.bytes() == 0 {
            return Ok(false);
        }
        if self.segments.len() == 1 {
            self.roll()?;
        }
        self.discarded += self.segments.front().map_or(0, |kept| kept.records);
        self.let_go()?;
        Ok(true)
    }

    /// Removes the first segment; another follows it.
    fn let_go(&mut self) -> Result<(), SpoolError> {
        if let Some(kept) = self.segments.pop_front() {
            let next = self.segments.front().map_or(kept.number + 1, |next| next.number);
            self.cursor.advance(Place { segment: next, offset: 0 })?;
            self.directory.remove(kept.number)?;
        }
        Ok(())
    }
}

fn system(action: &'static str) -> impl Fn(rustix::io::Errno) -> SpoolError {
    move |error| SpoolError::System { action, source: error.into() }
}

fn io_error(action: &'static str) -> impl Fn(io::Error) -> SpoolError {
    move |source| SpoolError::System { action, source }
}

fn unsafe_directory(path: &Path, what: impl Into<String>) -> SpoolError {
    SpoolError::Directory { path: path.to_owned(), what: what.into() }
}

#[cfg(test)]
mod tests;
