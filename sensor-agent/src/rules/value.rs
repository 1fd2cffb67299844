//! Types and values of fields.

use std::net::IpAddr;

/// Type of a field or parameter, with Falco's name for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// `INT8`
    Int8,
    /// `INT16`
    Int16,
    /// `INT32`
    Int32,
    /// `INT64`
    Int64,
    /// `UINT8`
    Uint8,
    /// `UINT16`
    Uint16,
    /// `UINT32`
    Uint32,
    /// `UINT64`
    Uint64,
    /// `BOOL`
    Bool,
    /// `DOUBLE`
    Double,
    /// `CHARBUF`: text.
    CharBuf,
    /// `FSPATH`
    FsPath,
    /// `FSRELPATH`
    FsRelPath,
    /// `BYTEBUF`
    ByteBuf,
    /// `IPADDR`
    IpAddr,
    /// `IPNET`
    IpNet,
    /// `PORT`
    Port,
    /// `RELTIME`: ns.
    RelTime,
    /// `ABSTIME`: ns since the epoch.
    AbsTime,
    /// `DYN`: depends on the argument (`evt.rawarg`).
    Dyn,
}

impl Type {
    /// Falco's name of the type, in listings and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Int8 => "INT8",
            Self::Int16 => "INT16",
            Self::Int32 => "INT32",
            Self::Int64 => "INT64",
            Self::Uint8 => "UINT8",
            Self::Uint16 => "UINT16",
            Self::Uint32 => "UINT32",
            Self::Uint64 => "UINT64",
            Self::Bool => "BOOL",
            Self::Double => "DOUBLE",
            Self::CharBuf => "CHARBUF",
            Self::FsPath => "FSPATH",
            Self::FsRelPath => "FSRELPATH",
            Self::ByteBuf => "BYTEBUF",
            Self::IpAddr => "IPADDR",
            Self::IpNet => "IPNET",
            Self::Port => "PORT",
            Self::RelTime => "RELTIME",
            Self::AbsTime => "ABSTIME",
            Self::Dyn => "DYNAMIC",
        }
    }

    /// Whether its values are text: what transformers of strings take.
    pub const fn is_text(self) -> bool {
        matches!(self, Self::CharBuf | Self::FsPath | Self::FsRelPath)
    }
}

/// Value of a field for one event; an absent value is no value (`Option`). Borrowed from record, state or the event's
/// arena, so evaluation allocates nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Boolean.
    Bool(bool),
    /// Signed number.
    I64(i64),
    /// Unsigned number, time, port.
    U64(u64),
    /// Number with a fraction.
    F64(f64),
    /// Text, path or buffer; raw bytes.
    Text(&'a [u8]),
    /// Address.
    Ip(IpAddr),
    /// List field, both ends of `fd.ip`, or all ancestors of `proc.aname`: see [`super::fields::Shape`].
    List(&'a [Value<'a>]),
}

impl<'a> Value<'a> {
    /// Text that the program itself chose.
    pub const fn str(text: &'a str) -> Self {
        Self::Text(text.as_bytes())
    }

    /// The bytes of a text; `None` for everything else.
    pub const fn text(&self) -> Option<&'a [u8]> {
        match self {
            Self::Text(text) => Some(*text),
            _ => None,
        }
    }
}
