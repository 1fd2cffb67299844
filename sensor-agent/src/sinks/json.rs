//! Falco's JSON alert line, byte for byte: one object, keys in ASCII order, text repaired to valid UTF-8.

use std::{borrow::Cow, collections::BTreeMap, io};

use serde::{Serialize, Serializer, ser::SerializeSeq};
use serde_json::ser::Formatter;

use crate::border::{Alert, FieldValue};

use super::{Format, SinkError, format::is_internal, text, time};

/// The keys, in their order.
#[derive(Serialize)]
struct Object<'a> {
    hostname: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_fields: Option<BTreeMap<&'a str, Value<'a>>>,
    priority: &'static str,
    rule: &'a str,
    source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<&'a str>>,
    time: String,
}

/// The line without its line break.
pub(super) fn line(format: &Format, alert: &Alert) -> Result<String, SinkError> {
    let message = String::from_utf8_lossy(&alert.message);
    let include = format.include;
    let mut object = Object {
        hostname: &format.hostname,
        message: None,
        output: None,
        output_fields: None,
        priority: alert.priority.label(),
        rule: &alert.rule,
        source: &alert.source,
        tags: None,
        time: time::utc(alert.time_ns) + "Z",
    };
    if is_internal(alert) {
        object.output = Some(message);
        // falcosidekick refuses an alert without a field, so Falco's that a reload failed never get past it.
        let time = alert.fields.is_empty().then_some(("evt.time", Value::Time(alert.time_ns)));
        object.output_fields = Some(fields(alert).chain(time).collect());
    } else {
        object.output = include.output.then(|| (text::head(format, alert) + &message).into());
        object.output_fields = include.fields.then(|| {
            let key = if format.iso_time { "evt.time.iso8601" } else { "evt.time" };
            fields(alert).chain([(key, Value::Time(alert.time_ns))]).collect()
        });
        object.tags = include.tags.then(|| sorted(&alert.tags));
        object.message = include.message.then_some(message);
    }
    encode(&object)
}

/// A line of `metrics.output_file`, with its line break.
pub fn sample_line(fields: &[(String, FieldValue)], number: u64) -> Result<String, SinkError> {
    #[derive(Serialize)]
    struct Sample<'a> {
        output_fields: BTreeMap<&'a str, Value<'a>>,
        sample: u64,
    }
    let fields = fields.iter().map(|(key, value)| (key.as_str(), Value::Field(value)));
    encode(&Sample { output_fields: fields.collect(), sample: number }).map(|line| line + "\n")
}

fn fields(alert: &Alert) -> impl Iterator<Item = (&str, Value<'_>)> {
    alert.fields.iter().map(|(key, value)| (key.as_str(), Value::Field(value)))
}

fn sorted(tags: &[String]) -> Vec<&str> {
    let mut tags: Vec<&str> = tags.iter().map(String::as_str).collect();
    tags.sort_unstable();
    tags.dedup();
    tags
}

/// JSON of `value` as Falco writes it.
pub(super) fn encode(value: &impl Serialize) -> Result<String, SinkError> {
    let mut bytes = Vec::with_capacity(1024);
    value
        .serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, Falco))
        .map_err(|source| SinkError::Encode { source })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A member of `output_fields`.
pub(super) enum Value<'a> {
    Field(&'a FieldValue),
    Time(u64),
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Time(time_ns) | Self::Field(&FieldValue::U64(time_ns)) => serializer.serialize_u64(time_ns),
            Self::Field(FieldValue::Null) => serializer.serialize_unit(),
            Self::Field(FieldValue::Bool(value)) => serializer.serialize_bool(*value),
            Self::Field(FieldValue::I64(value)) => serializer.serialize_i64(*value),
            Self::Field(FieldValue::F64(value)) => serializer.serialize_f64(*value),
            Self::Field(FieldValue::Text(bytes)) => serializer.serialize_str(&String::from_utf8_lossy(bytes)),
            Self::Field(FieldValue::List(items)) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| list.serialize_element(&Self::Field(item)))?;
                list.end()
            }
        }
    }
}

/// Compact, with floats as Falco's library lays them out.
struct Falco;

impl Formatter for Falco {
    fn write_f64<W: io::Write + ?Sized>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(float(value).as_bytes())
    }
}

/// Shortest digits that read back the same; plain between 1e-4 and 1e15, else `1e-05`, `1.5e+20`.
fn float(value: f64) -> String {
    let scientific = format!("{value:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    match exponent.parse::<i32>() {
        Ok(-4..15) => format!("{value:?}"),
        Ok(exponent) => format!("{digits}e{exponent:+03}"),
        Err(_) => scientific,
    }
}
