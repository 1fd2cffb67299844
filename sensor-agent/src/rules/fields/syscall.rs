//! `evt.*` of system calls: type, parameters, result, kind of input and output. See `syscall_get` for how they are read.

use super::{
    ArgKind, Field, Print, flag,
    syscall_get::{self as get, Counted},
    table::{absent, field},
};
use crate::rules::{
    Type::{Bool, ByteBuf, CharBuf, Dyn, Int16, Int64, RelTime, Uint32, Uint64},
    Value,
    output::clock,
    params,
};

const NO_PAYLOAD: &str = "payloads are not captured";
const NO_INFRA: &str = "there are no such events";
const OLD: u16 = flag::DEPRECATED;

pub(super) static FIELDS: &[Field] = &[
    field("evt.latency", RelTime, "Always 0.", |_, _| Some(Value::U64(0))).with(OLD),
    field("evt.latency.s", RelTime, "Always 0.", |_, _| Some(Value::U64(0))).with(OLD),
    field("evt.latency.ns", RelTime, "Always 0.", |_, _| Some(Value::U64(0))).with(OLD),
    field("evt.latency.quantized", Uint64, "Always 0.", |_, _| Some(Value::U64(0))).with(OLD | flag::HIDDEN),
    field("evt.latency.human", CharBuf, "Always 0ns.", |_, _| Some(Value::str("0ns"))).with(OLD),
    field(
        "evt.deltatime",
        RelTime,
        "Time since the event before, whichever rule looked at it, ns.",
        |c, _| Some(Value::U64(get::since_last(c))),
    ),
    field("evt.deltatime.s", RelTime, "Whole seconds since the event before.", |c, _| {
        Some(Value::U64(get::since_last(c) / clock::SECOND))
    }),
    field("evt.deltatime.ns", RelTime, "What evt.deltatime has beyond whole seconds, ns.", |c, _| {
        Some(Value::U64(get::since_last(c) % clock::SECOND))
    })
    .printed(Print::Padded),
    field("evt.outputtime", CharBuf, "Time of the event as alerts show it.", |c, _| {
        Some(Value::Text(clock::time(c, true)))
    })
    .with(flag::PRINT_ONLY)
    .printed(Print::EventTime),
    field("evt.dir", CharBuf, "< for system calls, > for events that are none.", get::dir).with(OLD),
    field("evt.type", CharBuf, "Name of the event, mostly that of the system call.", get::event_type),
    field(
        "evt.type.is",
        Uint32,
        "1 when the event is the named one (evt.type.is.open), else 0.",
        get::type_is,
    )
    .required(ArgKind::Word),
    field("syscall.type", CharBuf, "Name of the system call; absent for events that are none.", get::syscall),
    field(
        "evt.category",
        CharBuf,
        "What the event is about: file, net, process, signal and so on.",
        get::category,
    ),
    field("evt.cpu", Int16, "CPU that the event happened on.", |c, _| {
        Some(Value::I64(i64::from(c.event.record.prefix.header.cpu)))
    }),
    field("evt.args", CharBuf, "All parameters as name=value.", get::args),
    field(
        "evt.arg",
        CharBuf,
        "One parameter as text, by name (evt.arg.flags) or position (evt.arg[0]).",
        params::arg,
    )
    .required(ArgKind::Param),
    field("evt.rawarg", Dyn, "One parameter in its own type, by name (evt.rawarg.fd).", params::rawarg)
        .required(ArgKind::Param)
        .with(flag::NO_RHS | flag::NO_TRANSFORMER),
    field("evt.info", CharBuf, "The same as evt.args.", get::args),
    absent("evt.buffer", ByteBuf, "Data that the call read or wrote.", NO_PAYLOAD),
    field("evt.buflen", Uint64, "Bytes that the call read or wrote.", |c, _| get::buflen(c, None, None)),
    field("evt.res", CharBuf, "SUCCESS, or the name of the error (ENOENT).", get::res),
    field("evt.rawres", Int64, "What the call returned.", |c, _| get::result(c).map(Value::I64)),
    field("evt.failed", Bool, "Whether the call returned an error.", |c, _| {
        Some(Value::Bool(get::result(c)? < 0))
    }),
    field("evt.is_io", Bool, "Whether the call reads or writes a descriptor.", |c, _| {
        Some(Value::Bool(get::direction(c).is_some()))
    }),
    field("evt.is_io_read", Bool, "Whether the call reads a descriptor.", |c, _| {
        Some(Value::Bool(get::reads(c)))
    }),
    field("evt.is_io_write", Bool, "Whether the call writes a descriptor.", |c, _| {
        Some(Value::Bool(get::direction(c) == Some(get::Direction::Write)))
    }),
    field("evt.io_dir", CharBuf, "read or write.", |c, _| Some(Value::str(get::direction(c)?.word()))),
    field("evt.is_wait", Bool, "Whether the call waits: poll, select, sleep and their like.", get::is_wait),
    field("evt.wait_latency", RelTime, "Always 0.", |_, _| Some(Value::U64(0))).with(OLD),
    field("evt.is_syslog", Bool, "Whether the call writes to /dev/log.", get::is_syslog),
    field("evt.count", Uint32, "Always 1.", |_, _| Some(Value::U64(1))),
    field("evt.count.error", Uint32, "1 when the call failed, else 0.", |c, _| get::errors(c, None)),
    field("evt.count.error.file", Uint32, "evt.count.error of calls on files.", |c, _| {
        get::errors(c, Some(Counted::File))
    }),
    field("evt.count.error.net", Uint32, "evt.count.error of calls on sockets.", |c, _| {
        get::errors(c, Some(Counted::Net))
    }),
    field("evt.count.error.memory", Uint32, "evt.count.error of calls on memory.", |c, _| {
        get::errors(c, Some(Counted::Memory))
    }),
    field("evt.count.error.other", Uint32, "evt.count.error of all other calls.", |c, _| {
        get::errors(c, Some(Counted::Other))
    }),
    field("evt.count.exit", Uint32, "1 for events told at the end of a call.", |c, _| {
        c.event.row().map(|_| Value::U64(1))
    }),
    field("evt.count.procinfo", Uint32, "Always 0.", |_, _| Some(Value::U64(0))).with(flag::HIDDEN),
    field("evt.count.threadinfo", Uint32, "Always 0.", |_, _| Some(Value::U64(0))).with(flag::HIDDEN),
    field(
        "evt.around",
        Uint64,
        "Distance from a time (ns since the epoch), ms: evt.around[T]=MS holds within MS.",
        get::around,
    )
    .required(ArgKind::Key)
    .with(flag::FILTER_ONLY | flag::NO_RHS | flag::NO_TRANSFORMER),
    field(
        "evt.abspath",
        CharBuf,
        "Path of an *at call, made absolute; .src and .dst where there are two.",
        get::abspath,
    )
    .required(ArgKind::Word)
    .with(flag::NAME),
    field("evt.buflen.in", Uint64, "evt.buflen of reads.", |c, _| {
        get::buflen(c, Some(get::Direction::Read), None)
    })
    .with(flag::HIDDEN),
    field("evt.buflen.out", Uint64, "evt.buflen of writes.", |c, _| {
        get::buflen(c, Some(get::Direction::Write), None)
    })
    .with(flag::HIDDEN),
    field("evt.buflen.file", Uint64, "evt.buflen of files.", |c, _| {
        get::buflen(c, None, Some(Counted::File))
    })
    .with(flag::HIDDEN),
    field("evt.buflen.file.in", Uint64, "evt.buflen of reads from files.", |c, _| {
        get::buflen(c, Some(get::Direction::Read), Some(Counted::File))
    })
    .with(flag::HIDDEN),
    field("evt.buflen.file.out", Uint64, "evt.buflen of writes to files.", |c, _| {
        get::buflen(c, Some(get::Direction::Write), Some(Counted::File))
    })
    .with(flag::HIDDEN),
    field("evt.buflen.net", Uint64, "evt.buflen of sockets.", |c, _| {
        get::buflen(c, None, Some(Counted::Net))
    })
    .with(flag::HIDDEN),
    field("evt.buflen.net.in", Uint64, "evt.buflen of reads from sockets.", |c, _| {
        get::buflen(c, Some(get::Direction::Read), Some(Counted::Net))
    })
    .with(flag::HIDDEN),
    field("evt.buflen.net.out", Uint64, "evt.buflen of writes to sockets.", |c, _| {
        get::buflen(c, Some(get::Direction::Write), Some(Counted::Net))
    })
    .with(flag::HIDDEN),
    field("evt.is_open_read", Bool, "Whether the call opens for reading.", get::is_open_read),
    field("evt.is_open_write", Bool, "Whether the call opens for writing.", get::is_open_write),
    absent("evt.infra.docker.name", CharBuf, "Docker event: its name.", NO_INFRA).with(flag::HIDDEN),
    absent("evt.infra.docker.container.id", CharBuf, "Docker event: container id.", NO_INFRA)
        .with(flag::HIDDEN),
    absent("evt.infra.docker.container.name", CharBuf, "Docker event: container name.", NO_INFRA)
        .with(flag::HIDDEN),
    absent("evt.infra.docker.container.image", CharBuf, "Docker event: image.", NO_INFRA).with(flag::HIDDEN),
    field(
        "evt.is_open_exec",
        Bool,
        "Whether the call may create a file that can be executed.",
        get::is_open_exec,
    ),
    field("evt.is_open_create", Bool, "Whether the call created a file.", get::is_open_create),
];
