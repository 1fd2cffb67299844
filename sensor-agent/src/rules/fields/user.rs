//! `user.*` and `group.*`: credentials of the acting task, with names of the host. A container has its own users, which
//! are not read: there only root has a name.

use super::{Context, Field, process_get::task, table::field};
use crate::{
    enrich::host::User,
    rules::{
        Type::{CharBuf, Int64, Uint32},
        Value,
    },
};

const UNKNOWN: &str = "<NA>";

pub(super) static USER: &[Field] = &[
    field("user.uid", Uint32, "User id.", |c, _| Some(Value::U64(u64::from(task(c).uid)))),
    field("user.name", CharBuf, "Name of the user.", |c, _| Some(Value::str(user_name(c, task(c).uid)))),
    field("user.homedir", CharBuf, "Home directory of the user.", |c, _| {
        Some(Value::str(of_user(c, task(c).uid, |user| &user.home, "/root")))
    }),
    field("user.shell", CharBuf, "Shell of the user.", |c, _| {
        Some(Value::str(of_user(c, task(c).uid, |user| &user.shell, UNKNOWN)))
    }),
    field("user.loginuid", Int64, "User id of the login (audit), -1 without one.", |c, _| {
        Some(Value::I64(i64::from(task(c).loginuid.cast_signed())))
    }),
    field("user.loginname", CharBuf, "Name of the user who logged in.", |c, _| {
        Some(Value::str(user_name(c, task(c).loginuid)))
    }),
];

pub(super) static GROUP: &[Field] = &[
    field("group.gid", Uint32, "Group id.", |c, _| Some(Value::U64(u64::from(task(c).gid)))),
    field("group.name", CharBuf, "Name of the group.", |c, _| Some(Value::str(group_name(c, task(c).gid)))),
];

/// Name of a user as the acting process would see it.
pub(in crate::rules) fn user_name<'a>(c: &Context<'a>, uid: u32) -> &'a str {
    of_user(c, uid, |user| &user.name, "root")
}

/// Name of a group as the acting process would see it.
pub(in crate::rules) fn group_name<'a>(c: &Context<'a>, gid: u32) -> &'a str {
    let named = if is_on_host(c) { c.event.state.host().groups.get(&gid) } else { None };
    match named {
        Some(name) => name,
        None if gid == 0 => "root",
        None => UNKNOWN,
    }
}

fn of_user<'a>(c: &Context<'a>, uid: u32, read: fn(&User) -> &String, root: &'static str) -> &'a str {
    let user = if is_on_host(c) { c.event.state.host().users.get(&uid) } else { None };
    match user {
        Some(user) => read(user),
        None if uid == 0 => root,
        None => UNKNOWN,
    }
}

fn is_on_host(c: &Context<'_>) -> bool {
    c.event.actor.container.is_none()
}
