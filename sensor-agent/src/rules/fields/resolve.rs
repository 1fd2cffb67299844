//! From a name in a rule to a field: longest name first, then `.arg` or `[arg]`.

use sensor_common::{ledger::slot, syscalls::TABLE};

use super::{
    Arg, ArgKind, ArgRule, CLASSES, Field, FieldRef, Shape, arguments,
    arguments::{ArgType, RawType},
    flag,
};
use crate::{
    decode::Body,
    enrich::Event,
    rules::{Type, lang::spelled},
};

/// Why a name with its argument is no field. The texts are Falco's: people and tools search for them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// No field is called that, or it does not take such an argument.
    #[error("filter_check called with nonexistent field {given}")]
    Unknown {
        /// As written.
        given: String,
    },
    /// A field that needs an argument stands without one.
    #[error("filter syntax error: {given}")]
    Missing {
        /// As written.
        given: String,
    },
    /// The same of a plugin's field.
    #[error("filter '{given}': {name} requires an argument but none provided")]
    PluginMissing {
        /// As written.
        given: String,
        /// The field.
        name: &'static str,
    },
    /// An argument for a plugin's field that takes none.
    #[error("filter '{given}': {name} does not allow nor require an argument but one is provided: {arg}")]
    PluginNotAllowed {
        /// As written.
        given: String,
        /// The field.
        name: &'static str,
        /// The argument.
        arg: String,
    },
    /// No event has a parameter of that name.
    #[error("unknown event argument {arg}")]
    UnknownParam {
        /// The name.
        arg: String,
    },
    /// A number was expected in the brackets.
    #[error("{arg} is not a valid number")]
    NotNumber {
        /// What was there.
        arg: String,
    },
    /// `evt.rawarg[0]`
    #[error("evt.arg fields must be expressed explicitly")]
    NotByNumber,
    /// `evt.rawarg` of a parameter whose type cannot be compared; the number is Falco's for the type.
    #[error("wrong parameter type {number}")]
    ParamType {
        /// Falco's number.
        number: u8,
    },
}

impl FieldRef {
    /// The field `name` with the text in brackets behind it, if there were any: `("proc.aname", Some("2"))`,
    /// `("evt.arg.flags", None)`.
    pub fn resolve(name: &str, bracket: Option<&str>) -> Result<Self, FieldError> {
        let given = || match bracket {
            Some(arg) => format!("{name}[{arg}]"),
            None => name.to_owned(),
        };
        let unknown = || FieldError::Unknown { given: given() };
        let (field, rest) = longest(name).ok_or_else(unknown)?;
        let dotted = rest.strip_prefix('.');
        if dotted.is_none() && !rest.is_empty() {
            return Err(unknown());
        }
        match (field.arg, dotted, bracket) {
            (ArgRule::None | ArgRule::Optional, None, None) => {
                Ok(Self { field, arg: Arg::None, ty: field.ty, shape: field.shape })
            }
            // evt.abspath alone is the first path, though it is listed as one that needs an argument.
            (ArgRule::Required, None, None) if field.name == "evt.abspath" => {
                Ok(Self { field, arg: Arg::None, ty: field.ty, shape: field.shape })
            }
            (ArgRule::Required, Some(arg), None) if dots(field) => dotted_arg(field, arg, &unknown),
            (ArgRule::Required, _, None) => Err(missing(field, given())),
            (ArgRule::Optional | ArgRule::Required, None, Some(arg)) => bracket_arg(field, arg, &unknown),
            (ArgRule::None, None, Some(arg)) if field.is(flag::PLUGIN) => {
                Err(FieldError::PluginNotAllowed { given: given(), name: field.name, arg: arg.to_owned() })
            }
            _ => Err(unknown()),
        }
    }

    /// The field with its argument, normalised: the key in `output_fields`.
    pub fn key(&self) -> String {
        match &self.arg {
            Arg::None => self.field.name.to_owned(),
            Arg::Index(index) => format!("{}[{index}]", self.field.name),
            Arg::Key(key) if dots(self.field) => format!("{}.{key}", self.field.name),
            // What cannot stand in brackets as it is needs quotes.
            Arg::Key(key) if key.contains(|c: char| c.is_whitespace() || "[]\"'".contains(c)) => {
                format!("{}[{}]", self.field.name, spelled(key.as_bytes()))
            }
            Arg::Key(key) => format!("{}[{key}]", self.field.name),
        }
    }
}

