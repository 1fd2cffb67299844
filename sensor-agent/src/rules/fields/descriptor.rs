//! Which descriptor an event is about and what is behind it, from the record alone: there is no descriptor table.
//! Where the answer differs from Falco's, which has one:
//!
//! | field | Falco | here |
//! |---|---|---|
//! | `fd.name` of `openat(dirfd, "x")` | the directory | the file |
//! | `fd.name` of a directory argument | its name | its name if the path is relative, else empty |
//! | `fd.type` of a directory | `file`, opened without `O_DIRECTORY` | `directory` when the record tells its mode |
//! | `fd.*` of calls whose record tells no object | what was opened | number only, the rest absent |
//! | `fs.path.*` below a directory descriptor | `<UNKNOWN>x`, or below the working directory | the path |
//! | client and server of a connection | by its first call | by this call, else the lower port serves |
//! | `fd.lip`, `fd.lport` of a loopback connection | the client's | this end's |

use sensor_common::{
    event::{File, Socket, file, socket},
    syscalls::{self, CWD, NO_ARG, Origin, ParamType, Row, Shape},
    tail::flag as tail,
};

use super::{Context, Naming, endpoints::Endpoints, path};
use crate::{decode::Body, rules::text::render};

/// What is behind a descriptor, with Falco's word and character for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DescriptorKind {
    /// `file`, `f`
    File,
    /// `directory`, `d`
    Directory,
    /// `ipv4`, `4`
    Ipv4,
    /// `ipv6`, `6`
    Ipv6,
    /// `unix`, `u`
    Unix,
    /// `pipe`, `p`
    Pipe,
    /// `netlink`, `n`
    Netlink,
    /// `bpf`, `b`
    Bpf,
    /// `memfd`, `m`
    Memfd,
    /// `userfaultfd`, `u`
    Userfaultfd,
    /// `event`, `e`
    Event,
    /// `signalfd`, `s`
    Signalfd,
    /// `inotify`, `i`
    Inotify,
    /// `timerfd`, `t`
    Timerfd,
    /// `io_uring`, `r`
    IoUring,
    /// `pidfd`, `P`
    Pidfd,
    /// `eventpoll`, `l`
    Eventpoll,
    /// A socket of another family: `<NA>`, `o`
    Other,
}

impl DescriptorKind {
    /// Falco's `fd.type`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Directory => "directory",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Unix => "unix",
            Self::Pipe => "pipe",
            Self::Netlink => "netlink",
            Self::Bpf => "bpf",
            Self::Memfd => "memfd",
            Self::Userfaultfd => "userfaultfd",
            Self::Event => "event",
            Self::Signalfd => "signalfd",
            Self::Inotify => "inotify",
            Self::Timerfd => "timerfd",
            Self::IoUring => "io_uring",
            Self::Pidfd => "pidfd",
            Self::Eventpoll => "eventpoll",
            Self::Other => "<NA>",
        }
    }

    /// Falco's `fd.typechar`.
    pub const fn letter(self) -> &'static str {
        match self {
            Self::File => "f",
            Self::Directory => "d",
            Self::Ipv4 => "4",
            Self::Ipv6 => "6",
            Self::Unix | Self::Userfaultfd => "u",
            Self::Pipe => "p",
            Self::Netlink => "n",
            Self::Bpf => "b",
            Self::Memfd => "m",
            Self::Event => "e",
            Self::Signalfd => "s",
            Self::Inotify => "i",
            Self::Timerfd => "t",
            Self::IoUring => "r",
            Self::Pidfd => "P",
            Self::Eventpoll => "l",
            Self::Other => "o",
        }
    }
}

/// The descriptor of an event.
#[derive(Clone, Copy, Debug)]
pub struct Descriptor<'a> {
    /// Its number; -1 when the call failed to make one, a directory argument as it was given (-100).
    pub num: i64,
    /// What is behind it; `None` when that is not known.
    pub kind: Option<DescriptorKind>,
    /// The record's file part.
    pub file: Option<&'a File>,
    /// The record's socket part, if there is a socket behind the descriptor.
    pub socket: Option<&'a Socket>,
    /// The row of the call.
    pub row: &'static Row,
    /// Whether the record would tell what is behind it; what it does not is absent, and not empty.
    pub is_told: bool,
}

/// Calls whose descriptor can be of one kind only.
const MADE: [(&str, DescriptorKind); 12] = [
    ("bpf", DescriptorKind::Bpf),
    ("userfaultfd", DescriptorKind::Userfaultfd),
    ("eventfd", DescriptorKind::Event),
    ("eventfd2", DescriptorKind::Event),
    ("signalfd", DescriptorKind::Signalfd),
    ("signalfd4", DescriptorKind::Signalfd),
    ("inotify_init", DescriptorKind::Inotify),
    ("inotify_init1", DescriptorKind::Inotify),
    ("timerfd_create", DescriptorKind::Timerfd),
    ("io_uring_setup", DescriptorKind::IoUring),
    ("pidfd_open", DescriptorKind::Pidfd),
    ("memfd_create", DescriptorKind::Memfd),
];

