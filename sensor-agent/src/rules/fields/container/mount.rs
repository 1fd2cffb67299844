//! `container.mount*`: one mount by number or by a pattern, or all. A pattern is a regular expression that is searched for
//! in the source, or for `container.mount.source` in the destination; the first mount that has it counts.

use std::{cell::RefCell, collections::HashMap};

use regex::{Regex, RegexBuilder};

use super::{Arg, Context, Text, Value};
use crate::{border::context::Mount, enrich::Metadata};

/// Compiled patterns that are kept; there are as many as rules name.
const MAX_PATTERNS: usize = 256;

thread_local! {
    /// Arguments of fields by text; `None` is no regular expression.
    static PATTERNS: RefCell<HashMap<String, Option<Regex>>> = RefCell::new(HashMap::new());
}

/// `source:destination:mode:writable:propagation`, comma separated.
pub(super) fn all<'a>(c: &Context<'a>) -> Option<Value<'a>> {
    let mounts = match c.event.metadata {
        Metadata::Host => return Some(Value::str("")),
        metadata => &metadata.told()?.mounts,
    };
    let mut all = Text::new(c.arena);
    for mount in mounts {
        all.separate(b",");
        write(&mut all, mount);
    }
    Some(Value::Text(all.finish()))
}

pub(super) fn whole<'a>(c: &Context<'a>, arg: &Arg) -> Option<Value<'a>> {
    let mut text = Text::new(c.arena);
    write(&mut text, find(c, arg, |mount| &mount.source)?);
    Some(Value::Text(text.finish()))
}

pub(super) fn source<'a>(c: &Context<'a>, arg: &Arg) -> Option<Value<'a>> {
    find(c, arg, |mount| &mount.destination).map(|mount| Value::str(&mount.source))
}

pub(super) fn destination<'a>(c: &Context<'a>, arg: &Arg) -> Option<Value<'a>> {
    find(c, arg, |mount| &mount.source).map(|mount| Value::str(&mount.destination))
}

pub(super) fn mode<'a>(c: &Context<'a>, arg: &Arg) -> Option<Value<'a>> {
    find(c, arg, |mount| &mount.source).map(|mount| Value::str(&mount.mode))
}

pub(super) fn writable<'a>(c: &Context<'a>, arg: &Arg) -> Option<Value<'a>> {
    find(c, arg, |mount| &mount.source).map(|mount| Value::str(word(mount.is_writable)))
}

pub(super) fn propagation<'a>(c: &Context<'a>, arg: &Arg) -> Option<Value<'a>> {
    find(c, arg, |mount| &mount.source).map(|mount| Value::str(&mount.propagation))
}

const fn word(is: bool) -> &'static str {
    if is { "true" } else { "false" }
}

fn write(text: &mut Text<'_>, mount: &Mount) {
    let Mount { source, destination, mode, is_writable, propagation } = mount;
    let is_writable = word(*is_writable);
    text.fmt(format_args!("{source}:{destination}:{mode}:{is_writable}:{propagation}"));
}

fn find<'a>(c: &Context<'a>, arg: &Arg, key: fn(&Mount) -> &str) -> Option<&'a Mount> {
    let mounts = &c.event.metadata.told()?.mounts;
    match arg {
        Arg::Index(index) => mounts.get(*index as usize),
        Arg::Key(pattern) => PATTERNS.with_borrow_mut(|known| {
            if known.len() >= MAX_PATTERNS && !known.contains_key(pattern) {
                known.clear();
            }
            let compile = || RegexBuilder::new(pattern).multi_line(true).build().ok();
            let regex = known.entry(pattern.clone()).or_insert_with(compile).as_ref()?;
            mounts.iter().find(|mount| regex.is_match(key(mount)))
        }),
        Arg::None => None,
    }
}
