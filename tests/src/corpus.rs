//! Events of a recorded run beside ours, field by field. What differs from machine to machine and from run to run (ids,
//! ports, addresses, inodes) is replaced by the placeholders of the recording first.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use regex::Regex;
use serde_json::{Map, Value};

use crate::alert::Alert;

/// Process ids up to here belong to the machine, not to a case.
const SYSTEM_PIDS: u64 = 300;
/// Fields whose value may be a process id.
const IDS: [&str; 9] = [
    "proc.pid",
    "proc.ppid",
    "proc.vpid",
    "proc.sid",
    "proc.vpgid",
    "proc.pgid",
    "thread.tid",
    "thread.vtid",
    "evt.rawres",
];
const PORTS: [&str; 6] = ["fd.sport", "fd.cport", "fd.lport", "fd.rport", "fd.sproto", "fd.cproto"];
/// The ancestor that runs the cases; what is above it belongs to the machine.
const DRIVER: &str = " syscases-run";
/// Different in every run, or a matter of the machine's cgroups and runtimes.
const DROPPED: [&str; 4] = ["evt.num", "evt.cpu", "evt.time", "container.metadata"];

/// A child that pauses while its parent attaches to it: which of the two is first, and so whether its pause ever returns, is
/// nobody's to say.
const RACE: (u64, &str) = (317, "<p2>");

/// Events of one process of one case, in order.
pub type Events = BTreeMap<(u64, String), Vec<Event>>;

/// One event of a case.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// `evt.type`.
    pub kind: String,
    /// Fields that have a value.
    pub fields: Map<String, Value>,
}

/// A difference: what, and where it was first seen.
pub type Differences = BTreeMap<(String, String), String>;

/// Reads the recorded lines: `{case, p, type, fields}`, or `{case, p, type, rules}`, whose rules then are a field.
pub fn recorded(text: &str) -> Result<Events> {
    let mut events = Events::new();
    for line in text.lines() {
        let value: Value = serde_json::from_str(line)?;
        let key = (value["case"].as_u64().context("case")?, value["p"].as_str().context("p")?.to_owned());
        if key.0 == RACE.0 && key.1 == RACE.1 {
            continue;
        }
        let kind = value["type"].as_str().context("type")?.to_owned();
        let fields = match (&value["fields"], &value["rules"]) {
            (Value::Object(fields), _) => fields.clone(),
            (_, rules) => Map::from_iter([("rules".to_owned(), rules.clone())]),
        };
        events.entry(key).or_default().push(Event { kind, fields });
    }
    Ok(events)
}

/// Compares the events whose type is in `kinds`, which our run must tell all of. Differences are keyed by field (`events` for
/// another sequence of events) and event type; with them the numbers of compared and of equal fields.
pub fn compare(recorded: &Events, ours: &Events, kinds: &BTreeSet<String>) -> (Differences, usize, usize) {
    let (mut differences, mut compared, mut equal) = (Differences::new(), 0, 0);
    for (key, theirs) in recorded {
        let theirs: Vec<&Event> = theirs.iter().filter(|event| kinds.contains(&event.kind)).collect();
        let ours = ours.get(key).map_or(&[][..], Vec::as_slice);
        if !theirs.iter().map(|event| &event.kind).eq(ours.iter().map(|event| &event.kind)) {
            let list = |events: &[&Event]| {
                events.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>().join(" ")
            };
            let both = format!("{} here {}", list(&theirs), list(&ours.iter().collect::<Vec<_>>()));
            differences.insert(("events".to_owned(), format!("case {} {}", key.0, key.1)), both);
            continue;
        }
        for (their, our) in theirs.iter().zip(ours) {
            let names: BTreeSet<&String> = their.fields.keys().chain(our.fields.keys()).collect();
            for name in names {
                compared += 1;
                let (was, is) = (their.fields.get(name), our.fields.get(name));
                if was == is {
                    equal += 1;
                } else {
                    let text = |value: Option<&Value>| value.map_or("nothing".to_owned(), Value::to_string);
                    let place = format!("case {} {}: {} here {}", key.0, key.1, text(was), text(is));
                    differences.entry((name.clone(), their.kind.clone())).or_insert(place);
                }
            }
        }
    }
    (differences, compared, equal)
}