/// What the kernel calls objects that are in no file system.
const ANONYMOUS: [(&[u8], DescriptorKind); 8] = [
    (b"[eventfd]", DescriptorKind::Event),
    (b"[signalfd]", DescriptorKind::Signalfd),
    (b"[timerfd]", DescriptorKind::Timerfd),
    (b"[eventpoll]", DescriptorKind::Eventpoll),
    (b"[io_uring]", DescriptorKind::IoUring),
    (b"[userfaultfd]", DescriptorKind::Userfaultfd),
    (b"[pidfd]", DescriptorKind::Pidfd),
    (b"inotify", DescriptorKind::Inotify),
];
const MEMFD: &[u8] = b"memfd:";

/// What a call makes, if it can be one kind of descriptor only.
pub(super) fn made_by(event: &str) -> Option<DescriptorKind> {
    MADE.iter().find_map(|(name, kind)| (*name == event).then_some(*kind))
}

/// Whether a field is about what is behind the descriptor of a call.
fn needs_object(field: &str) -> bool {
    field.starts_with("fd.") && !["fd.num", "fd.uid"].contains(&field)
}

/// Fields of the ends of a socket.
const ENDS: [&str; 28] = [
    "fd.ip",
    "fd.cip",
    "fd.sip",
    "fd.lip",
    "fd.rip",
    "fd.port",
    "fd.cport",
    "fd.sport",
    "fd.lport",
    "fd.rport",
    "fd.l4proto",
    "fd.sockfamily",
    "fd.is_server",
    "fd.proto",
    "fd.cproto",
    "fd.sproto",
    "fd.lproto",
    "fd.rproto",
    "fd.net",
    "fd.cnet",
    "fd.snet",
    "fd.lnet",
    "fd.rnet",
    "fd.connected",
    "fd.cip.name",
    "fd.sip.name",
    "fd.lip.name",
    "fd.rip.name",
];

/// Whether a field is absent in all events of a slot although there is a descriptor: their records tell its number only, or
/// of sockets that they are some.
pub(in crate::rules) fn is_untold(field: &str, slot: u16) -> bool {
    let Some(row) = syscalls::row(slot) else { return false };
    let has_one = row.params.iter().any(|param| param.ty == ParamType::Fd);
    match row.shape {
        Shape::Call => needs_object(field) && has_one && made_by(row.event).is_none(),
        Shape::Descriptor => ENDS.contains(&field),
        _ => false,
    }
}

const EBADF: i64 = 9;

const S_IFMT: u32 = 0o170_000;
const S_IFDIR: u32 = 0o040_000;
const S_IFIFO: u32 = 0o010_000;
const S_IFSOCK: u32 = 0o140_000;
const O_DIRECTORY: u64 = 0o200_000;
const AF_UNIX: u16 = 1;
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;
const AF_NETLINK: u16 = 16;

impl<'a> Descriptor<'a> {
    /// The descriptor of an event; `None` for calls that have none.
    pub fn of(context: &Context<'a>) -> Option<Self> {
        let row = context.event.row()?;
        let record = context.event.record;
        let call = record.call()?;
        let num = number(row, call.ret, &call.args)?;
        let made = num >= 0;
        let (mut file, mut socket) = (None, None);
        let mut is_told = true;
        let kind;
        match &record.body {
            Body::File(body) => {
                file = Some(body);
                kind = match row.shape {
                    Shape::Open => made.then(|| opened_kind(row, body)),
                    // Of a socket this record has neither family nor addresses.
                    Shape::Descriptor if body.mode & S_IFMT == S_IFSOCK => {
                        is_told = false;
                        None
                    }
                    Shape::Descriptor => record.text(&body.resolved).map(|name| object_kind(body, name)),
                    _ if made_by(row.event).is_some() => made_by(row.event).filter(|_| made),
                    _ => record.text(&body.base[dir_name(row)]).map(|_| DescriptorKind::Directory),
                };
            }
            Body::Socket(body) if body.family != 0 => {
                socket = Some(body);
                kind = Some(family_kind(body));
            }
            _ => {
                kind = made_by(row.event).filter(|_| made);
                is_told = !made || call.ret == -EBADF || made_by(row.event).is_some();
            }
        }
        Some(Self { num, kind, file, socket, row, is_told })
    }

