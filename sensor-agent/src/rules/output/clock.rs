//! Times as text, from the event's own time: there is no clock in here.

use crate::rules::{fields::Context, text::Text};

/// ns
pub const SECOND: u64 = 1_000_000_000;
const DAY_S: i64 = 86_400;

/// `HH:MM:SS`, with `.nnnnnnnnn` if asked for; local time.
pub fn time<'a>(c: &Context<'a>, has_fraction: bool) -> &'a [u8] {
    let mut text = Text::new(c.arena);
    write_time(&mut text, local_s(c), fraction(c, has_fraction));
    text.finish()
}

/// `YYYY-MM-DD HH:MM:SS`, with `.nnnnnnnnn` if asked for; local time.
pub fn date_time<'a>(c: &Context<'a>, has_fraction: bool) -> &'a [u8] {
    let mut text = Text::new(c.arena);
    write_date(&mut text, local_s(c));
    text.push(b" ");
    write_time(&mut text, local_s(c), fraction(c, has_fraction));
    text.finish()
}

/// `YYYY-MM-DDTHH:MM:SS.nnnnnnnnn+0000`
pub fn iso8601<'a>(c: &Context<'a>) -> &'a [u8] {
    let mut text = Text::new(c.arena);
    let utc_s = (c.event.time_ns / SECOND).cast_signed();
    write_date(&mut text, utc_s);
    text.push(b"T");
    write_time(&mut text, utc_s, fraction(c, true));
    text.push(b"+0000");
    text.finish()
}

fn local_s(c: &Context<'_>) -> i64 {
    (c.event.time_ns / SECOND).cast_signed().saturating_add(i64::from(c.event.state.host().utc_offset_s))
}

fn fraction(c: &Context<'_>, wanted: bool) -> Option<u64> {
    wanted.then_some(c.event.time_ns % SECOND)
}

fn write_time(text: &mut Text<'_>, epoch_s: i64, fraction: Option<u64>) {
    let s = epoch_s.rem_euclid(DAY_S);
    text.fmt(format_args!("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60));
    if let Some(ns) = fraction {
        text.fmt(format_args!(".{ns:09}"));
    }
}

/// Gregorian date of a day count since the epoch, by eras of 400 years that start on 1 March.
fn write_date(text: &mut Text<'_>, epoch_s: i64) {
    let days = epoch_s.div_euclid(DAY_S) + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    text.fmt(format_args!("{year:04}-{month:02}-{day:02}"));
}
