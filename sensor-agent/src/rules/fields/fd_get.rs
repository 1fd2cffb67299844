//! How `fd.*` is read.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use sensor_common::syscalls::Shape as RowShape;

use super::{
    Arg, Context, Descriptor, DescriptorKind, Endpoint, Endpoints, descriptor::made_by, endpoints::protocol,
    path,
};
use crate::rules::{Value, text::Text, text::render};

type Out<'a> = Option<Value<'a>>;

/// A field of a descriptor that is known.
pub(super) fn known<'a>(c: &Context<'a>, read: impl FnOnce(Descriptor<'a>) -> Option<Value<'a>>) -> Out<'a> {
    Descriptor::of(c).filter(|fd| fd.kind.is_some()).and_then(read)
}

pub(super) fn typechar<'a>(c: &Context<'a>, _: &Arg) -> Out<'a> {
    let fd = Descriptor::of(c)?;
    if !fd.is_told {
        return None;
    }
    Some(Value::str(match (fd.kind.or(guessed(fd.row.event)), fd.row.event) {
        (Some(kind), _) => kind.letter(),
        // What Falco guesses of a descriptor that does not exist.
        (None, "openat" | "openat2" | "creat") => "f",
        (None, "socket" | "accept" | "accept4") => "4",
        (None, _) => "o",
    }))
}

/// What Falco takes the descriptor of a call for that failed to make one.
fn guessed(event: &str) -> Option<DescriptorKind> {
    use DescriptorKind::{Event, Inotify, Signalfd, Timerfd};
    made_by(event).filter(|kind| matches!(kind, Event | Signalfd | Inotify | Timerfd))
}

pub(super) fn name<'a>(c: &Context<'a>, _: &Arg) -> Out<'a> {
    Descriptor::of(c)?.name(c).map(Value::Text)
}

/// Which name `fd.name` is; absent where there is only one.
pub(super) fn matched_name<'a>(c: &Context<'a>) -> Out<'a> {
    super::descriptor::resolved(c).map(|_| Value::str(c.naming.word()))
}

fn is_path(fd: &Descriptor<'_>) -> bool {
    matches!(fd.kind, None | Some(DescriptorKind::File | DescriptorKind::Directory))
}

/// Directory of a file, a directory itself. What is not known counts as a file, as Falco has it.
fn directory_of<'a>(c: &Context<'a>) -> Option<&'a [u8]> {
    let fd = Descriptor::of(c).filter(is_path)?;
    let name = fd.name(c)?;
    Some(if fd.kind == Some(DescriptorKind::Directory) { name } else { path::directory(name) })
}

pub(super) fn directory<'a>(c: &Context<'a>, _: &Arg) -> Out<'a> {
    directory_of(c).map(Value::Text)
}

pub(super) fn filename<'a>(c: &Context<'a>, _: &Arg) -> Out<'a> {
    let fd = Descriptor::of(c).filter(|fd| fd.kind == Some(DescriptorKind::File))?;
    fd.name(c).map(|name| Value::Text(path::file_name(name)))
}

/// A field of an end that is there.
pub(super) fn end(c: &Context<'_>, pick: impl FnOnce(Endpoints) -> Option<Endpoint>) -> Option<Endpoint> {
    Descriptor::of(c)?.endpoints(c).and_then(pick)
}

pub(super) fn ip<'a>(c: &Context<'a>, pick: impl FnOnce(Endpoints) -> Option<Endpoint>) -> Out<'a> {
    end(c, pick).map(|end| Value::Ip(end.ip))
}

/// Names that rules ask for and that have the address of an end.
pub(super) fn names<'a>(c: &Context<'a>, pick: impl FnOnce(Endpoints) -> Option<Endpoint>) -> Out<'a> {
    let names = c.event.state.names_of(end(c, pick)?.ip)?;
    let names = names.iter().map(|name| Value::Text(name.as_bytes()));
    Some(Value::List(c.arena.alloc_slice_fill_iter(names)))
}

pub(super) fn port<'a>(c: &Context<'a>, pick: impl FnOnce(Endpoints) -> Option<Endpoint>) -> Out<'a> {
    end(c, pick).map(|end| Value::U64(u64::from(end.port)))
}

/// A port as text; a bound socket has empty ones, as Falco has it.
pub(super) fn proto<'a>(c: &Context<'a>, pick: impl FnOnce(Endpoints) -> Option<Endpoint>) -> Out<'a> {
    let ends = Descriptor::of(c)?.endpoints(c)?;
    if matches!(ends, Endpoints::Bound(_)) {
        return Some(Value::str(""));
    }
    pick(ends).map(|end| Value::Text(render!(c.arena, "{}", end.port)))
}

