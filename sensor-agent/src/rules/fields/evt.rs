//! `evt.*` that every event has: number, time, source, host.

use sensor_common::ledger::slot;

use super::{
    Context, Field, Print,
    table::{absent, field},
};
use crate::rules::{
    Type::{AbsTime, Bool, CharBuf, RelTime, Uint64},
    Value,
    output::clock,
};

const NO_PLUGIN: &str = "there are no event source plugins";

/// Records of several CPUs may come in another order than their times.
fn since_first(c: &Context<'_>) -> u64 {
    c.event.time_ns.saturating_sub(c.event.state.first_ns())
}

fn async_type(c: &Context<'_>) -> Option<&'static str> {
    (c.event.slot() == slot::CGROUP).then_some("container")
}

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
    field("evt.reltime", RelTime, "Time since the first event, ns.", |c, _| Some(Value::U64(since_first(c)))),
    field("evt.reltime.s", RelTime, "Whole seconds since the first event.", |c, _| {
        Some(Value::U64(since_first(c) / clock::SECOND))
    }),
    field("evt.reltime.ns", RelTime, "What evt.reltime has beyond whole seconds, ns.", |c, _| {
        Some(Value::U64(since_first(c) % clock::SECOND))
    })
    .printed(Print::Padded),
    absent("evt.pluginname", CharBuf, "Plugin that an event of another source comes from.", NO_PLUGIN),
    absent("evt.plugininfo", CharBuf, "What that plugin says about its event.", NO_PLUGIN),
    field("evt.source", CharBuf, "Where events come from: syscall.", |_, _| Some(Value::str("syscall"))),
    field("evt.is_async", Bool, "Whether the event was made beside the stream of calls.", |c, _| {
        Some(Value::Bool(async_type(c).is_some()))
    }),
    field(
        "evt.asynctype",
        CharBuf,
        "Kind of an event that was made beside the stream: container.",
        |c, _| async_type(c).map(Value::str),
    ),
    field(
        "evt.hostname",
        CharBuf,
        "Host name; FALCO_HOSTNAME in the agent's environment overrides it.",
        |c, _| Some(Value::str(&c.event.state.host().hostname)),
    ),
];
