//! Times as text, from the event's own time: there is no clock in here.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use crate::rules::{fields::Context, text::render};

/// ns
pub const SECOND: u64 = 1_000_000_000;

/// `HH:MM:SS`, with `.nnnnnnnnn` if asked for; local time.
pub fn time<'a>(c: &Context<'a>, has_fraction: bool) -> &'a [u8] {
    let format = if has_fraction { "%H:%M:%S.%9f" } else { "%H:%M:%S" };
    render!(c.arena, "{}", local(c).strftime(format))
}

/// `YYYY-MM-DD HH:MM:SS`, with `.nnnnnnnnn` if asked for; local time.
pub fn date_time<'a>(c: &Context<'a>, has_fraction: bool) -> &'a [u8] {
    let format = if has_fraction { "%Y-%m-%d %H:%M:%S.%9f" } else { "%Y-%m-%d %H:%M:%S" };
    render!(c.arena, "{}", local(c).strftime(format))
}

/// `YYYY-MM-DDTHH:MM:SS.nnnnnnnnn+0000`
pub fn iso8601<'a>(c: &Context<'a>) -> &'a [u8] {
    render!(c.arena, "{}", TimeZone::UTC.to_datetime(stamp(c)).strftime("%Y-%m-%dT%H:%M:%S.%9f+0000"))
}

fn local(c: &Context<'_>) -> DateTime {
    c.event.state.host().zone.as_ref().unwrap_or(&TimeZone::UTC).to_datetime(stamp(c))
}

/// A `u64` of nanoseconds ends in 2554, so the range is never left.
fn stamp(c: &Context<'_>) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(c.event.time_ns)).unwrap_or(Timestamp::MAX)
}
