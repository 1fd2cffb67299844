//! How `evt.*` of system calls is read.

#![expect(clippy::unnecessary_wraps, reason = "getters have the one type that the table has")]

use sensor_common::{
    event::{File, file},
    ledger::slot,
    syscalls::{Origin, ParamType, Row},
};

use super::{
    Arg, Context,
    descriptor::{Descriptor, DescriptorKind, named},
    resolve::event_name,
};
use crate::{
    decode::Body,
    rules::{Value, events, params, text::Text},
};

type Out<'a> = Option<Value<'a>>;

/// Which way data goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Read,
    Write,
}

impl Direction {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// What an error is counted under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    File,
    Net,
    Memory,
    Other,
}

pub(super) fn event_type<'a>(c: &Context<'a>, _: &Arg) -> Out<'a> {
    event_name(c.event).map(Value::str)
}

pub(super) fn syscall<'a>(c: &Context<'a>, _: &Arg) -> Out<'a> {
    event_name(c.event).filter(|name| events::is_syscall(name)).map(Value::str)
}

pub(super) fn dir<'a>(c: &Context<'a>, _: &Arg) -> Out<'a> {
    Some(Value::str(if c.event.slot() == slot::EXIT { ">" } else { "<" }))
}

pub(super) fn type_is<'a>(c: &Context<'a>, arg: &Arg) -> Out<'a> {
    let is = matches!(arg, Arg::Key(name) if event_name(c.event) == Some(name.as_str()));
    Some(Value::U64(u64::from(is)))
}

/// What the call returned; a fork returns the child's id to its caller, and 0 to the child. Events without parameters
/// are Falco's generic ones and have no result.
pub(super) fn result(c: &Context<'_>) -> Option<i64> {
    match c.event.slot() {
        slot::FORK => Some(params::fork_result(c)),
        slot::EXEC => Some(0),
        _ if c.event.row()?.params.is_empty() => None,
        _ => c.event.record.call().map(|call| call.ret),
    }
}

pub(super) fn res<'a>(c: &Context<'a>, _: &Arg) -> Out<'a> {
    let result = result(c)?;
    if result >= 0 {
        return Some(Value::str("SUCCESS"));
    }
    // Falco names errors by the type of the result: that of a clone is a pid, which has no names.
    if matches!(event_name(c.event), Some("clone" | "clone3" | "fork" | "vfork")) {
        let mut text = Text::new(c.arena);
        text.fmt(format_args!("{result}"));
        return Some(Value::Text(text.finish()));
    }
    Some(Value::str(params::errno::name(result)))
}

/// Whether the call moves data through a descriptor.
pub(super) fn direction(c: &Context<'_>) -> Option<Direction> {
    match c.event.row()?.event {
        "sendto" | "sendmsg" | "write" | "writev" | "pwrite" | "pwritev" | "copy_file_range" => {
            Some(Direction::Write)
        }
        // finit_module reads the module's file.
        "recvfrom" | "recvmsg" | "finit_module" | "read" | "readv" | "pread" | "preadv" => {
            Some(Direction::Read)
        }
        _ => None,
    }
}

/// Whether it takes data from a descriptor; one call does that besides writing.
pub(super) fn reads(c: &Context<'_>) -> bool {
    direction(c) == Some(Direction::Read) || event_name(c.event) == Some("copy_file_range")
}

pub(super) fn is_wait<'a>(c: &Context<'a>, _: &Arg) -> Out<'a> {
    Some(Value::Bool(event_name(c.event).is_some_and(|event| matches!(word_of(event), "wait" | "sleep"))))
}

pub(super) fn is_syslog<'a>(c: &Context<'a>, _: &Arg) -> Out<'a> {
    let name = || Descriptor::of(c)?.name(c);
    let is = direction(c) == Some(Direction::Write) && name().is_some_and(|name| name.ends_with(b"/dev/log"));
    Some(Value::Bool(is))
}

