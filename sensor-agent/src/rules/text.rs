//! Bytes assembled in the event's arena: paths, tuples, rendered values. Nothing here allocates on the heap.

use std::fmt;

use bumpalo::{Bump, collections::Vec};

/// Bytes under construction; `write!` appends to them and cannot fail.
#[derive(Debug)]
pub struct Text<'a>(Vec<'a, u8>);

impl<'a> Text<'a> {
    /// No bytes yet.
    pub fn new(arena: &'a Bump) -> Self {
        Self(Vec::new_in(arena))
    }

    /// Appends raw bytes.
    pub fn push(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice_copy(bytes);
        self
    }

    /// Appends formatted text.
    pub fn fmt(&mut self, args: fmt::Arguments<'_>) -> &mut Self {
        // Appending to memory has no error to report.
        let _ok = fmt::Write::write_fmt(self, args).is_ok();
        self
    }

    /// Appends `separator` unless there is nothing yet.
    pub fn separate(&mut self, separator: &[u8]) -> &mut Self {
        if !self.0.is_empty() {
            self.push(separator);
        }
        self
    }

    /// Cuts back to `len` bytes.
    pub fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    /// What is there.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, for as long as the event lives.
    pub fn finish(self) -> &'a [u8] {
        self.0.into_bump_slice()
    }
}

impl fmt::Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes());
        Ok(())
    }
}

/// Formats into the arena: `render!(arena, "{}:{}", ip, port)`.
macro_rules! render {
    ($arena:expr, $($args:tt)*) => {{
        let mut text = $crate::rules::text::Text::new($arena);
        text.fmt(format_args!($($args)*));
        text.finish()
    }};
}
pub(crate) use render;

/// Joins `parts` into the arena.
pub fn join<'a, 'p>(arena: &'a Bump, parts: impl Iterator<Item = &'p [u8]>, separator: &[u8]) -> &'a [u8] {
    let mut text = Text::new(arena);
    for (index, part) in parts.enumerate() {
        if index > 0 {
            text.push(separator);
        }
        text.push(part);
    }
    text.finish()
}
