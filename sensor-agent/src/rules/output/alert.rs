//! From a match to an owned alert.

use super::{Format, FormatError, json};
use crate::{
    border::{Alert, FieldValue, Priority},
    enrich::Metadata,
    rules::fields::{CLASSES, Context, FieldError, FieldRef, Naming, fixed, flag},
};

/// The key that says what is known of the container of an alert.
const STATUS: &str = "container.metadata";

/// The key that says by which name of a file the rule matched.
const MATCHED_NAME: &str = "fd.matched_name";

/// An entry of `append_output`'s `extra_fields`: adds to `output_fields`, not to the text.
#[derive(Clone, Debug)]
pub enum Extra {
    /// `field`: key and native value.
    Field(FieldRef),
    /// `key: format`: a rendered text.
    Format(String, Format),
}

impl Extra {
    /// `extra_fields: [proc.aname[2]]`
    pub fn field(name: &str) -> Result<Self, FieldError> {
        let (name, arg) = match name.split_once('[') {
            Some((name, arg)) => (name, arg.strip_suffix(']')),
            None => (name, None),
        };
        FieldRef::resolve(name, arg).map(Self::Field)
    }

    /// `extra_fields: [{key: format}]`
    pub fn format(key: &str, format: &str) -> Result<Self, FormatError> {
        Ok(Self::Format(key.to_owned(), Format::parse(format)?))
    }

    /// Plain fields in it.
    pub(in crate::rules) fn fields(&self) -> Vec<&FieldRef> {
        match self {
            Self::Field(field) => vec![field],
            Self::Format(_, format) => format.fields(),
        }
    }

    fn entry(&self, c: &Context<'_>) -> (String, FieldValue) {
        match self {
            Self::Field(field) => (field.key(), json(c, field)),
            Self::Format(key, format) => (key.clone(), FieldValue::Text(format.render(c))),
        }
    }
}

/// What `suggested_output: true` appends to an output; static fields come first.
pub fn suggested_output(static_fields: &[String]) -> String {
    let fixed =
        static_fields.iter().map(|name| format!("{0}_{1}=%{0}.{name}", fixed::NAME, name.replace('.', "_")));
    let suggested =
        CLASSES.iter().flat_map(super::super::fields::Class::fields).filter(|f| f.is(flag::SUGGESTED));
    let parts = suggested.map(|f| format!("{}=%{}", f.name.replace('.', "_"), f.name));
    fixed.chain(parts).collect::<Vec<_>>().join(" ")
}

/// The alert of a rule that matched. `output` is the rule's format with what `append_output` adds to it; an extra field
/// replaces one of the output with the same key.
pub fn alert(
    rule: &str,
    priority: Priority,
    source: &str,
    tags: &[String],
    output: &Format,
    extra: &[Extra],
    c: &Context<'_>,
) -> Alert {
    let mut tags = tags.to_vec();
    tags.sort();
    let mut fields = output.values(c);
    for (key, value) in extra.iter().map(|extra| extra.entry(c)) {
        match fields.iter_mut().find(|(known, _)| *known == key) {
            Some((_, known)) => *known = value,
            None => fields.push((key, value)),
        }
    }
    // An alert that lacks what it could have had says so.
    if let Metadata::Pending | Metadata::TimedOut | Metadata::Unknown = c.event.metadata {
        let status = FieldValue::Text(c.event.metadata.label().into());
        fields.push((STATUS.to_owned(), status));
    }
    // So does one that Falco would not have raised.
    if c.naming == Naming::Resolved && fields.iter().all(|(key, _)| key != MATCHED_NAME) {
        fields.push((MATCHED_NAME.to_owned(), FieldValue::Text(c.naming.word().into())));
    }
    Alert {
        time_ns: c.event.time_ns,
        rule: rule.to_owned(),
        priority,
        source: source.to_owned(),
        tags,
        message: output.render(c),
        fields,
    }
}
