//! Fields over ancestors: with an index one of them (0 is the process itself), without one all but the process.

use super::{
    Arg, Context,
    process_get::{joined_args, joined_env, variable},
};
use crate::{
    enrich::Process,
    rules::{Value, text},
};

type Out<'a> = Option<Value<'a>>;

/// Ancestors that `proc.aenv[NAME]` looks at.
const ENV_LEVELS: usize = 20;

/// `read` of one ancestor, or of all.
pub(super) fn each<'a>(
    c: &Context<'a>,
    arg: &Arg,
    read: impl Fn(&Context<'a>, &'a Process) -> Value<'a>,
) -> Out<'a> {
    if let Arg::Index(level) = arg {
        return c.event.lineage().nth(*level as usize).map(|process| read(c, process));
    }
    let mut all = bumpalo::collections::Vec::new_in(c.arena);
    all.extend(c.event.lineage().skip(1).map(|process| read(c, process)));
    Some(Value::List(all.into_bump_slice()))
}

pub(super) fn args<'a>(c: &Context<'a>, arg: &Arg) -> Out<'a> {
    if let Arg::Index(_) = arg {
        return each(c, arg, |c, process| Value::Text(joined_args(c, process)));
    }
    let parts = c.event.lineage().skip(1).map(|process| joined_args(c, process));
    Some(Value::Text(text::join(c.arena, parts, b" ")))
}

/// A number in brackets is taken for no argument, as Falco has it.
pub(super) fn env<'a>(c: &Context<'a>, arg: &Arg) -> Out<'a> {
    match arg {
        Arg::Key(name) => {
            let mut lineage = c.event.lineage().skip(1).take(ENV_LEVELS);
            Some(Value::Text(lineage.find_map(|process| variable(process, name)).unwrap_or_default()))
        }
        _ => each(c, &Arg::None, |c, process| Value::Text(joined_env(c, process))),
    }
}
