//! The parameters of an event: which there are, their text for `evt.arg` and `evt.args`, their values for `evt.rawarg`.

pub mod errno;
pub mod sockaddr;
mod datum;
mod flags;
mod lifecycle;
mod modes;
mod numbers;
mod ptrace;
mod signal;
#[cfg(test)]
mod tests;

pub use datum::Datum;
pub use lifecycle::fork_result;

use sensor_common::{
    event::{Call, file},
    ledger::slot,
    syscalls::{CWD, FlagSet, Origin, Param, ParamType, Row},
};

use super::{
    Value,
    fields::{Arg, Context, Descriptor},
    text::Text,
};
use crate::{decode::Body, rules::fields};

type Out<'a> = Option<Value<'a>>;

/// `evt.arg`: the resolved text if there is one, else the raw text.
pub fn arg<'a>(c: &Context<'a>, arg: &Arg) -> Out<'a> {
    let datum = find(c, arg)?;
    if let Some(resolved) = datum.resolved(c).filter(|text| !text.is_empty()) {
        return Some(Value::Text(resolved));
    }
    let mut text = Text::new(c.arena);
    datum.write(&mut text);
    Some(Value::Text(text.finish()))
}

/// `evt.rawarg`: the value itself; absent when it is empty.
pub fn rawarg<'a>(c: &Context<'a>, arg: &Arg) -> Out<'a> {
    find(c, arg)?.native()
}

/// How `evt.rawarg` prints: `Some` when it is no plain number or text (flags and modes in their own base).
pub fn rawarg_text<'a>(c: &Context<'a>, arg: &Arg) -> Option<&'a [u8]> {
    let datum = find(c, arg)?;
    if !datum.has_own_base() {
        return None;
    }
    let mut text = Text::new(c.arena);
    datum.write_own_base(&mut text);
    Some(text.finish())
}

/// `evt.args`: all parameters, `name=raw(resolved)`.
pub fn all<'a>(c: &Context<'a>) -> &'a [u8] {
    let mut text = Text::new(c.arena);
    if is_generic(c) {
        return text.finish();
    }
    for (name, datum) in (0..).map_while(|index| nth(c, index)) {
        text.separate(b" ").push(name.as_bytes()).push(b"=");
        datum.write(&mut text);
        if let Some(resolved) = datum.resolved(c).filter(|resolved| !resolved.is_empty()) {
            text.push(b"(").push(resolved).push(b")");
        }
    }
    text.finish()
}

fn find<'a>(c: &Context<'a>, arg: &Arg) -> Option<Datum<'a>> {
    let index = match arg {
        Arg::None => return None,
        Arg::Index(index) => *index as usize,
        Arg::Key(wanted) => position(c, wanted)?,
    };
    nth(c, index).map(|(_, datum)| datum)
}

/// Parameters that Falco has for an event and that are not those of its row.
fn own(c: &Context<'_>) -> Option<&'static [lifecycle::Entry]> {
    match (c.event.slot(), c.event.row().map(|row| row.event)) {
        (slot::FORK, _) | (_, Some("clone" | "clone3" | "fork" | "vfork")) => Some(lifecycle::CLONE),
        (slot::EXEC, _) | (_, Some("execve")) => Some(lifecycle::EXECVE),
        (slot::EXIT, _) => Some(lifecycle::PROCEXIT),
        (_, Some("execveat")) => Some(lifecycle::EXECVEAT),
        _ => None,
    }
}

fn position(c: &Context<'_>, wanted: &str) -> Option<usize> {
    if let Some(entries) = own(c) {
        return entries.iter().position(|(name, _)| *name == wanted);
    }
    let row = c.event.row()?;
    if row.params.is_empty() {
        return ["ID", "nativeID"].iter().position(|name| *name == wanted);
    }
    row.params.iter().position(|param| param.name == wanted)
}

/// A system call whose parameters Falco does not know; it shows name and number in their place.
fn is_generic(c: &Context<'_>) -> bool {
    c.event.row().is_some_and(|row| row.params.is_empty())
}

/// The parameter at a position.
fn nth<'a>(c: &Context<'a>, index: usize) -> Option<(&'static str, Datum<'a>)> {
    if let Some(entries) = own(c) {
        return entries.get(index).map(|(name, read)| (*name, read(c)));
    }
    let row = c.event.row()?;
    match index {
        0 if row.params.is_empty() => Some(("ID", Datum::Text(Some(row.event.as_bytes())))),
        1 if row.params.is_empty() => Some(("nativeID", Datum::Uint(u64::from(c.event.record.call()?.nr)))),
        _ => {
            let param = row.params.get(index)?;
            Some((param.name, of_call(c, row, param, c.event.record.call()?)))
        }
    }
}

