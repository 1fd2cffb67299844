//! `file_output`: appends lines to a file. Without `keep_alive` it is opened for each alert; with it, it is opened anew
//! once its path names another file, so that rotation needs no signal either way.

use std::{
    fs::{File, OpenOptions, metadata},
    os::unix::fs::MetadataExt,
    path::PathBuf,
};

use super::{Line, Outcome, Sink, SinkError, writer::Writer};

/// A file that alerts are appended to.
#[derive(Debug)]
pub struct FileSink {
    path: PathBuf,
    keep_alive: bool,
    buffered: bool,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    writer: Writer,
    /// Device and inode.
    id: (u64, u64),
}

impl FileSink {
    /// `file_output.filename` and `.keep_alive`, `buffered_outputs`. The file is opened once now, so that a wrong
    /// path is an error at start.
    pub fn new(path: PathBuf, keep_alive: bool, buffered: bool) -> Result<Self, SinkError> {
        let mut sink = Self { path, keep_alive, buffered: buffered && keep_alive, open: None };
        let open = sink.open()?;
        sink.open = keep_alive.then_some(open);
        Ok(sink)
    }

    fn open(&self) -> Result<Open, SinkError> {
        let failed = |source| SinkError::Open { path: self.path.clone(), source };
        let file: File = OpenOptions::new().append(true).create(true).open(&self.path).map_err(failed)?;
        let held = file.metadata().map_err(failed)?;
        Ok(Open { writer: Writer::new(file, self.buffered), id: (held.dev(), held.ino()) })
    }

    /// The open file, unless the path names another one by now or none.
    fn current(&mut self) -> Result<Open, SinkError> {
        let Some(mut open) = self.open.take() else { return self.open() };
        if metadata(&self.path).is_ok_and(|named| (named.dev(), named.ino()) == open.id) {
            return Ok(open);
        }
        open.writer.flush()?;
        self.open()
    }
}

impl Sink for FileSink {
    fn name(&self) -> &'static str {
        "file"
    }

    fn deliver(&mut self, line: &Line) -> Result<Outcome, SinkError> {
        let mut open = self.current()?;
        let result = open.writer.write(line.terminated().as_bytes());
        self.open = self.keep_alive.then_some(open);
        result.map(|()| Outcome::Delivered)
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        self.open.as_mut().map_or(Ok(()), |open| open.writer.flush())
    }

    fn reopen(&mut self) -> Result<(), SinkError> {
        let flushed = self.flush();
        self.open = None;
        if self.keep_alive {
            self.open = Some(self.open()?);
        }
        flushed
    }
}
