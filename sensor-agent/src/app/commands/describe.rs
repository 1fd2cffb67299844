//! `-L` and `-l`: what the rules say of themselves, for a person.

use std::fmt::{self, Write};

use super::wrap::row;

const NAME: usize = 51;
const WIDTH: usize = NAME + 110;

/// Names and descriptions in Falco's two columns.
pub(super) fn write<'a>(
    out: &mut String,
    rules: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> fmt::Result {
    writeln!(out, "{:NAME$}Description\n{:NAME$}-----------", "Rule", "----")?;
    for (name, description) in rules {
        row(out, name, description, NAME, WIDTH)?;
        writeln!(out)?;
    }
    Ok(())
}
