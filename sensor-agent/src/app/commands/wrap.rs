//! Plain-text layout of listings, as Falco's: a name column, then words wrapped to a width.

use std::fmt::{self, Write};

/// Writes `name` padded to `indent`, then `text` in lines of at most `width` columns, each with the trailing space
/// that Falco prints. A name that fills its column stands in a line of its own.
pub(super) fn row(out: &mut String, name: &str, text: &str, indent: usize, width: usize) -> fmt::Result {
    write!(out, "{name:indent$}")?;
    if name.len() >= indent {
        write!(out, "\n{:indent$}", "")?;
    }
    let mut column = indent;
    for word in text.split_whitespace() {
        if column > indent && column + word.len() >= width {
            write!(out, "\n{:indent$}", "")?;
            column = indent;
        }
        write!(out, "{word} ")?;
        column += word.len() + 1;
    }
    writeln!(out)
}