/// Our alerts in the recording's form.
pub fn normalise(alerts: &[Alert]) -> Result<Events> {
    let case = Regex::new(r"(?:^| )c(\d{3})(?: |$)")?;
    let mut cases: BTreeMap<u64, Vec<&Alert>> = BTreeMap::new();
    for alert in alerts {
        let ancestors = alert.field("proc.aname");
        // The words overlap at their spaces, so each is looked for by itself.
        let of = ancestors.split(' ').filter_map(|word| case.captures(word)).next_back();
        if let Some(found) = of {
            cases.entry(found[1].parse()?).or_default().push(alert);
        }
    }
    let first = cases.values().next().and_then(|alerts| alerts.first());
    let full = first.map(|alert| alert.field("thread.cap_permitted")).unwrap_or_default();
    let limit = first.map(|alert| alert.field("proc.fdlimit")).unwrap_or_default();
    let patterns = Patterns::new(full, limit)?;
    let mut events = Events::new();
    for (case, alerts) in cases {
        let names = names(&alerts, &patterns);
        for alert in alerts {
            let known =
                |(name, value): &(&String, &Value)| !value.is_null() && !DROPPED.contains(&name.as_str());
            let fields = alert.fields.iter().filter(known);
            let fields =
                fields.map(|(name, value)| (name.clone(), patterns.value(&names, name, value))).collect();
            let process =
                id(alert, "thread.tid").and_then(|tid| names.get(&tid)).cloned().unwrap_or_default();
            let event = Event { kind: alert.field("evt.type"), fields };
            events.entry((case, process)).or_default().push(event);
        }
    }
    Ok(events)
}

type Names = BTreeMap<u64, String>;

fn id(alert: &Alert, field: &str) -> Option<u64> {
    alert.fields.get(field).and_then(Value::as_u64)
}

/// `<p1>` the case, `<p2>` and up its children in order of their ids, `<p0>` its parent, `<run>` what is above.
fn names(alerts: &[&Alert], patterns: &Patterns) -> Names {
    let tids: BTreeSet<u64> = alerts.iter().filter_map(|alert| id(alert, "thread.tid")).collect();
    let mut names: Names = tids.iter().zip(1..).map(|(tid, n)| (*tid, format!("<p{n}>"))).collect();
    let top = tids.first().copied();
    let parents = alerts.iter().filter(|alert| id(alert, "thread.tid") == top);
    if let Some(parent) =
        parents.filter_map(|alert| id(alert, "proc.ppid")).find(|pid| !names.contains_key(pid))
    {
        names.insert(parent, "<p0>".to_owned());
    }
    for alert in alerts {
        let fields = ["proc.sid", "proc.vpgid", "proc.pgid"].into_iter().filter_map(|field| id(alert, field));
        let text = alert.field("evt.args");
        let reapers =
            patterns.key.captures_iter(&text).filter(|found| matches!(&found[1], "reaper_tid" | "ptid"));
        let reapers: Vec<u64> = reapers.filter_map(|found| found[2].parse().ok()).collect();
        for pid in fields.chain(reapers).filter(|pid| *pid > SYSTEM_PIDS) {
            names.entry(pid).or_insert_with(|| "<run>".to_owned());
        }
    }
    names
}

struct Patterns {
    key: Regex,
    variable: Regex,
    address: Regex,
    proc: Regex,
    port: Regex,
    pointer: Regex,
    cgroups: Regex,
    inode: Regex,
    device: Regex,
    /// All capabilities that a root process has here.
    full: String,
    /// The limit of open files that processes have here.
    limit: String,
}