    /// Falco's `fd.name`: a path, a tuple; empty where nothing is known.
    pub fn name(&self, context: &Context<'a>) -> Option<&'a [u8]> {
        if let Some(socket) = self.socket {
            return Some(super::endpoints::socket_name(context, socket));
        }
        let Some(file) = self.file else {
            let pid = context.event.record.call().map_or(0, |call| call.args[0]);
            return match self.kind {
                Some(DescriptorKind::Pidfd) => Some(render!(context.arena, "/proc/{pid}")),
                _ => self.is_told.then_some(b""),
            };
        };
        match self.row.shape {
            Shape::Open => named(context, file, 0),
            Shape::Descriptor => {
                self.object_name(context.event.record.text(&file.resolved).unwrap_or_default())
            }
            _ if self.row.event == "memfd_create" => Some(if self.num >= 0 {
                context.event.record.text(&file.word).unwrap_or_default()
            } else {
                b""
            }),
            _ => Some(context.event.record.text(&file.base[dir_name(self.row)]).unwrap_or_default()),
        }
    }

    /// The name of an object, of which `name` is the kernel's. Whom a pidfd stands for is not told.
    fn object_name(&self, name: &'a [u8]) -> Option<&'a [u8]> {
        match self.kind {
            _ if !self.is_told => None,
            Some(DescriptorKind::Pidfd) => None,
            Some(DescriptorKind::Memfd) => name.strip_prefix(MEMFD),
            Some(kind) if is_anonymous(kind) => Some(b""),
            _ => Some(name),
        }
    }

    /// Falco's `fd.nameraw`: the name as spelled.
    pub fn raw_name(&self, context: &Context<'a>) -> &'a [u8] {
        let record = context.event.record;
        let text = match (self.file, self.row.shape) {
            (Some(file), Shape::Open) => record.text(&file.name[0]).unwrap_or(b"<NA>"),
            (Some(file), Shape::Descriptor) => {
                let is_file = self.kind.is_none_or(|kind| !is_anonymous(kind));
                record.text(&file.resolved).filter(|_| is_file).unwrap_or_default()
            }
            (Some(file), Shape::Names) if self.kind == Some(DescriptorKind::Directory) => {
                record.text(&file.base[dir_name(self.row)]).unwrap_or_default()
            }
            _ => b"",
        };
        path::squeezed(context.arena, text)
    }

    /// Both ends of an internet socket.
    pub fn endpoints(&self, context: &Context<'a>) -> Option<Endpoints> {
        Endpoints::of(context, self.socket?)
    }

    /// Whether it is a socket that is connected after the call.
    pub fn is_connected(&self, ret: i64) -> bool {
        let Some(socket) = self.socket else { return false };
        let is_new = matches!(self.row.event, "connect" | "accept" | "accept4") && succeeded(ret);
        is_new || socket.remote_port != 0 || (socket.peer != 0 && self.row.event != "connect")
    }

    /// Whether the call gave the descriptor its name: an open, a bind, a connection, a datagram to an address.
    pub fn is_name_changed(&self, ret: i64) -> bool {
        match (self.socket, self.row.event) {
            (Some(_), "connect" | "accept" | "accept4") => succeeded(ret),
            (Some(_), "bind") => ret >= 0,
            (Some(socket), "sendto" | "sendmsg") => {
                ret >= 0 && socket.remote_port == 0 && socket.addr.len > 0
            }
            (None, _) if matches!(self.row.shape, Shape::Open) => ret >= 0,
            (None, "memfd_create") => self.file.is_some_and(|file| file.word.len > 0),
            _ => false,
        }
    }

    /// Bits of [`file`] that say which layer of an overlay the file is in.
    pub fn is_layer(&self, bit: u32) -> bool {
        debug_assert!(bit == file::UPPER_LAYER || bit == file::LOWER_LAYER, "a layer bit");
        self.file.is_some_and(|file| file.flags & bit != 0)
    }

    /// Whether another object took the descriptor's slot while it was read.
    pub fn is_raced(&self) -> bool {
        self.socket.is_some_and(|socket| socket.flags & socket::RACED != 0)
    }
}

/// A connection that is there or on its way (`EINPROGRESS`).
pub(super) const fn succeeded(ret: i64) -> bool {
    ret >= 0 || ret == -115
}

/// Falco's `fd.num`: the descriptor that the call made, or was given. Calls with two directories have none.
fn number(row: &Row, ret: i64, args: &[u64; 6]) -> Option<i64> {
    let argument = |n: u8| args.get(usize::from(n)).map(|arg| i64::from(*arg as i32));
    let fds = || row.params.iter().filter(|param| param.ty == ParamType::Fd);
    let is_ret = fds().any(|param| param.from == Origin::Ret);
    if !is_ret && made_by(row.event).is_some() {
        return Some(ret.max(-1));
    }
    if is_ret {
        if ret >= 0 {
            return Some(ret);
        }
        return if row.event.starts_with("dup") { argument(0) } else { Some(-1) };
    }
    let mut given = fds().filter_map(|param| match param.from {
        Origin::Arg(n) => Some(n),
        _ => None,
    });
    match (given.next(), given.next()) {
        (Some(n), None) => argument(n),
        _ => None,
    }
}

/// Which of the two names stands behind the directory descriptor.
fn dir_name(row: &Row) -> usize {
    let second = row.params.iter().any(|p| p.ty == ParamType::FsRelPath && p.from == Origin::Name(1));
    usize::from(second)
}

fn opened_kind(row: &Row, body: &File) -> DescriptorKind {
    let flags = row.params.iter().find_map(|param| match (param.ty, param.from) {
        (ParamType::OpenFlags, Origin::Arg(n)) => body.call.args.get(usize::from(n)),
        _ => None,
    });
    if flags.is_some_and(|flags| flags & O_DIRECTORY != 0) {
        DescriptorKind::Directory
    } else {
        DescriptorKind::File
    }
}

/// Kinds whose objects have no path.
fn is_anonymous(kind: DescriptorKind) -> bool {
    kind == DescriptorKind::Memfd || ANONYMOUS.iter().any(|(_, other)| *other == kind)
}

/// A path begins with a slash.
fn object_kind(body: &File, name: &[u8]) -> DescriptorKind {
    let anonymous = ANONYMOUS.iter().find_map(|(known, kind)| (*known == name).then_some(*kind));
    match body.mode & S_IFMT {
        S_IFDIR => DescriptorKind::Directory,
        S_IFIFO => DescriptorKind::Pipe,
        _ if name.starts_with(MEMFD) => DescriptorKind::Memfd,
        _ => anonymous.unwrap_or(DescriptorKind::File),
    }
}

fn family_kind(body: &Socket) -> DescriptorKind {
    match body.family {
        AF_UNIX => DescriptorKind::Unix,
        AF_INET => DescriptorKind::Ipv4,
        AF_INET6 if super::endpoints::is_mapped(body) => DescriptorKind::Ipv4,
        AF_INET6 => DescriptorKind::Ipv6,
        AF_NETLINK => DescriptorKind::Netlink,
        _ => DescriptorKind::Other,
    }
}

/// The `index`th name as this evaluation goes by it.
pub(super) fn named<'a>(context: &Context<'a>, file: &File, index: usize) -> Option<&'a [u8]> {
    let is_nameless = context.event.row()?.layout.name.get(index) == Some(&NO_ARG);
    match context.naming {
        _ if is_nameless => resolved(context),
        Naming::Resolved if index == 0 => resolved(context).or_else(|| spelled(context, file, index)),
        _ => spelled(context, file, index),
    }
}

/// Path of the object that an open opened, where the kernel's walk reached the root.
pub(super) fn resolved<'a>(context: &Context<'a>) -> Option<&'a [u8]> {
    let Body::File(file) = &context.event.record.body else { return None };
    let is_whole = file.resolved.flags & (tail::TRUNCATED | tail::UNREACHABLE) == 0;
    let opens = matches!(context.event.row()?.shape, Shape::Open);
    context.event.record.text(&file.resolved).filter(|_| is_whole && opens)
}

