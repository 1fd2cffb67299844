//! `-L` and `-l`: what the rules say of themselves, for a person.

use std::fmt::{self, Write};

use super::wrap::row;

const NAME: usize = 51;
const WIDTH: usize = NAME + 110;

/// One rule.
pub(super) struct Described<'a> {
    pub(super) name: &'a str,
    pub(super) description: &'a str,
    /// With `-v`: whether it is evaluated, and where it stands.
    pub(super) note: Option<String>,
}

/// Names and descriptions in Falco's two columns.
pub(super) fn write<'a>(out: &mut String, rules: impl IntoIterator<Item = Described<'a>>) -> fmt::Result {
    writeln!(out, "{:NAME$}Description\n{:NAME$}-----------", "Rule", "----")?;
    for Described { name, description, note } in rules {
        row(out, name, description, NAME, WIDTH)?;
        if let Some(note) = note {
            writeln!(out, "{:NAME$}({note})", "")?;
        }
        writeln!(out)?;
    }
    Ok(())
}
