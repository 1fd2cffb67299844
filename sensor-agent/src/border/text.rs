//! Text that somebody else chose, made safe to print: no line break, no byte that a terminal obeys.

use std::fmt::Write;

/// Appends `text` with its control and direction characters written out (`\n`, `\u009b`).
pub fn push_visible(out: &mut String, text: &str) {
    text.chars().for_each(|c| push_char(out, c));
}

/// Appends `text` as the inside of a JSON string: quotes and backslashes too, so that it can be decoded.
pub fn push_escaped(out: &mut String, text: &str) {
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
            out.push(c);
        } else {
            push_char(out, c);
        }
    }
}

fn push_char(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        // Writing to a string cannot fail.
        c if is_hidden(c) => write!(out, "\\u{:04x}", u32::from(c)).unwrap_or_default(),
        c => out.push(c),
    }
}

/// Obeyed instead of shown: C0, DEL, C1 (a terminal's second set of escape sequences), line and paragraph
/// separators, and the marks that reorder what stands around them.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests;
