//! Optional grouping of identical alerts: the first of a rule and workload goes out at once, those behind it within the window
//! become one more, which says how many they were. Alerts of priority Critical and above always go out.

use std::{
    collections::HashMap,
    mem,
    time::{Duration, Instant},
};

use crate::border::{Alert, FieldValue, Priority};

/// What tells workloads apart, as far as an alert carries it.
const WORKLOAD: [&str; 6] =
    ["container.id", "k8s.pod.name", "container.image.repository", "proc.exepath", "proc.name", "user.name"];
/// Groups that are kept apart; alerts behind them go out as they are.
const MAX_GROUPS: usize = 1024;
/// Keys of `output_fields` of a grouped alert.
const COUNT: &str = "saker.grouped.count";
const FIRST: &str = "saker.grouped.first";
const LAST: &str = "saker.grouped.last";

/// The groups of the window that runs.
#[derive(Debug)]
pub(super) struct Throttle {
    window: Duration,
    end: Instant,
    groups: HashMap<Key, Group>,
    n_grouped: u64,
}

type Key = (String, Vec<Option<FieldKey>>);

/// A value of a field as a key: texts and numbers are all that workloads have.
#[derive(Debug, PartialEq, Eq, Hash)]
enum FieldKey {
    Text(Vec<u8>),
    Number(i128),
}

#[derive(Debug, Default)]
struct Group {
    first_ns: u64,
    count: u64,
    last: Option<Alert>,
}

impl Throttle {
    /// Groups alerts within windows of this length.
    pub(super) fn new(window: Duration, now: Instant) -> Self {
        Self { window, end: now + window, groups: HashMap::new(), n_grouped: 0 }
    }

    /// Takes an alert; gives it back if it is to go out now.
    pub(super) fn pass(&mut self, alert: Alert) -> Option<Alert> {
        if alert.priority <= Priority::Critical || alert.source == "internal" {
            return Some(alert);
        }
        let key = key(&alert);
        if let Some(group) = self.groups.get_mut(&key) {
            group.first_ns = group.last.as_ref().map_or(alert.time_ns, |_| group.first_ns);
            group.count += 1;
            group.last = Some(alert);
            self.n_grouped += 1;
            return None;
        }
        if self.groups.len() < MAX_GROUPS {
            self.groups.insert(key, Group::default());
        }
        Some(alert)
    }

    /// The groups of a window that has ended, or of all when `is_end`; each is one alert.
    pub(super) fn due(&mut self, now: Instant, is_end: bool) -> Vec<Alert> {
        if now < self.end && !is_end {
            return Vec::new();
        }
        self.end = now + self.window;
        mem::take(&mut self.groups).into_values().filter_map(Group::alert).collect()
    }

    /// Alerts that became part of another one, since start.
    pub(super) fn n_grouped(&self) -> u64 {
        self.n_grouped
    }
}

impl Group {
    /// The last alert, for all that were held back.
    fn alert(self) -> Option<Alert> {
        let mut alert = self.last?;
        let last_ns = alert.time_ns;
        for (name, value) in [(COUNT, self.count), (FIRST, self.first_ns), (LAST, last_ns)] {
            alert.fields.push((name.to_owned(), FieldValue::U64(value)));
        }
        Some(alert)
    }
}

fn key(alert: &Alert) -> Key {
    let value = |name: &str| {
        let (_, value) = alert.fields.iter().find(|(key, _)| key == name)?;
        Some(match value {
            FieldValue::Text(text) => FieldKey::Text(text.clone()),
            FieldValue::U64(number) => FieldKey::Number(i128::from(*number)),
            FieldValue::I64(number) => FieldKey::Number(i128::from(*number)),
            _ => return None,
        })
    };
    (alert.rule.clone(), WORKLOAD.map(value).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(rule: &str, priority: Priority, process: &str, time_ns: u64) -> Alert {
        let fields = vec![("proc.name".to_owned(), FieldValue::Text(process.as_bytes().to_vec()))];
        Alert {
            source: "syscall".to_owned(),
            fields,
            ..Alert::internal(time_ns, rule, priority, "m", vec![])
        }
    }

    fn field(alert: &Alert, name: &str) -> FieldValue {
        alert.fields.iter().find(|(key, _)| key == name).map_or(FieldValue::Null, |(_, value)| value.clone())
    }

    #[test]
    fn identical_alerts_become_one_more() {
        let start = Instant::now();
        let mut throttle = Throttle::new(Duration::from_secs(60), start);
        for (time_ns, rule, process, goes_out) in [
            (1, "a", "x", true),
            (2, "a", "x", false),
            (3, "a", "y", true),
            (4, "b", "x", true),
            (5, "a", "x", false),
        ] {
            let out = throttle.pass(alert(rule, Priority::Warning, process, time_ns));
            assert_eq!(out.is_some(), goes_out, "{time_ns}");
        }
        assert_eq!(throttle.due(start + Duration::from_secs(59), false), []);
        let due = throttle.due(start + Duration::from_secs(60), false);
        let fields = [COUNT, FIRST, LAST].map(|name| field(due.first().expect("one"), name));
        assert_eq!((due.len(), fields), (1, [2, 2, 5].map(FieldValue::U64)));
        assert_eq!(throttle.n_grouped(), 2);
        // The next window begins anew.
        assert!(throttle.pass(alert("a", Priority::Warning, "x", 6)).is_some());
        assert!(throttle.pass(alert("a", Priority::Warning, "x", 7)).is_none());
        assert_eq!(
            throttle.due(start + Duration::from_secs(61), true).len(),
            1,
            "at the end nothing is kept"
        );
    }

    #[test]
    fn grave_alerts_and_those_behind_the_bound_go_out() {
        let mut throttle = Throttle::new(Duration::from_secs(60), Instant::now());
        for priority in [Priority::Emergency, Priority::Alert, Priority::Critical] {
            assert!(
                (0..3).all(|time| throttle.pass(alert("a", priority, "x", time)).is_some()),
                "{priority:?}"
            );
        }
        for number in 0..MAX_GROUPS {
            assert!(throttle.pass(alert("a", Priority::Error, &number.to_string(), 1)).is_some());
        }
        assert!((0..3).all(|time| throttle.pass(alert("a", Priority::Error, "one more", time)).is_some()));
        assert!(throttle.pass(alert("a", Priority::Error, "7", 9)).is_none());
    }
}