/// Whether the file that was opened has another name than the one that was spelled.
pub(super) fn has_other_name(context: &Context<'_>) -> bool {
    let Body::File(file) = &context.event.record.body else { return false };
    resolved(context).is_some_and(|name| named(context, file, 0) != Some(name))
}

/// The `index`th name, absolute and normalised; `None` when its memory could not be read and it starts from a
/// directory descriptor (Falco has no name there either).
pub(in crate::rules) fn spelled<'a>(context: &Context<'a>, file: &File, index: usize) -> Option<&'a [u8]> {
    let record = context.event.record;
    let row = context.event.row()?;
    let from = row.layout.base.get(index).copied()?;
    let Some(name) = record.text(file.name.get(index)?) else {
        return (from == CWD).then_some(b"<NA>".as_slice());
    };
    if name.first() == Some(&b'/') {
        return Some(path::absolute(context.arena, name));
    }
    // A short-lived pwd that the kernel side could not walk: what the process table has of it.
    let remembered = || if from == CWD { context.event.actor.cwd.as_deref() } else { None };
    let base = file.base.get(index).and_then(|base| record.text(base)).or_else(remembered);
    Some(match base {
        Some(base) => path::join(context.arena, base, name),
        None => crate::rules::text::join(context.arena, [path::UNKNOWN, name].into_iter(), b""),
    })
}
