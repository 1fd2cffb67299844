//! Transformers: pure functions over values, shared by conditions and outputs. `None` means that the result is absent.

#[cfg(test)]
mod tests;

use base64::{
    Engine,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bumpalo::{Bump, collections::Vec};

use super::{Type, Value, fields::file_name, output, text::Text};

/// A transformer by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transformer {
    /// `tolower(x)`
    ToLower,
    /// `toupper(x)`
    ToUpper,
    /// `b64(x)`: decodes.
    B64,
    /// `basename(x)`
    Basename,
    /// `len(x)`
    Len,
    /// `join(separator, list)`
    Join,
    /// `concat(a, b, ...)`
    Concat,
    /// `getopt(list, options)`, also `getopt(list, options)[c]`
    Getopt,
}

impl Transformer {
    /// All, in the order in which Falco's messages name them (behind `val`).
    pub const ALL: [Self; 8] = [
        Self::ToLower,
        Self::ToUpper,
        Self::B64,
        Self::Basename,
        Self::Len,
        Self::Join,
        Self::Concat,
        Self::Getopt,
    ];

    /// Its name in rules.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ToLower => "tolower",
            Self::ToUpper => "toupper",
            Self::B64 => "b64",
            Self::Basename => "basename",
            Self::Len => "len",
            Self::Join => "join",
            Self::Concat => "concat",
            Self::Getopt => "getopt",
        }
    }

    /// The transformer of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|transformer| transformer.name() == name)
    }

    /// How many arguments it takes.
    pub const fn takes(self, n_args: usize) -> bool {
        match self {
            Self::ToLower | Self::ToUpper | Self::B64 | Self::Basename | Self::Len => n_args == 1,
            Self::Join | Self::Getopt => n_args == 2,
            Self::Concat => n_args >= 2,
        }
    }

    /// The type and list-ness of its result for a first argument of type `ty`; `None` when it does not take that.
    pub const fn result(self, ty: Type, is_list: bool) -> Option<(Type, bool)> {
        match self {
            Self::ToLower | Self::ToUpper | Self::Basename if ty.is_text() => Some((ty, is_list)),
            Self::B64 if ty.is_text() || matches!(ty, Type::ByteBuf) => Some((ty, is_list)),
            Self::Len if is_list || ty.is_text() || matches!(ty, Type::ByteBuf) => {
                Some((Type::Uint64, false))
            }
            Self::Join | Self::Concat if ty.is_text() && !is_list => Some((Type::CharBuf, false)),
            Self::Getopt if is_list => Some((Type::CharBuf, true)),
            _ => None,
        }
    }

    /// Applies it. `option` is what stands in brackets behind `getopt`.
    pub fn apply<'a>(self, arena: &'a Bump, args: &[Value<'a>], option: Option<&str>) -> Option<Value<'a>> {
        match (self, args) {
            (Self::ToLower, [value]) => each_text(arena, *value, |text| Some(lower(arena, text))),
            (Self::ToUpper, [value]) => each_text(arena, *value, |text| Some(upper(arena, text))),
            (Self::B64, [value]) => each_text(arena, *value, |text| b64(arena, text)),
            (Self::Basename, [value]) => each_text(arena, *value, |text| Some(file_name(text))),
            (Self::Len, [value]) => len(*value),
            (Self::Join, [separator, list]) => join(arena, *separator, *list),
            (Self::Concat, parts) => concat(arena, parts),
            (Self::Getopt, [list, options]) => getopt(arena, *list, options.text()?, option),
            _ => None,
        }
    }
}

/// `convert` of a text, or of each element of a list; absent when one fails.
fn each_text<'a>(
    arena: &'a Bump,
    value: Value<'a>,
    convert: impl Fn(&'a [u8]) -> Option<&'a [u8]>,
) -> Option<Value<'a>> {
    match value {
        Value::Text(text) => convert(text).map(Value::Text),
        Value::List(list) => {
            let mut all = Vec::with_capacity_in(list.len(), arena);
            for element in list {
                all.push(Value::Text(convert(element.text()?)?));
            }
            Some(Value::List(all.into_bump_slice()))
        }
        _ => None,
    }
}

