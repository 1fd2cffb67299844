//! Output formats: text with `%field`, `%12field`, `%transformer(field)`. What does not belong to the longest field is text
//! again (`%proc.name.`), and there is no escape for the percent sign.

use super::{expression::Expression, value::printed, write_value};
use crate::{
    border::FieldValue,
    rules::{
        fields::{Context, FieldRef},
        text::Text,
    },
};

/// A parsed output. Absent fields print `<NA>`.
#[derive(Clone, Debug)]
pub struct Format {
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Text(Vec<u8>),
    Token { width: Option<usize>, expression: Expression },
}

/// Why an output is not accepted; the texts begin as Falco's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// Nothing to print.
    #[error("empty formatting token")]
    Empty,
    /// A percent sign with nothing behind it.
    #[error("invalid formatting syntax: formatting cannot end with a %")]
    TrailingPercent,
    /// No field begins behind a percent sign.
    #[error("unknown filter: unexpected token after '%': `{token}` is no field")]
    UnknownField {
        /// What stands there, the next word at most.
        token: String,
        /// The byte of the percent sign.
        at: usize,
    },
}

/// A field of old outputs that stands for nothing.
const CONTAINER_INFO: &str = "%container.info";
/// Widths are cut here.
const MAX_WIDTH: usize = 4096;

impl Format {
    /// Parses the output of a rule.
    pub fn parse(text: &str) -> Result<Self, FormatError> {
        let text = text.replace(CONTAINER_INFO, "");
        if text.is_empty() {
            return Err(FormatError::Empty);
        }
        // A star says that absent fields are no reason to print nothing; they never are.
        let mut rest = text.strip_prefix('*').unwrap_or(&text);
        let mut offset = text.len() - rest.len();
        let mut parts = Vec::new();
        while let Some(at) = rest.find('%') {
            let (before, token) = rest.split_at(at);
            if !before.is_empty() {
                parts.push(Part::Text(before.as_bytes().to_vec()));
            }
            let token = token.get(1..).unwrap_or_default();
            if token.is_empty() {
                return Err(FormatError::TrailingPercent);
            }
            let digits = token.find(|c: char| !c.is_ascii_digit()).unwrap_or(token.len());
            let (width, token) = token.split_at(digits);
            let width =
                width.parse().ok().filter(|width| *width > 0).map(|width: usize| width.min(MAX_WIDTH));
            let (expression, len) = Expression::parse(token).ok_or_else(|| FormatError::UnknownField {
                token: token.split_whitespace().next().unwrap_or_default().chars().take(40).collect(),
                at: offset + at,
            })?;
            parts.push(Part::Token { width, expression });
            offset += rest.len();
            rest = token.get(len..).unwrap_or_default();
            offset -= rest.len();
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.as_bytes().to_vec()));
        }
        Ok(Self { parts })
    }

    /// The text for an event. Allocates: a rule has matched.
    pub fn render(&self, c: &Context<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.extend_from_slice(text),
                Part::Token { width, expression } => {
                    let text = token(c, expression);
                    out.extend_from_slice(text.get(..width.unwrap_or(text.len())).unwrap_or(&text));
                    let missing = width.unwrap_or(0).saturating_sub(text.len());
                    out.resize(out.len() + missing, b' ');
                }
            }
        }
        out
    }

    /// The plain fields in it, also those inside of transformers, each once and in order.
    pub fn fields(&self) -> Vec<&FieldRef> {
        let mut fields: Vec<&FieldRef> = Vec::new();
        for part in &self.parts {
            if let Part::Token { expression, .. } = part {
                expression.fields(&mut |field| {
                    if !fields.contains(&field) {
                        fields.push(field);
                    }
                });
            }
        }
        fields
    }

    /// What stands behind percent signs, as it is told.
    pub fn expressions(&self) -> impl Iterator<Item = String> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Token { expression, .. } => Some(expression.told()),
        })
    }

    /// Key and value of each of [`Self::fields`].
    pub fn values(&self, c: &Context<'_>) -> Vec<(String, FieldValue)> {
        self.fields().into_iter().map(|field| (field.key(), super::json(c, field))).collect()
    }
}

fn token(c: &Context<'_>, expression: &Expression) -> Vec<u8> {
    if let Expression::Field(field) = expression {
        return printed(c, field).unwrap_or(b"<NA>").to_vec();
    }
    // The format outlives the event, its values do not: a context with a shorter life joins them.
    let c = *c;
    let Some(value) = expression.value(&c) else { return b"<NA>".to_vec() };
    let mut text = Text::new(c.arena);
    write_value(&mut text, &value);
    text.bytes().to_vec()
}
