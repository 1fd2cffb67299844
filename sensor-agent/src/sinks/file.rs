//! `file_output`: appends lines to a file; without `keep_alive` it is opened for each alert, so that rotation needs no signal.

use std::{
    fs::{File, OpenOptions},
    path::PathBuf,
};

use super::{Line, Sink, SinkError, writer::Writer};

/// A file that alerts are appended to.
#[derive(Debug)]
pub struct FileSink {
    path: PathBuf,
    keep_alive: bool,
    buffered: bool,
    open: Option<Writer>,
}

impl FileSink {
    /// `file_output.filename` and `.keep_alive`, `buffered_outputs`. The file is opened once now, so that a wrong
    /// path is an error at start.
    pub fn new(path: PathBuf, keep_alive: bool, buffered: bool) -> Result<Self, SinkError> {
        let mut sink = Self { path, keep_alive, buffered: buffered && keep_alive, open: None };
        let writer = sink.open()?;
        sink.open = keep_alive.then_some(writer);
        Ok(sink)
    }

    fn open(&self) -> Result<Writer, SinkError> {
        let opened: Result<File, _> = OpenOptions::new().append(true).create(true).open(&self.path);
        match opened {
            Ok(file) => Ok(Writer::new(file, self.buffered)),
            Err(source) => Err(SinkError::Open { path: self.path.clone(), source }),
        }
    }
}

impl Sink for FileSink {
    fn name(&self) -> &'static str {
        "file"
    }

    fn deliver(&mut self, line: &Line) -> Result<(), SinkError> {
        let mut writer = match self.open.take() {
            Some(writer) => writer,
            None => self.open()?,
        };
        let result = writer.write(line.terminated().as_bytes());
        self.open = self.keep_alive.then_some(writer);
        result
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        self.open.as_mut().map_or(Ok(()), Writer::flush)
    }

    fn reopen(&mut self) -> Result<(), SinkError> {
        let flushed = self.flush();
        // Opened by the next alert.
        self.open = None;
        flushed
    }
}