/// The field with the longest name that starts `text`, and what follows it.
fn longest(text: &str) -> Option<(&'static Field, &str)> {
    let fields = CLASSES.iter().flat_map(super::Class::fields);
    fields
        .filter_map(|field| Some((field, text.strip_prefix(field.name)?)))
        .min_by_key(|(_, rest)| rest.len())
}

/// Whether an argument stands behind a dot.
fn dots(field: &Field) -> bool {
    matches!(field.arg_kind, ArgKind::Param | ArgKind::Word)
}

fn missing(field: &'static Field, given: String) -> FieldError {
    if field.is(flag::PLUGIN) {
        FieldError::PluginMissing { given, name: field.name }
    } else {
        FieldError::Missing { given }
    }
}

fn dotted_arg(
    field: &'static Field,
    arg: &str,
    unknown: &dyn Fn() -> FieldError,
) -> Result<FieldRef, FieldError> {
    // What an operator calls a static field may have dots and dashes.
    let is_static = field.name == super::fixed::NAME;
    let is_word = !arg.is_empty()
        && arg.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || is_static && b".-".contains(&b));
    if !is_word {
        return Err(unknown());
    }
    let mut ty = field.ty;
    match field.name {
        "evt.arg" | "evt.rawarg" => {
            let param = arguments::of(arg).ok_or_else(|| FieldError::UnknownParam { arg: arg.to_owned() })?;
            if field.ty == Type::Dyn {
                ty = raw_type(param)?;
            }
        }
        "evt.abspath" if !["src", "dst"].contains(&arg) => return Err(unknown()),
        "evt.type.is" if !is_event(arg) => return Err(unknown()),
        _ => {}
    }
    Ok(FieldRef { field, arg: Arg::Key(arg.to_owned()), ty, shape: Shape::One })
}

fn raw_type(param: ArgType) -> Result<Type, FieldError> {
    match param.raw() {
        RawType::Comparable(ty) => Ok(ty),
        // Falco loads these and then allows `exists` only.
        RawType::Opaque => Ok(Type::Dyn),
        RawType::Refused(number) => Err(FieldError::ParamType { number }),
    }
}

/// An event name of this sensor, or the number of a Falco event.
fn is_event(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_digit())
        || ["clone", "execve", "procexit"].contains(&word)
        || TABLE.iter().any(|row| row.event == word)
}

fn bracket_arg(
    field: &'static Field,
    arg: &str,
    unknown: &dyn Fn() -> FieldError,
) -> Result<FieldRef, FieldError> {
    let key = || Arg::Key(arg.to_owned());
    let parsed = match field.arg_kind {
        ArgKind::Key => key(),
        ArgKind::Either => number(arg).unwrap_or_else(key),
        ArgKind::Number if field.ty == Type::CharBuf && field.shape == Shape::List => {
            number(arg).ok_or_else(|| FieldError::NotNumber { arg: arg.to_owned() })?
        }
        ArgKind::Number => number(arg).ok_or_else(unknown)?,
        ArgKind::Param if field.ty == Type::Dyn => return Err(FieldError::NotByNumber),
        ArgKind::Param => number(arg).ok_or_else(|| FieldError::NotNumber { arg: arg.to_owned() })?,
        ArgKind::Word => return Err(unknown()),
    };
    let shape = if field.shape == Shape::AnyAncestor { Shape::One } else { field.shape };
    Ok(FieldRef { field, arg: parsed, ty: field.ty, shape })
}

/// An index. Falco takes negative and overlong ones; no event has anything there.
fn number(text: &str) -> Option<Arg> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(Arg::Index(text.parse().unwrap_or(u32::MAX)))
}

/// Falco's event: `None` for what is no event to rules (first sight).
pub fn event_name(event: &Event<'_>) -> Option<&'static str> {
    match event.slot() {
        slot::FORK => Some(match &event.record.body {
            Body::Fork(told) if told.call_nr == 57 => "fork",
            Body::Fork(told) if told.call_nr == 58 => "vfork",
            Body::Fork(told) if told.call_nr == 435 => "clone3",
            _ => "clone",
        }),
        slot::EXEC => Some("execve"),
        slot::EXIT => Some("procexit"),
        slot::CGROUP => Some("container"),
        _ => event.row().map(|row| row.event),
    }
}