/// Both ends, which an internet socket without any has as zeros; empty for every other known descriptor.
fn both<'a>(c: &Context<'a>, value: impl Fn(Endpoint) -> Value<'a>) -> Out<'a> {
    known(c, |fd| {
        let one = |end| &*c.arena.alloc_slice_copy(&[value(end)]);
        Some(Value::List(match (fd.endpoints(c), fd.kind?) {
            (Some(ends), _) => match ends.client() {
                Some(client) => c.arena.alloc_slice_copy(&[value(client), value(ends.server())]),
                None => one(ends.server()),
            },
            (None, DescriptorKind::Ipv4) => one(Endpoint { ip: Ipv4Addr::UNSPECIFIED.into(), port: 0 }),
            (None, DescriptorKind::Ipv6) => one(Endpoint { ip: Ipv6Addr::UNSPECIFIED.into(), port: 0 }),
            _ => &[],
        }))
    })
}

pub(super) fn ips<'a>(c: &Context<'a>, _: &Arg) -> Out<'a> {
    both(c, |end| Value::Ip(end.ip))
}

pub(super) fn ports<'a>(c: &Context<'a>, _: &Arg) -> Out<'a> {
    both(c, |end| Value::U64(u64::from(end.port)))
}

pub(super) fn l4proto<'a>(c: &Context<'a>, _: &Arg) -> Out<'a> {
    known(c, |fd| Some(Value::str(fd.socket.map_or("<NA>", |socket| protocol(socket, fd.endpoints(c))))))
}

pub(super) fn sockfamily<'a>(c: &Context<'a>, _: &Arg) -> Out<'a> {
    known(c, |fd| match fd.kind? {
        DescriptorKind::Ipv4 | DescriptorKind::Ipv6 => Some(Value::str("ip")),
        DescriptorKind::Unix => Some(Value::str("unix")),
        _ => None,
    })
}

/// Whether this host serves: the socket is bound, or the server's address is one of ours.
pub(super) fn is_server<'a>(c: &Context<'a>, _: &Arg) -> Out<'a> {
    let is_ours = |ip: IpAddr| ip.is_loopback() || c.event.state.host().addresses.contains(&ip);
    known(c, |fd| {
        Some(Value::Bool(match fd.endpoints(c) {
            None => false,
            Some(Endpoints::Bound(_)) => true,
            Some(Endpoints::Pair { server, is_client_local, .. }) => !is_client_local || is_ours(server.ip),
        }))
    })
}

pub(super) fn uid<'a>(c: &Context<'a>, _: &Arg) -> Out<'a> {
    let fd = Descriptor::of(c)?;
    Some(Value::Text(render!(c.arena, "{}{}", c.event.tid(), fd.num)))
}

pub(super) fn in_container<'a>(c: &Context<'a>, text: Option<&'a [u8]>) -> Out<'a> {
    let mut joined = Text::new(c.arena);
    joined.push(super::container::id(c).as_bytes()).push(b":").push(text?);
    Some(Value::Text(joined.finish()))
}

pub(super) fn container_name<'a>(c: &Context<'a>, _: &Arg) -> Out<'a> {
    in_container(c, Descriptor::of(c)?.name(c))
}

pub(super) fn container_directory<'a>(c: &Context<'a>, _: &Arg) -> Out<'a> {
    in_container(c, directory_of(c))
}

/// Device and inode of a file; 0 of everything else that is known. A directory argument's is not in the record.
pub(super) fn identity(c: &Context<'_>) -> Option<(u32, u64)> {
    let fd = Descriptor::of(c)?;
    fd.kind?;
    match (fd.file, fd.row.shape) {
        (Some(file), RowShape::Open | RowShape::Descriptor) => Some((file.dev, file.ino)),
        (Some(_), _) if fd.kind == Some(DescriptorKind::Directory) => None,
        _ => Some((0, 0)),
    }
}

/// Major number of a device as user space encodes it (`new_encode_dev`).
pub(super) const fn major(dev: u32) -> u32 {
    (dev >> 8) & 0xfff
}

/// Minor number of a device as user space encodes it.
pub(super) const fn minor(dev: u32) -> u32 {
    (dev & 0xff) | ((dev >> 12) & 0xf_ff00)
}
