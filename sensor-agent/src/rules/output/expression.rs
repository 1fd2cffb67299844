//! What can stand behind a `%`: a field, or a transformer over expressions. Parsed by the longest prefix that is one.

use crate::rules::{
    Type, Value,
    fields::{Context, FieldRef, Shape, flag},
    transform::Transformer,
};

/// An expression of an output.
#[derive(Clone, Debug)]
pub(super) enum Expression {
    /// A field.
    Field(FieldRef),
    /// A quoted text or a number.
    Literal(Vec<u8>),
    /// `(a, b)` as an argument.
    List(Vec<Expression>),
    /// A transformer, its arguments, and the option in brackets behind `getopt`.
    Apply(Transformer, Vec<Expression>, Option<String>),
}

/// Calls in calls are followed this deep.
const MAX_DEPTH: usize = 16;

impl Expression {
    /// The longest expression at the start of `text`, and its length.
    pub(super) fn parse(text: &str) -> Option<(Self, usize)> {
        call(text, 0).or_else(|| field(text))
    }

    /// Its value for an event.
    pub(super) fn value<'a>(&'a self, c: &Context<'a>) -> Option<Value<'a>> {
        match self {
            Self::Field(field) => field.get(c),
            Self::Literal(text) => Some(Value::Text(text)),
            Self::List(elements) => {
                let mut list = bumpalo::collections::Vec::with_capacity_in(elements.len(), c.arena);
                for element in elements {
                    list.push(element.value(c)?);
                }
                Some(Value::List(list.into_bump_slice()))
            }
            Self::Apply(transformer, args, option) => {
                let mut values = bumpalo::collections::Vec::with_capacity_in(args.len(), c.arena);
                for arg in args {
                    values.push(arg.value(c)?);
                }
                transformer.apply(c.arena, &values, option.as_deref())
            }
        }
    }

    /// Tells `each` of every field in it.
    pub(super) fn fields<'s>(&'s self, each: &mut dyn FnMut(&'s FieldRef)) {
        match self {
            Self::Field(field) => each(field),
            Self::Literal(_) => {}
            Self::List(inner) | Self::Apply(_, inner, _) => inner.iter().for_each(|e| e.fields(each)),
        }
    }

    /// As it is told: arguments without blanks between them, texts without quotes.
    pub(super) fn told(&self) -> String {
        let join = |inner: &[Self]| inner.iter().map(Self::told).collect::<Vec<_>>().join(",");
        match self {
            Self::Field(field) => field.key(),
            Self::Literal(text) => String::from_utf8_lossy(text).into_owned(),
            Self::List(inner) => format!("({})", join(inner)),
            Self::Apply(transformer, args, option) => {
                let option = option.as_ref().map_or(String::new(), |option| format!("[{option}]"));
                format!("{}({}){option}", transformer.name(), join(args))
            }
        }
    }

    /// Its type, and whether it is a list.
    fn ty(&self) -> Option<(Type, bool)> {
        match self {
            Self::Field(field) => Some((field.ty, field.shape == Shape::List)),
            Self::Literal(_) => Some((Type::CharBuf, false)),
            Self::List(_) => Some((Type::CharBuf, true)),
            Self::Apply(transformer, args, option) => {
                let (ty, is_list) = args.first()?.ty()?;
                let (ty, is_list) = transformer.result(ty, is_list)?;
                Some((ty, is_list && option.is_none()))
            }
        }
    }
}

