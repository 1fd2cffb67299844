//! `evt.*` that every event has: number, time, source, host.

use super::{
    Field, Print,
    table::{absent, field},
};
use crate::rules::{
    Type::{AbsTime, Bool, CharBuf, RelTime, Uint64},
    Value,
    output::clock,
};

const NO_PLUGIN: &str = "there are no event source plugins";
const NO_START: &str = "the first event's time is not kept";

pub(super) static FIELDS: &[Field] = &[
    field("evt.num", Uint64, "Counts events from 1.", |c, _| Some(Value::U64(c.event.num))),
    field("evt.time", CharBuf, "Time of the event, local, with nanoseconds.", |c, _| {
        Some(Value::Text(clock::time(c, true)))
    })
    .printed(Print::EventTime),
    field("evt.time.s", CharBuf, "Time of the event, local, in seconds.", |c, _| {
        Some(Value::Text(clock::time(c, false)))
    })
    .printed(Print::EventTime),
    field("evt.time.iso8601", CharBuf, "Time of the event in ISO 8601, UTC, with nanoseconds.", |c, _| {
        Some(Value::Text(clock::iso8601(c)))
    })
    .printed(Print::EventTime),
    field("evt.datetime", CharBuf, "Date and time of the event, local, with nanoseconds.", |c, _| {
        Some(Value::Text(clock::date_time(c, true)))
    })
    .printed(Print::EventTime),
    field("evt.datetime.s", CharBuf, "Date and time of the event, local, in seconds.", |c, _| {
        Some(Value::Text(clock::date_time(c, false)))
    })
    .printed(Print::EventTime),
    field("evt.rawtime", AbsTime, "Time of the event, ns since the epoch.", |c, _| {
        Some(Value::U64(c.event.time_ns))
    }),
    field("evt.rawtime.s", AbsTime, "Whole seconds of evt.rawtime.", |c, _| {
        Some(Value::U64(c.event.time_ns / clock::SECOND))
    }),
    field("evt.rawtime.ns", AbsTime, "What evt.rawtime has beyond whole seconds, ns.", |c, _| {
        Some(Value::U64(c.event.time_ns % clock::SECOND))
    })
    .printed(Print::Padded),
    absent("evt.reltime", RelTime, "Time since the first event, ns.", NO_START),
    absent("evt.reltime.s", RelTime, "Whole seconds since the first event.", NO_START),
    absent("evt.reltime.ns", RelTime, "What evt.reltime has beyond whole seconds, ns.", NO_START)
        .printed(Print::Padded),
    absent("evt.pluginname", CharBuf, "Plugin that an event of another source comes from.", NO_PLUGIN),
    absent("evt.plugininfo", CharBuf, "What that plugin says about its event.", NO_PLUGIN),
    field("evt.source", CharBuf, "Where events come from: syscall.", |_, _| Some(Value::str("syscall"))),
    field("evt.is_async", Bool, "Whether the event was made beside the kernel's stream.", |_, _| {
        Some(Value::Bool(false))
    }),
    absent("evt.asynctype", CharBuf, "Kind of an asynchronous event.", NO_PLUGIN),
    field(
        "evt.hostname",
        CharBuf,
        "Host name; FALCO_HOSTNAME in the agent's environment overrides it.",
        |c, _| Some(Value::str(&c.event.state.host().hostname)),
    ),
];