fn lower<'a>(arena: &'a Bump, text: &'a [u8]) -> &'a [u8] {
    if !text.iter().any(u8::is_ascii_uppercase) {
        return text;
    }
    let copy = arena.alloc_slice_copy(text);
    copy.make_ascii_lowercase();
    copy
}

fn upper<'a>(arena: &'a Bump, text: &'a [u8]) -> &'a [u8] {
    if !text.iter().any(u8::is_ascii_lowercase) {
        return text;
    }
    let copy = arena.alloc_slice_copy(text);
    copy.make_ascii_uppercase();
    copy
}

/// Decodes; padding may be missing.
fn b64<'a>(arena: &'a Bump, text: &[u8]) -> Option<&'a [u8]> {
    const ENGINE: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let to = arena.alloc_slice_fill_copy(base64::decoded_len_estimate(text.len()), 0);
    let len = ENGINE.decode_slice(text, to).ok()?;
    to.get(..len)
}

/// Elements of a list, bytes of a text.
pub fn len(value: Value<'_>) -> Option<Value<'_>> {
    match value {
        Value::List(list) => Some(Value::U64(list.len() as u64)),
        Value::Text(text) => Some(Value::U64(text.len() as u64)),
        _ => None,
    }
}

/// The elements of `list` (or the one value) with `separator` between them.
pub fn join<'a>(arena: &'a Bump, separator: Value<'a>, list: Value<'a>) -> Option<Value<'a>> {
    let separator = separator.text()?;
    let single = [list];
    let elements = if let Value::List(elements) = list { elements } else { &single };
    let mut text = Text::new(arena);
    for (index, element) in elements.iter().enumerate() {
        text.push(if index > 0 { separator } else { b"" });
        output::write_value(&mut text, element);
    }
    Some(Value::Text(text.finish()))
}

/// All parts, one behind the other.
pub fn concat<'a>(arena: &'a Bump, parts: &[Value<'a>]) -> Option<Value<'a>> {
    let mut text = Text::new(arena);
    for part in parts {
        text.push(part.text()?);
    }
    Some(Value::Text(text.finish()))
}

/// Options of an argument list in the manner of `getopt(3)`: letters in `options`, a colon behind those with a value.
/// Scanning ends at `--` and at the first argument that is none. Without `wanted` the result is the list of options
/// that were found (`?` for one that is not in `options`), with it the last value of that option.
pub fn getopt<'a>(
    arena: &'a Bump,
    list: Value<'a>,
    options: &[u8],
    wanted: Option<&str>,
) -> Option<Value<'a>> {
    let Value::List(list) = list else { return None };
    let mut args = list.iter().filter_map(Value::text);
    let mut found = Vec::new_in(arena);
    let mut value_of_wanted = None;
    while let Some(arg) = args.next() {
        let Some(mut letters) = arg.strip_prefix(b"-").filter(|rest| !rest.is_empty() && *rest != b"-")
        else {
            break;
        };
        while let Some((letter, rest)) = letters.split_first() {
            letters = rest;
            let at = options.iter().position(|option| option == letter && *letter != b':');
            let takes_value = at.is_some_and(|at| options.get(at + 1) == Some(&b':'));
            let mut value: &[u8] = b"";
            if takes_value {
                value = if rest.is_empty() { args.next().unwrap_or_default() } else { rest };
                letters = b"";
            }
            let name = if at.is_some() { &*arena.alloc_slice_copy(&[*letter]) } else { b"?" };
            if wanted.is_some_and(|wanted| wanted.as_bytes() == name) {
                value_of_wanted = Some(Value::Text(value));
            }
            found.push(Value::Text(name));
        }
    }
    if wanted.is_some() { value_of_wanted } else { Some(Value::List(found.into_bump_slice())) }
}
