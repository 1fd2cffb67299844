//! `fs.path.*`, `fdlist.*` and `util.*`. Paths are those of calls that succeeded; opens also tell theirs when they failed.

use sensor_common::event::File;

use super::{
    Context, Field,
    descriptor::{named as name_of, spelled},
    flag,
    table::{absent, field},
};
use crate::{
    decode::Body,
    rules::{
        Type::{CharBuf, Uint64},
        Value,
    },
};

const NO_POLL: &str = "poll is not traced";

pub(super) static FIELDS: &[Field] = &[
    field("fs.path.name", CharBuf, "Path of a call with one path, absolute.", |c, _| path(c, Role::Name))
        .with(flag::NAME),
    field("fs.path.nameraw", CharBuf, "fs.path.name as the process spelled it.", |c, _| raw(c, Role::Name)),
    field("fs.path.source", CharBuf, "Old path of a rename, new link, mounted device; absolute.", |c, _| {
        path(c, Role::Source)
    }),
    field("fs.path.sourceraw", CharBuf, "fs.path.source as the process spelled it.", |c, _| {
        raw(c, Role::Source)
    }),
    field(
        "fs.path.target",
        CharBuf,
        "New path of a rename, what a link leads to, mount point; absolute.",
        |c, _| path(c, Role::Target),
    ),
    field("fs.path.targetraw", CharBuf, "fs.path.target as the process spelled it.", |c, _| {
        raw(c, Role::Target)
    }),
];

pub(super) static FDLIST: &[Field] = &[
    absent("fdlist.nums", CharBuf, "Numbers of the polled descriptors.", NO_POLL),
    absent("fdlist.names", CharBuf, "Names of the polled descriptors.", NO_POLL),
    absent("fdlist.cips", CharBuf, "Client addresses of the polled descriptors.", NO_POLL),
    absent("fdlist.sips", CharBuf, "Server addresses of the polled descriptors.", NO_POLL),
    absent("fdlist.cports", CharBuf, "Client ports of the polled descriptors.", NO_POLL),
    absent("fdlist.sports", CharBuf, "Server ports of the polled descriptors.", NO_POLL),
];

pub(super) static UTIL: &[Field] =
    &[absent("util.cnt", Uint64, "Counts its own uses.", "evaluation keeps no state").with(flag::HIDDEN)];

/// What a path is to its call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Name,
    Source,
    Target,
}

/// The record's file part and which of its names has that role.
fn named<'a>(c: &Context<'a>, role: Role) -> Option<(&'a File, usize)> {
    let Body::File(file) = &c.event.record.body else { return None };
    let event = c.event.row()?.event;
    let index = match (event, role) {
        ("open" | "openat" | "openat2", Role::Name) => return Some((file, 0)),
        (
            "mkdir" | "mkdirat" | "rmdir" | "unlink" | "unlinkat" | "chmod" | "fchmodat" | "chown" | "lchown"
            | "fchownat" | "umount2",
            Role::Name,
        )
        | ("rename" | "renameat" | "renameat2" | "mount", Role::Source)
        | ("link" | "linkat" | "symlink" | "symlinkat", Role::Target) => 0,
        ("rename" | "renameat" | "renameat2" | "mount", Role::Target)
        | ("link" | "linkat" | "symlink" | "symlinkat", Role::Source) => 1,
        _ => return None,
    };
    (file.call.ret >= 0).then_some((file, index))
}

fn path<'a>(c: &Context<'a>, role: Role) -> Option<Value<'a>> {
    if let Some(object) = object(c, role) {
        return Some(Value::Text(object));
    }
    let (file, index) = named(c, role)?;
    match c.event.row()?.event {
        // A device need not be a path ("tmpfs").
        "mount" if role == Role::Source => raw(c, role),
        // What a link leads to is relative to the directory that the link is in.
        "symlink" | "symlinkat" if role == Role::Target => link_target(c, file),
        _ => name_of(c, file, index).map(Value::Text),
    }
}

fn link_target<'a>(c: &Context<'a>, file: &File) -> Option<Value<'a>> {
    let target = c.event.record.text(&file.name[0])?;
    let link = spelled(c, file, 1)?;
    Some(Value::Text(super::path::join(c.arena, super::path::directory(link), target)))
}

fn raw<'a>(c: &Context<'a>, role: Role) -> Option<Value<'a>> {
    if let Some(object) = object(c, role) {
        return Some(Value::Text(object));
    }
    let (file, index) = named(c, role)?;
    Some(Value::Text(c.event.record.text(file.name.get(index)?).unwrap_or(b"<NA>")))
}

/// Of calls on a descriptor that change a file: the file's own path.
fn object<'a>(c: &Context<'a>, role: Role) -> Option<&'a [u8]> {
    let Body::File(file) = &c.event.record.body else { return None };
    let is_change = matches!(c.event.row()?.event, "fchmod" | "fchown");
    if !is_change || role != Role::Name || file.call.ret < 0 {
        return None;
    }
    c.event.record.text(&file.resolved)
}
