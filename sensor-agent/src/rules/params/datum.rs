//! One parameter's value, and its texts.

use super::{errno, fd_text, flags::Set, modes, signal};
use crate::rules::{
    Value,
    fields::{Context, group_name, user_name},
    text::Text,
};

const AT_FDCWD: i64 = -100;

/// A value with what Falco's type says about its text.
#[derive(Clone, Copy, Debug)]
pub enum Datum<'a> {
    /// Signed decimal.
    Int(i64),
    /// Unsigned decimal.
    Uint(u64),
    /// Hexadecimal, upper case.
    Hex(u64),
    /// Octal with a leading 0.
    Octal(u64),
    /// Result; negative ones have a name.
    Errno(i64),
    /// Descriptor, and the argument that it was given as.
    Fd(i64, Option<u8>),
    /// Process or thread; its name resolves it.
    Pid(i64),
    /// User id.
    Uid(u32),
    /// Group id.
    Gid(u32),
    /// Bits in Falco's numbering.
    Flags(u64, &'static Set),
    /// One value of a set.
    Enum(u64, &'static Set),
    /// One value in Falco's numbering, with its name.
    Word(u64, &'static str),
    /// `S_*` bits.
    Mode(u32),
    /// Signal.
    Signal(u32),
    /// Text; `<NA>` when absent.
    Text(Option<&'a [u8]>),
    /// Path as spelled, and absolute when it was relative.
    Path(Option<&'a [u8]>, Option<&'a [u8]>),
    /// Socket tuple; `NULL` when absent.
    Tuple(Option<&'a [u8]>),
    /// Bytes; `NULL` when there are none, dots for what does not print.
    Buffer(&'a [u8]),
}

impl<'a> Datum<'a> {
    /// Appends the raw text.
    pub fn write(&self, text: &mut Text<'_>) {
        match *self {
            Self::Int(n) | Self::Errno(n) | Self::Fd(n, _) | Self::Pid(n) => text.fmt(format_args!("{n}")),
            Self::Uid(n) | Self::Gid(n) => text.fmt(format_args!("{}", n.cast_signed())),
            Self::Uint(n) | Self::Flags(n, _) | Self::Enum(n, _) | Self::Word(n, _) => {
                text.fmt(format_args!("{n}"))
            }
            Self::Hex(n) => text.fmt(format_args!("{n:X}")),
            Self::Octal(n) => write_octal(text, n),
            Self::Mode(n) => write_octal(text, u64::from(n)),
            Self::Signal(n) => text.fmt(format_args!("{n}")),
            Self::Text(bytes) | Self::Path(bytes, _) => text.push(bytes.unwrap_or(b"<NA>")),
            Self::Tuple(bytes) => text.push(bytes.unwrap_or(b"NULL")),
            Self::Buffer([]) => text.push(b"NULL"),
            Self::Buffer(bytes) => {
                for byte in bytes {
                    let is_printable = (0x20..0x7f).contains(byte);
                    text.push(if is_printable { std::slice::from_ref(byte) } else { b"." });
                }
                text
            }
        };
    }

    /// What the raw text stands for, if that says more; may be empty.
    pub fn resolved(&self, c: &Context<'a>) -> Option<&'a [u8]> {
        match *self {
            Self::Fd(AT_FDCWD, _) => Some(b"AT_FDCWD"),
            Self::Errno(n) | Self::Fd(n, _) if n < 0 => Some(errno::name(n).as_bytes()),
            Self::Fd(n, argument) => fd_text(c, n, argument),
            Self::Pid(n) => process_name(c, n),
            Self::Uid(u32::MAX) | Self::Gid(u32::MAX) => Some(b"<NONE>"),
            Self::Uid(n) => Some(user_name(c, n).as_bytes()),
            Self::Gid(n) => Some(group_name(c, n).as_bytes()),
            Self::Flags(n, set) => Some(set.names_of_bits(c.arena, n)),
            Self::Enum(n, set) => Some(set.names_of_value(c.arena, n)),
            Self::Word(_, name) => Some(name.as_bytes()),
            Self::Mode(n) => Some(modes::names(c.arena, n)),
            Self::Signal(n) => signal::name(n).map(str::as_bytes),
            Self::Path(_, full) => full,
            _ => None,
        }
    }

    /// The value itself; `None` when it is empty.
    pub fn native(&self) -> Option<Value<'a>> {
        match *self {
            Self::Int(n) | Self::Errno(n) | Self::Fd(n, _) | Self::Pid(n) => Some(Value::I64(n)),
            Self::Uint(n)
            | Self::Hex(n)
            | Self::Octal(n)
            | Self::Flags(n, _)
            | Self::Enum(n, _)
            | Self::Word(n, _) => Some(Value::U64(n)),
            Self::Uid(n) | Self::Gid(n) | Self::Mode(n) | Self::Signal(n) => Some(Value::U64(u64::from(n))),
            Self::Text(bytes) | Self::Path(bytes, _) | Self::Tuple(bytes) => {
                bytes.filter(|bytes| !bytes.is_empty()).map(Value::Text)
            }
            Self::Buffer(bytes) => (!bytes.is_empty()).then_some(Value::Text(bytes)),
        }
    }

    /// Whether the native value prints in a base of its own.
    pub const fn has_own_base(&self) -> bool {
        matches!(self, Self::Hex(_) | Self::Octal(_) | Self::Mode(_) | Self::Flags(..))
    }

    /// Appends the native value in that base: flags are hexadecimal here.
    pub fn write_own_base(&self, text: &mut Text<'_>) {
        match *self {
            Self::Flags(n, _) => {
                text.fmt(format_args!("{n:X}"));
            }
            _ => self.write(text),
        }
    }
}

fn write_octal<'t, 'b>(text: &'t mut Text<'b>, n: u64) -> &'t mut Text<'b> {
    if n == 0 { text.push(b"0") } else { text.fmt(format_args!("0{n:o}")) }
}

fn process_name<'a>(c: &Context<'a>, pid: i64) -> Option<&'a [u8]> {
    let pid = u32::try_from(pid).ok().filter(|pid| *pid != 0)?;
    if c.event.actor.key.tgid == pid {
        return Some(&c.event.actor.name);
    }
    c.event.state.by_tgid(pid).map(|process| &*process.name)
}