pub(super) fn buflen<'a>(c: &Context<'a>, only: Option<Direction>, of: Option<Counted>) -> Out<'a> {
    let direction = direction(c)?;
    let fits = only.is_none_or(|only| only == direction) && of.is_none_or(|of| counted(c) == Some(of));
    let moved = u64::try_from(result(c)?).ok()?;
    fits.then_some(Value::U64(moved))
}

pub(super) fn errors<'a>(c: &Context<'a>, of: Option<Counted>) -> Out<'a> {
    let failed = u64::from(result(c)? < 0);
    of.is_none_or(|of| counted(c) == Some(of)).then_some(Value::U64(failed))
}

/// What a call is counted with; unknown where what is behind its descriptor is.
fn counted(c: &Context<'_>) -> Option<Counted> {
    let event = event_name(c.event).unwrap_or_default();
    let descriptor = Descriptor::of(c);
    let kind = descriptor.and_then(|fd| fd.kind);
    Some(match (kind, event) {
        (_, "open" | "openat" | "openat2" | "creat")
        | (Some(DescriptorKind::File | DescriptorKind::Directory), _) => Counted::File,
        (Some(DescriptorKind::Ipv4 | DescriptorKind::Ipv6 | DescriptorKind::Unix), _)
        | (_, "accept" | "accept4" | "connect") => Counted::Net,
        (None, _) if word_of(event) == "memory" => Counted::Memory,
        _ if descriptor.is_some_and(|fd| !fd.is_told) => return None,
        _ => Counted::Other,
    })
}

/// Records of several CPUs may come in another order than their times.
pub(super) fn since_last(c: &Context<'_>) -> u64 {
    c.event.time_ns.saturating_sub(c.event.before_ns)
}

pub(super) fn category<'a>(c: &Context<'a>, _: &Arg) -> Out<'a> {
    let event = event_name(c.event)?;
    // Falco tells input, output and duplicates by what is behind the descriptor.
    let by_descriptor = [
        "sendto", "sendmsg", "recvfrom", "recvmsg", "dup", "dup2", "dup3", "read", "write", "writev",
        "close", "fcntl", "ioctl", "sendfile",
    ];
    if by_descriptor.contains(&event) {
        return Some(Value::str(match Descriptor::of(c).and_then(|fd| fd.kind) {
            Some(DescriptorKind::File | DescriptorKind::Directory) => "file",
            Some(DescriptorKind::Ipv4 | DescriptorKind::Ipv6) => "net",
            Some(DescriptorKind::Unix | DescriptorKind::Pipe | DescriptorKind::Event) => "ipc",
            _ => "unknown",
        }));
    }
    let is_generic = c.event.row().is_some_and(|row| row.params.is_empty());
    Some(Value::str(if is_generic { "other" } else { word_of(event) }))
}

fn word_of(event: &str) -> &'static str {
    match event {
        "clone" | "clone3" | "fork" | "vfork" | "execve" | "execveat" | "procexit" | "chroot" | "ptrace"
        | "setns" | "unshare" | "capset" | "getrlimit" | "pidfd_getfd" | "pidfd_open" | "prctl"
        | "prlimit" | "semctl" | "semget" | "semop" | "setpgid" | "setrlimit" | "setsid" => "process",
        "socket" | "bind" | "connect" | "listen" | "accept" | "accept4" | "getsockopt" | "setsockopt"
        | "shutdown" | "recvmmsg" => "net",
        "kill" | "tkill" | "tgkill" | "signalfd" | "signalfd4" => "signal",
        "setuid" | "setgid" | "getuid" | "geteuid" | "getgid" | "getegid" | "getresuid" | "getresgid"
        | "setreuid" | "setregid" | "setresuid" | "setresgid" | "quotactl" => "user",
        "memfd_create" | "mmap" | "munmap" | "mprotect" | "brk" | "mlock" | "mlock2" | "mlockall"
        | "munlock" | "munlockall" => "memory",
        "bpf" | "finit_module" | "init_module" | "delete_module" | "userfaultfd" | "keyctl" | "seccomp"
        | "mknod" | "mknodat" => "other",
        // As Falco spells it.
        "eventfd" | "eventfd2" | "futex" | "inotify_init" | "inotify_init1" | "pipe" | "pipe2"
        | "socketpair" => "IPC",
        "splice" => "ipc",
        "poll" | "ppoll" | "select" | "epoll_wait" => "wait",
        "nanosleep" => "sleep",
        "timerfd_create" => "time",
        "close_range" | "io_uring_setup" | "io_uring_enter" | "io_uring_register" => "unknown",
        _ => "file",
    }
}