/// The longest field name at the start of `text`, with its argument.
fn field(text: &str) -> Option<(Expression, usize)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    let run = text.find(|c| !is_name(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at(run);
    if let Some((arg, len)) = bracket(rest)
        && let Ok(field) = FieldRef::resolve(name, Some(arg))
    {
        return Some((Expression::Field(field), run + len));
    }
    // The run is ASCII, so every length is a boundary.
    (1..=run).rev().find_map(|len| {
        let field = FieldRef::resolve(name.get(..len)?, None).ok()?;
        Some((Expression::Field(field), len))
    })
}

/// What stands in brackets, bare or quoted, and the length with the brackets.
fn bracket(text: &str) -> Option<(&str, usize)> {
    let inner = text.strip_prefix('[')?;
    for quote in ['"', '\''] {
        if let Some(quoted) = inner.strip_prefix(quote) {
            let end = quoted.find(quote)?;
            quoted.get(end + 1..)?.starts_with(']').then_some(())?;
            return Some((quoted.get(..end)?, end + 4));
        }
    }
    let end = inner.find(']')?;
    let arg = inner.get(..end).filter(|arg| !arg.is_empty() && !arg.contains([' ', '\t', '\n']))?;
    Some((arg, end + 2))
}

/// `name(argument, ...)` at the start of `text`.
fn call(text: &str, depth: usize) -> Option<(Expression, usize)> {
    let open = text.find('(')?;
    let transformer = Transformer::parse(text.get(..open)?)?;
    if depth >= MAX_DEPTH {
        return None;
    }
    let (args, used) = arguments(text.get(open..)?, depth)?;
    let mut len = open + used;
    let mut option = None;
    if transformer == Transformer::Getopt
        && let Some((wanted, used)) = text.get(len..).and_then(bracket)
    {
        option = Some(wanted.to_owned());
        len += used;
    }
    is_well_typed(transformer, &args).then_some(())?;
    Some((Expression::Apply(transformer, args, option), len))
}

fn is_well_typed(transformer: Transformer, args: &[Expression]) -> bool {
    let takes_transformer = |arg: &Expression| match arg {
        Expression::Field(field) => !field.field.is(flag::NO_TRANSFORMER),
        _ => true,
    };
    let of = |arg: &Expression| arg.ty();
    transformer.takes(args.len())
        && args.iter().all(takes_transformer)
        && match transformer {
            Transformer::Concat => {
                args.iter().all(|arg| of(arg).is_some_and(|(ty, list)| ty.is_text() && !list))
            }
            Transformer::Join => args.first().and_then(of).is_some_and(|(ty, list)| ty.is_text() && !list),
            _ => args.first().and_then(of).is_some_and(|(ty, list)| transformer.result(ty, list).is_some()),
        }
}

/// `(a, b)` and its length.
fn arguments(text: &str, depth: usize) -> Option<(Vec<Expression>, usize)> {
    let mut args = Vec::new();
    let mut at = 1;
    loop {
        at += blanks(text.get(at..)?);
        let (arg, len) = argument(text.get(at..)?, depth)?;
        args.push(arg);
        at += len;
        at += blanks(text.get(at..)?);
        match text.as_bytes().get(at)? {
            b',' => at += 1,
            b')' => return Some((args, at + 1)),
            _ => return None,
        }
    }
}

fn blanks(text: &str) -> usize {
    text.len() - text.trim_start_matches([' ', '\t', '\n', '\r']).len()
}

fn argument(text: &str, depth: usize) -> Option<(Expression, usize)> {
    match text.as_bytes().first()? {
        quote @ (b'"' | b'\'') => quoted(text, char::from(*quote)),
        b'(' if depth < MAX_DEPTH => {
            let (elements, len) = arguments(text, depth + 1)?;
            Some((Expression::List(elements), len))
        }
        b'0'..=b'9' | b'-' => {
            let len = text.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(text.len());
            Some((Expression::Literal(text.get(..len)?.as_bytes().to_vec()), len))
        }
        _ => call(text, depth + 1).or_else(|| field(text)),
    }
}

/// A quoted text, in which a backslash takes the quote or itself.
fn quoted(text: &str, quote: char) -> Option<(Expression, usize)> {
    let mut literal = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => literal.push(chars.next()?.1),
            c if c == quote => return Some((Expression::Literal(literal.into_bytes()), at + 1)),
            c => literal.push(c),
        }
    }
    None
}
