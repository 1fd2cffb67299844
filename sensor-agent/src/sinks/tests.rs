//! Lines byte for byte, hostile bytes, and what becomes of alerts when a sink fails.

mod lines;
mod hostile;
mod delivery;
mod peers;
mod daemons;
mod server;
mod http;
mod outage;

use std::time::{Duration, Instant};

use crate::border::{Alert, FieldValue, Latency, Priority, SinkCount};

use super::*;

/// 2023-11-14T22:13:20.000000001Z.
const TIME_NS: u64 = 1_700_000_000_000_000_001;

pub(super) fn alert() -> Alert {
    let text = |text: &str| FieldValue::Text(text.into());
    let fields = vec![
        ("user.name", text("root")),
        ("fd.cip", FieldValue::Null),
        ("fd.num", FieldValue::I64(-1)),
        ("evt.is_open_read", FieldValue::Bool(true)),
        ("fd.types", FieldValue::List(vec![text("file"), text("ipv4")])),
        ("proc.aname[2]", text("sshd")),
        ("thread.cpu", FieldValue::F64(2.0)),
        ("evt.num", FieldValue::U64(u64::MAX)),
    ];
    Alert {
        time_ns: TIME_NS,
        rule: "R \"1\"".to_owned(),
        priority: Priority::Informational,
        source: "syscall".to_owned(),
        tags: vec!["zeta".to_owned(), "alpha".to_owned(), "with space".to_owned()],
        message: b"hi (user=root dir=<NA>)".to_vec(),
        fields: fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
    }
}

fn internal(fields: &[(&str, FieldValue)]) -> Alert {
    let fields = fields.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    let message = "Falco internal: syscall event drop. 2 system calls dropped in last second.";
    Alert::internal(alert().time_ns, "Falco internal: syscall event drop", Priority::Debug, message, fields)
}

pub(super) fn format(json: bool) -> Format {
    Format {
        json,
        iso_time: false,
        include: Include::default(),
        hostname: "h1".to_owned(),
        zone: TimeZone::fixed(jiff::tz::offset(2)),
    }
}

fn body(format: &Format, alert: &Alert) -> String {
    format.line(alert).unwrap().body().to_owned()
}

/// Looks until it is so.
fn wait(what: &str, mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < until, "in 60 s not: {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// Counts without what depends on the clock.
fn timeless(counts: Vec<SinkCount>) -> Vec<SinkCount> {
    counts.into_iter().map(|count| SinkCount { latency: Latency::default(), ..count }).collect()
}