pub(super) fn args<'a>(c: &Context<'a>, _: &Arg) -> Out<'a> {
    event_name(c.event)?;
    Some(Value::Text(params::all(c)))
}

pub(super) fn around<'a>(c: &Context<'a>, arg: &Arg) -> Out<'a> {
    let Arg::Key(at) = arg else { return None };
    let at: u64 = at.parse().ok()?;
    Some(Value::U64(c.event.time_ns.abs_diff(at) / 1_000_000))
}

pub(super) fn abspath<'a>(c: &Context<'a>, arg: &Arg) -> Out<'a> {
    let Body::File(file) = &c.event.record.body else { return None };
    let wants_second = matches!(arg, Arg::Key(word) if word == "dst");
    let index = match c.event.row()?.event {
        "renameat" | "renameat2" | "linkat" => usize::from(wants_second),
        "symlinkat" => 1,
        "openat" | "openat2" | "unlinkat" | "mkdirat" | "fchmodat" | "fchownat" => 0,
        _ => return None,
    };
    named(c, file, index).map(Value::Text)
}

const O_ACCMODE: u64 = 3;
const O_CREAT: u64 = 0o100;
const O_TMPFILE: u64 = 0o20_200_000;

/// The open flags of an `open`, `openat` or `openat2`.
fn open_flags(c: &Context<'_>) -> Option<u64> {
    param_of(c.event.row()?, file_of(c)?, ParamType::OpenFlags)
}

fn file_of<'a>(c: &Context<'a>) -> Option<&'a File> {
    match &c.event.record.body {
        Body::File(file) => Some(file),
        _ => None,
    }
}

fn param_of(row: &Row, file: &File, ty: ParamType) -> Option<u64> {
    row.params.iter().find_map(|param| match param.from {
        Origin::Arg(n) if param.ty == ty => file.call.args.get(usize::from(n)).copied(),
        _ => None,
    })
}

pub(super) fn is_open_read<'a>(c: &Context<'a>, _: &Arg) -> Out<'a> {
    // Access mode 3 counts as reading, as Falco has it.
    Some(Value::Bool(open_flags(c).is_some_and(|flags| flags & O_ACCMODE != 1)))
}

pub(super) fn is_open_write<'a>(c: &Context<'a>, _: &Arg) -> Out<'a> {
    Some(Value::Bool(open_flags(c).is_some_and(|flags| matches!(flags & O_ACCMODE, 1 | 2))))
}

pub(super) fn is_open_exec<'a>(c: &Context<'a>, _: &Arg) -> Out<'a> {
    let may_create = match open_flags(c) {
        Some(flags) => flags & O_CREAT != 0 || flags & O_TMPFILE == O_TMPFILE,
        None => event_name(c.event) == Some("creat"),
    };
    let mode = || param_of(c.event.row()?, file_of(c)?, ParamType::Octal);
    Some(Value::Bool(may_create && mode().is_some_and(|mode| mode & 0o111 != 0)))
}

pub(super) fn is_open_create<'a>(c: &Context<'a>, _: &Arg) -> Out<'a> {
    let created = open_flags(c).is_some_and(|flags| {
        let is_tmpfile = flags & O_TMPFILE == O_TMPFILE && result(c).is_some_and(|ret| ret >= 0);
        is_tmpfile || file_of(c).is_some_and(|file| file.flags & file::CREATED != 0)
    });
    Some(Value::Bool(created))
}
