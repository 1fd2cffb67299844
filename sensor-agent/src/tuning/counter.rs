//! Counts alerts by what is alike, in bounded memory.

use std::collections::HashMap;

use crate::border::{
    Alert, FieldValue,
    tally::{Group, Place, Seen, Tally},
};

/// Fields that every alert must carry to be counted: they are appended to each rule's.
pub const FIELDS: [&str; 7] = [
    "proc.name",
    "proc.pname",
    "proc.exepath",
    "proc.is_exe_upper_layer",
    "container.id",
    "container.image.repository",
    "fd.name",
];

/// Groups that are kept apart; each takes about half a KiB.
const MAX_GROUPS: usize = 2048;
/// Bytes of a text that are kept.
const MAX_TEXT: usize = 256;
/// Directories of a path that make its prefix.
const DEPTH: usize = 3;

/// The running counts.
#[derive(Debug, Default)]
pub struct Counter {
    groups: HashMap<Group, Seen>,
    n_others: u64,
}

impl Counter {
    /// Counts one alert.
    pub fn count(&mut self, alert: &Alert) {
        let group = group(alert);
        let is_dropped = matches!(field(alert, "proc.is_exe_upper_layer"), Some(FieldValue::Bool(true)));
        if let Some(seen) = self.groups.get_mut(&group) {
            seen.count += 1;
            seen.last_ns = seen.last_ns.max(alert.time_ns);
            seen.is_dropped |= is_dropped;
        } else if self.groups.len() < MAX_GROUPS {
            let seen = Seen {
                count: 1,
                first_ns: alert.time_ns,
                last_ns: alert.time_ns,
                priority: alert.priority,
                is_dropped,
            };
            self.groups.insert(group, seen);
        } else {
            self.n_others += 1;
        }
    }

    /// The counts, the most frequent group first.
    pub fn tally(self) -> Tally {
        let mut groups: Vec<_> = self.groups.into_iter().collect();
        groups.sort_by(|(a, seen_a), (b, seen_b)| seen_b.count.cmp(&seen_a.count).then_with(|| a.cmp(b)));
        Tally { groups, n_others: self.n_others }
    }
}

fn group(alert: &Alert) -> Group {
    let path = text(alert, "fd.name");
    Group {
        rule: alert.rule.clone(),
        process: text(alert, "proc.name"),
        parent: text(alert, "proc.pname"),
        exe: text(alert, "proc.exepath"),
        place: place(alert),
        prefix: prefix(&path),
    }
}

fn place(alert: &Alert) -> Place {
    if text(alert, "container.id") == "host" {
        return Place::Host;
    }
    let image = text(alert, "container.image.repository");
    if image.is_empty() { Place::Unknown } else { Place::Image(image) }
}

/// `/var/lib/app/data/x` → `/var/lib/app/`; empty of what is no absolute path of a file.
fn prefix(path: &str) -> String {
    let Some((directory, _)) = path.rsplit_once('/').filter(|_| path.starts_with('/')) else {
        return String::new();
    };
    let parts: Vec<&str> = directory.split('/').skip(1).take(DEPTH).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { "/".to_owned() } else { format!("/{}/", parts.join("/")) }
}

fn field<'a>(alert: &'a Alert, name: &str) -> Option<&'a FieldValue> {
    alert.fields.iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// A text, cut; empty where there is none.
fn text(alert: &Alert, name: &str) -> String {
    let Some(FieldValue::Text(bytes)) = field(alert, name) else { return String::new() };
    let bytes = bytes.get(..MAX_TEXT).unwrap_or(bytes);
    match String::from_utf8_lossy(bytes).into_owned() {
        text if text == "<NA>" => String::new(),
        text => text,
    }
}
