//! The lexer: a position in the text and the shapes of tokens. Which token comes next depends on the grammar, so
//! there is no token stream.

use super::{Literal, Span, SyntaxError, SyntaxErrorKind};

pub(super) type Result<T> = std::result::Result<T, SyntaxError>;

pub(super) struct Cursor<'t> {
    text: &'t str,
    pub(super) at: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn span(&self, start: usize) -> Span {
        Span { start, end: self.at }
    }

    pub(super) fn fail<T>(&self, kind: SyntaxErrorKind) -> Result<T> {
        Err(SyntaxError { at: self.at, told: self.at, kind })
    }

    /// Skips blanks; tells whether there were any.
    pub(super) fn blanks(&mut self) -> bool {
        self.take_while(is_blank).is_some()
    }

    pub(super) fn eat(&mut self, token: &str) -> bool {
        let is_there = self.rest().starts_with(token);
        self.at += if is_there { token.len() } else { 0 };
        is_there
    }

    /// A word that a blank follows.
    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let is_there = self.rest().strip_prefix(word).is_some_and(|rest| rest.starts_with(is_blank));
        self.at += if is_there { word.len() } else { 0 };
        is_there
    }

    fn take_while(&mut self, is_part: impl Fn(char) -> bool) -> Option<&'t str> {
        let rest = self.rest();
        let len = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        self.at += len;
        rest.get(..len).filter(|taken| !taken.is_empty())
    }

    /// `proc.name`: identifiers with dots between them, at least one.
    pub(super) fn field_name(&mut self) -> Option<&'t str> {
        let start = self.at;
        let mut segments = 0;
        let mut end = start;
        while self.identifier().is_some() {
            segments += 1;
            end = self.at;
            if !self.eat(".") {
                break;
            }
        }
        self.at = if segments > 1 { end } else { start };
        self.text.get(start..self.at).filter(|name| !name.is_empty())
    }

    pub(super) fn identifier(&mut self) -> Option<&'t str> {
        if !self.rest().starts_with(|c: char| c.is_ascii_alphabetic()) {
            return None;
        }
        self.take_while(|c| c.is_ascii_alphanumeric() || c == '_')
    }

    /// What may stand in brackets without quotes.
    pub(super) fn bare_argument(&mut self) -> Option<&'t str> {
        self.take_while(|c| !matches!(c, '[' | ']' | '"' | '\'') && !is_blank(c))
    }

    /// A word without quotes.
    pub(super) fn bare(&mut self) -> Option<Literal> {
        let start = self.at;
        let word = self.take_while(|c| !matches!(c, '(' | ')' | '"' | '\'' | '=' | ',') && !is_blank(c))?;
        Some(Literal { bytes: word.as_bytes().to_vec(), span: self.span(start) })
    }

    /// A number, hexadecimal included.
    pub(super) fn number(&mut self) -> Option<Literal> {
        let start = self.at;
        let len = hexadecimal(self.rest()).or_else(|| decimal(self.rest()))?;
        self.at += len;
        let bytes = self.text.get(start..self.at)?.as_bytes().to_vec();
        Some(Literal { bytes, span: self.span(start) })
    }

    /// A string in quotes, if one starts here.
    pub(super) fn quoted(&mut self) -> Result<Option<Literal>> {
        let start = self.at;
        let Some(quote) = self.rest().chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            return Ok(None);
        };
        let inner = self.rest().get(1..).unwrap_or_default();
        // A quote ends the string unless a backslash stands before it, even if that one is escaped itself.
        let bytes = inner.as_bytes();
        let is_end = |index: &usize| {
            bytes.get(*index) == Some(&(quote as u8)) && (*index == 0 || bytes.get(index - 1) != Some(&b'\\'))
        };
        let Some(end) = (0..bytes.len()).find(is_end) else {
            return self.fail(SyntaxErrorKind::Unterminated);
        };
        let bytes = unescape(inner.get(..end).unwrap_or_default(), quote)
            .map_err(|(offset, kind)| SyntaxError { at: start + 1 + offset, told: start + end + 2, kind })?;
        self.at = start + end + 2;
        Ok(Some(Literal { bytes, span: self.span(start) }))
    }

    /// The next word, for messages.
    pub(super) fn next_word(&self) -> String {
        let rest = self.rest();
        let end = rest.char_indices().skip(1).find(|(_, c)| is_blank(*c) || matches!(c, '(' | ')' | ','));
        match rest.get(..end.map_or(rest.len(), |(at, _)| at)) {
            Some("") | None => "the end".to_owned(),
            Some(word) => format!("`{}`", word.chars().take(40).collect::<String>()),
        }
    }
}

pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x08')
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

fn hexadecimal(text: &str) -> Option<usize> {
    let rest = text.strip_prefix("0x")?;
    let len = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
    (len > 0).then_some(len + 2)
}

/// `-1.5e+3`: sign, digits, fraction, exponent with sign.
fn decimal(text: &str) -> Option<usize> {
    let sign = usize::from(text.starts_with(['+', '-']));
    let whole = digits(text.get(sign..)?);
    if whole == 0 {
        return None;
    }
    let mut len = sign + whole;
    let fraction = text.get(len..).and_then(|rest| rest.strip_prefix('.')).map_or(0, digits);
    len += if fraction > 0 { fraction + 1 } else { 0 };
    let exponent = text.get(len..).and_then(|rest| rest.strip_prefix(['e', 'E'])?.strip_prefix(['+', '-']));
    let exponent = exponent.map_or(0, digits);
    Some(len + if exponent > 0 { exponent + 2 } else { 0 })
}

fn unescape(text: &str, quote: char) -> std::result::Result<Vec<u8>, (usize, SyntaxErrorKind)> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        if c != '\\' {
            bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        let escape = chars.next().map_or('\\', |(_, c)| c);
        let byte = match escape {
            'b' => 0x08,
            'f' => 0x0c,
            'n' => b'\n',
            'r' => b'\r',
            't' => b'\t',
            // An escaped blank is one backslash: Falco's rule files rely on it.
            '\\' | ' ' => b'\\',
            '/' => b'/',
            '"' | '\'' if escape == quote => escape as u8,
            'x' => {
                let hex = text.get(at + 2..at + 4).filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
                let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
                let byte = byte.ok_or((at, SyntaxErrorKind::Escape('x', quote)))?;
                chars.nth(1);
                byte
            }
            other => return Err((at, SyntaxErrorKind::Escape(other, quote))),
        };
        bytes.push(byte);
    }
    Ok(bytes)
}