impl Patterns {
    fn new(full: String, limit: String) -> Result<Self> {
        Ok(Self {
            key: Regex::new(
                r"\b(res|tid|pid|ptid|vtid|vpid|vpgid|pgid|reaper_tid|sid|tgid|ppid|sender|dpid|spid)=(\d+)",
            )?,
            variable: Regex::new(
                r"\b(vm_size|vm_rss|vm_swap|pgft_maj|pgft_min|pidns_init_start_ts|exe_ino_ctime|exe_ino_mtime|exe_ino|pid_?ns[a-z_]*)=(\d{4}-\d\d-\d\d [0-9:.]+|\S+)",
            )?,
            address: Regex::new(r"\b(?:7[EF][0-9A-F]{10}|1[34]\d{13}|FFFF[0-9A-F]{12})\b")?,
            proc: Regex::new(r"/proc/(\d+)")?,
            port: Regex::new(r":(3[3-9]\d{3}|[45]\d{4}|60\d{3})\b")?,
            pointer: Regex::new(r"\bffff[0-9a-f]{12}\b")?,
            cgroups: Regex::new(r"(?s)cgroups=.*? (env|flags)=")?,
            inode: Regex::new(r"\bino=([1-9]\d*)")?,
            device: Regex::new(r"\bdev=([1-9A-F][0-9A-F]*)")?,
            full,
            limit,
        })
    }

    fn value(&self, names: &Names, field: &str, value: &Value) -> Value {
        let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
        if IDS.contains(&field) || field.starts_with("evt.arg") {
            let name = number.filter(|pid| *pid > SYSTEM_PIDS).and_then(|pid| names.get(&pid));
            if let Some(name) = name {
                return name.clone().into();
            }
        }
        let is_ephemeral = number.is_some_and(|port| (33_000..=60_999).contains(&port));
        match (field, value) {
            (_, _) if PORTS.contains(&field) && is_ephemeral => "<eport>".into(),
            ("proc.fdlimit", _) if number == self.limit.parse().ok() => "<fdlimit>".into(),
            ("fd.ino", _) if number != Some(0) => "<ino>".into(),
            (_, _) if field.starts_with("fd.dev") && number != Some(0) => "<dev>".into(),
            ("proc.aname", Value::String(text)) => {
                let end = text.find(DRIVER).map_or(text.len(), |at| at + DRIVER.len());
                self.text(names, &text[..end]).into()
            }
            ("evt.args", Value::String(text)) => self.arguments(names, text).into(),
            (_, Value::String(text)) => self.text(names, text).into(),
            (_, Value::Number(_)) if number.is_some_and(|number| number > 1 << 45) => "<addr>".into(),
            _ => value.clone(),
        }
    }

    fn text(&self, names: &Names, text: &str) -> String {
        let text =
            if self.full.is_empty() { text.to_owned() } else { text.replace(&self.full, "<full-caps>") };
        let text = text.replace("1FFFEFFFFFF", "<full-caps>");
        let text = self.address.replace_all(&text, "<addr>");
        let text = self.proc.replace_all(&text, |found: &regex::Captures<'_>| {
            let name = found[1].parse().ok().and_then(|pid: u64| names.get(&pid));
            format!("/proc/{}", name.map_or(&found[1], String::as_str))
        });
        let text = self.port.replace_all(&text, ":<eport>");
        self.pointer.replace_all(&text, "<ptr>").into_owned()
    }

    fn arguments(&self, names: &Names, text: &str) -> String {
        let text = self.key.replace_all(text, |found: &regex::Captures<'_>| {
            let name = found[2].parse().ok().and_then(|pid: u64| names.get(&pid));
            format!("{}={}", &found[1], name.map_or(&found[2], String::as_str))
        });
        let text = self.variable.replace_all(&text, "$1=<var>");
        let text = text.replace(&format!("fdlimit={} ", self.limit), "fdlimit=<fdlimit> ");
        let text = self.inode.replace_all(&text, "ino=<ino>");
        let text = self.device.replace_all(&text, "dev=<dev>");
        let text = self.cgroups.replace_all(&text, "cgroups=<cgroups> $1=");
        self.text(names, &text)
    }
}