fn of_call<'a>(c: &Context<'a>, row: &Row, param: &Param, call: &Call) -> Datum<'a> {
    let file = match &c.event.record.body {
        Body::File(file) => Some(file),
        _ => None,
    };
    let number = match param.from {
        Origin::Ret => call.ret.cast_unsigned(),
        Origin::Arg(n) => call.args.get(usize::from(n)).copied().unwrap_or_default(),
        Origin::Dev => file.map_or(0, |file| u64::from(file.dev)),
        Origin::Ino => file.map_or(0, |file| file.ino),
        Origin::Const(number) => number,
        Origin::Name(_) | Origin::Word | Origin::Object | Origin::Tuple | Origin::Addr | Origin::Absent => 0,
    };
    let low = number as u32;
    match param.ty {
        ParamType::ByteBuf => Datum::Buffer(b""),
        _ if param.from == Origin::Absent => Datum::Text(None),
        ParamType::Errno => Datum::Errno(number.cast_signed()),
        ParamType::Fd => Datum::Fd(
            i64::from(low.cast_signed()),
            if let Origin::Arg(n) = param.from { Some(n) } else { None },
        ),
        ParamType::Pid => Datum::Pid(i64::from(low.cast_signed())),
        ParamType::Uid => Datum::Uid(low),
        ParamType::Gid => Datum::Gid(low),
        ParamType::FsPath | ParamType::FsRelPath => path(c, param.from),
        ParamType::CharBuf | ParamType::SockAddr => Datum::Text(text(c, param.from)),
        ParamType::OpenFlags if param.from == Origin::Const(number) => {
            Datum::Flags(layer_bits(file.map_or(0, |file| file.flags)), &flags::CREAT)
        }
        ParamType::OpenFlags => {
            let made = file.map_or(0, |file| file.flags);
            Datum::Flags(flags::OPEN.convert(number) | flags::made_bits(made), &flags::OPEN)
        }
        ParamType::Flags(set) => {
            let set = flags::of(set);
            Datum::Flags(set.convert(number), set)
        }
        ParamType::EnumFlags(FlagSet::Ptrace) => Datum::Word(ptrace::number(number), ptrace::name(number)),
        ParamType::EnumFlags(set) => Datum::Enum(u64::from(low), flags::of(set)),
        ParamType::Mode => Datum::Mode(low & 0o177_777),
        // The size of a register is not that of the parameter.
        ParamType::Uint if matches!(param.from, Origin::Arg(_)) => Datum::Uint(u64::from(low)),
        ParamType::Uint | ParamType::Uint64 => Datum::Uint(number),
        ParamType::Int => Datum::Int(i64::from(low.cast_signed())),
        ParamType::Octal => Datum::Octal(if creates(row, call) { u64::from(low & 0o7777) } else { 0 }),
        // Falco shows its own bits here, without names.
        ParamType::Hex if row.event == "accept4" => Datum::Hex(flags::SOCKET.convert(number)),
        ParamType::Hex => Datum::Hex(if row.event == "ptrace" { number } else { u64::from(low) }),
        ParamType::Hex64 => Datum::Hex(number),
        ParamType::Signal => Datum::Signal(low),
        ParamType::SockTuple => Datum::Tuple(match &c.event.record.body {
            Body::Socket(socket) => fields::tuple(c, socket),
            _ => None,
        }),
    }
}

/// Whether the mode of an open means anything.
fn creates(row: &Row, call: &Call) -> bool {
    const O_CREAT: u64 = 0o100;
    const O_TMPFILE: u64 = 0o20_000_000;
    let flags = row.params.iter().find_map(|param| match (param.ty, param.from) {
        (ParamType::OpenFlags, Origin::Arg(n)) => call.args.get(usize::from(n)),
        _ => None,
    });
    flags.is_none_or(|flags| flags & (O_CREAT | O_TMPFILE) != 0)
}

fn layer_bits(made: u32) -> u64 {
    u64::from(made & file::UPPER_LAYER != 0) | u64::from(made & file::LOWER_LAYER != 0) << 1
}

fn text<'a>(c: &Context<'a>, from: Origin) -> Option<&'a [u8]> {
    let record = c.event.record;
    match (&record.body, from) {
        (Body::File(file), Origin::Name(n)) => record.text(file.name.get(usize::from(n))?),
        (Body::File(file), Origin::Word) => record.text(&file.word),
        (Body::File(file), Origin::Object) => record.text(&file.resolved),
        (Body::Socket(socket), Origin::Addr) => {
            sockaddr::SockAddr::parse(record.text(&socket.addr)?).map(|address| address.text(c.arena))
        }
        _ => None,
    }
}

/// A path as spelled and, when it is relative, made absolute.
fn path<'a>(c: &Context<'a>, from: Origin) -> Datum<'a> {
    let spelled = text(c, from);
    let (Some(name), Body::File(file), Origin::Name(n)) = (spelled, &c.event.record.body, from) else {
        return Datum::Path(spelled, None);
    };
    if name.is_empty() || name.first() == Some(&b'/') {
        return Datum::Path(spelled, None);
    }
    let is_known = c.event.row().is_some_and(|row| row.layout.base.get(usize::from(n)) == Some(&CWD))
        || file.base.get(usize::from(n)).is_some_and(|base| c.event.record.text(base).is_some());
    let full = if is_known { fields::spelled(c, file, usize::from(n)) } else { Some(name) };
    Datum::Path(spelled, full)
}

/// `<TYPE>NAME` of a descriptor parameter, where the record tells what is behind it. `argument` is where it was given.
fn fd_text<'a>(c: &Context<'a>, number: i64, argument: Option<u8>) -> Option<&'a [u8]> {
    let mut text = Text::new(c.arena);
    if let Some(fd) = Descriptor::of(c)
        && let Some(kind) = fd.kind
        && fd.num == number
    {
        let protocol = fd.socket.map_or("", |socket| fields::protocol_letter(socket, fd.endpoints(c)));
        text.fmt(format_args!("<{}{protocol}>", kind.letter())).push(fd.name(c).unwrap_or_default());
        return Some(text.finish());
    }
    let (Body::File(file), Some(argument)) = (&c.event.record.body, argument) else { return None };
    let index = c.event.row()?.layout.base.iter().position(|base| *base == argument)?;
    let base = c.event.record.text(file.base.get(index)?)?;
    text.push(b"<d>").push(base);
    Some(text.finish())
}
