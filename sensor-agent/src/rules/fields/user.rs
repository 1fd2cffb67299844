//! `user.*` and `group.*`: credentials of the acting task. Names are those of the host or of the container that it is in;
//! where the agent cannot read a container's, only root has a name. Who logged in did so on the host.

use super::{Context, Field, flag, process_get::task, table::field};
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
    field("user.name", CharBuf, "Name of the user.", |c, _| Some(Value::str(user_name(c, task(c).uid))))
        .with(flag::CONTEXT),
    field("user.homedir", CharBuf, "Home directory of the user.", |c, _| {
        Some(Value::str(of_user(c, task(c).uid, |user| &user.home, "/root")))
    })
    .with(flag::CONTEXT),
    field("user.shell", CharBuf, "Shell of the user.", |c, _| {
        Some(Value::str(of_user(c, task(c).uid, |user| &user.shell, UNKNOWN)))
    })
    .with(flag::CONTEXT),
    field("user.loginuid", Int64, "User id of the login (audit), -1 without one.", |c, _| {
        Some(Value::I64(i64::from(task(c).loginuid.cast_signed())))
    }),
    field("user.loginname", CharBuf, "Name of the user who logged in.", |c, _| {
        let user = c.event.state.host().accounts.users.get(&task(c).loginuid);
        Some(Value::str(named(user.map(|user| &user.name), task(c).loginuid, "root")))
    }),
];

pub(super) static GROUP: &[Field] = &[
    field("group.gid", Uint32, "Group id.", |c, _| Some(Value::U64(u64::from(task(c).gid)))),
    field("group.name", CharBuf, "Name of the group.", |c, _| Some(Value::str(group_name(c, task(c).gid))))
        .with(flag::CONTEXT),
];

/// Name of a user as the acting process would see it.
pub(in crate::rules) fn user_name<'a>(c: &Context<'a>, uid: u32) -> &'a str {
    of_user(c, uid, |user| &user.name, "root")
}

/// Name of a group as the acting process would see it.
pub(in crate::rules) fn group_name<'a>(c: &Context<'a>, gid: u32) -> &'a str {
    let accounts = c.event.state.accounts(c.event.actor);
    named(accounts.and_then(|accounts| accounts.groups.get(&gid)), gid, "root")
}

fn of_user<'a>(c: &Context<'a>, uid: u32, read: fn(&User) -> &String, root: &'static str) -> &'a str {
    let accounts = c.event.state.accounts(c.event.actor);
    named(accounts.and_then(|accounts| accounts.users.get(&uid)).map(read), uid, root)
}

/// Without a name, id 0 still has one.
fn named<'a>(name: Option<&'a String>, id: u32, root: &'static str) -> &'a str {
    match name {
        Some(name) => name,
        None if id == 0 => root,
        None => UNKNOWN,
    }
}
