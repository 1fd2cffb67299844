//! `--list-events` and `-i`: what the system call table says.

use std::fmt::{self, Write};

use sensor_common::syscalls::{ParamType, Row, TABLE};
use serde_json::{Value, json};

use crate::{
    app::{cli::Format, identity::SCHEMA_VERSION},
    rules::events::HIGH_VOLUME,
};

/// Writes the answer to `-i`.
pub(super) fn ignored(out: &mut String) -> fmt::Result {
    writeln!(out, "Ignored syscall(s):")?;
    HIGH_VOLUME.iter().try_for_each(|name| writeln!(out, "- {name}"))
}

/// Events that are no system call: name, and parameters with their types.
const TRACEPOINTS: &[(&str, &[(&str, &str)])] = &[(
    "procexit",
    &[("status", "ERRNO"), ("ret", "ERRNO"), ("sig", "SIGTYPE"), ("core", "UINT8"), ("reaper_tid", "PID")],
)];

/// Direction, name and parameters of an event; of a call, Falco's exit event (`<`) is the only one there is.
type Event = (char, &'static str, Vec<(&'static str, &'static str)>);

/// Writes the events of this sensor.
pub(super) fn write(out: &mut String, format: Format) -> fmt::Result {
    let calls = TABLE.iter().map(|row| ('<', row.event, params(row)));
    let tracepoints = TRACEPOINTS.iter().map(|(name, params)| ('>', *name, params.to_vec()));
    let groups: [(&str, Vec<Event>); 2] =
        [("Syscall events", calls.collect()), ("Tracepoint events", tracepoints.collect())];
    if format == Format::Json {
        let mut document = json!({ "schema_version": SCHEMA_VERSION });
        for (title, events) in groups {
            document[title] = events.iter().map(object).collect();
        }
        return writeln!(out, "{document}");
    }
    writeln!(out, "The events below are valid for Falco *Schema Version*: {SCHEMA_VERSION}")?;
    for (title, events) in groups {
        writeln!(out, "## {title}\n")?;
        if format == Format::Markdown {
            writeln!(out, "Default | Dir | Name | Params \n:-------|:----|:-----|:-----")?;
        }
        for (dir, name, params) in events {
            let params: Vec<_> = params.iter().map(|(name, ty)| format!("{ty} **{name}**")).collect();
            let params = params.join(", ");
            if format == Format::Markdown {
                let default = if HIGH_VOLUME.contains(&name) { "No" } else { "Yes" };
                writeln!(out, "{default} | `{dir}` | `{name}` | {params}")?;
            } else {
                writeln!(out, "{dir} {name}({params})")?;
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

fn params(row: &Row) -> Vec<(&'static str, &'static str)> {
    row.params.iter().map(|param| (param.name, label(param.ty))).collect()
}

fn object((dir, name, params): &Event) -> Value {
    let params: Vec<_> = params.iter().map(|(name, ty)| json!({ "name": name, "type": ty })).collect();
    json!({ "name": name, "dir": dir.to_string(), "available": true, "params": params })
}

/// Falco's name of a parameter's type.
fn label(ty: ParamType) -> &'static str {
    match ty {
        ParamType::Errno => "ERRNO",
        ParamType::Fd => "FD",
        ParamType::Pid => "PID",
        ParamType::Uid => "UID",
        ParamType::Gid => "GID",
        ParamType::FsPath => "FSPATH",
        ParamType::FsRelPath => "FSRELPATH",
        ParamType::CharBuf => "CHARBUF",
        ParamType::ByteBuf => "BYTEBUF",
        ParamType::OpenFlags | ParamType::Flags(_) => "FLAGS32",
        ParamType::EnumFlags(_) => "ENUMFLAGS32",
        ParamType::Mode => "MODE",
        ParamType::Uint | ParamType::Uint64 | ParamType::Hex64 => "UINT64",
        ParamType::Int => "INT64",
        ParamType::Octal | ParamType::Hex => "UINT32",
        ParamType::Signal => "SIGTYPE",
        ParamType::SockAddr => "SOCKADDR",
        ParamType::SockTuple => "SOCKTUPLE",
    }
}
