//! Event times as text. The clock is never asked: a time is an argument, the zone a setting.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

/// Local `HH:MM:SS.nnnnnnnnn`.
pub(super) fn local(time_ns: u64, zone: &TimeZone) -> String {
    civil(time_ns, zone).strftime("%H:%M:%S.%9f").to_string()
}

/// `YYYY-MM-DDTHH:MM:SS.nnnnnnnnn` in UTC, without a zone designator: Falco writes `Z` in one place, `+0000` in another.
pub(super) fn utc(time_ns: u64) -> String {
    civil(time_ns, &TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S.%9f").to_string()
}

/// Local `Nov 14 22:13:20`, as in RFC 3164.
pub(super) fn bsd(time_ns: u64, zone: &TimeZone) -> String {
    civil(time_ns, zone).strftime("%b %e %H:%M:%S").to_string()
}

/// `YYYY-MM-DDTHH:MM:SS.uuuuuuZ`, as in RFC 5424, which allows no more digits.
pub(super) fn rfc5424(time_ns: u64) -> String {
    civil(time_ns, &TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

fn civil(time_ns: u64, zone: &TimeZone) -> DateTime {
    // 64 bits of ns end in the year 2554, far inside the range.
    zone.to_datetime(Timestamp::from_nanosecond(i128::from(time_ns)).unwrap_or(Timestamp::MAX))
}
