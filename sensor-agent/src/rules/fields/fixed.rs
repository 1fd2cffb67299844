//! `static.NAME`: what the configuration says of every event (`static_fields`).

use super::{Arg, ArgKind, Field, flag, table::field};
use crate::rules::{Type::CharBuf, Value};

/// Name of the field before its dot.
pub const NAME: &str = "static";

pub(super) static FIELDS: &[Field] = &[field(NAME, CharBuf, "A value of `static_fields`.", |c, arg| {
    let Arg::Key(wanted) = arg else { return None };
    let fields = &c.event.state.host().static_fields;
    fields.iter().find(|(name, _)| name == wanted).map(|(_, value)| Value::str(value))
})
.required(ArgKind::Word)
.with(flag::HIDDEN)];
