//! Which system calls the kernel side shall look at: those that rules and the process table need, less what
//! `base_syscalls.custom_set` takes out (`!name`).

use std::collections::BTreeSet;

use sensor_common::syscalls;

use crate::rules::RuleSet;

/// Calls that keep working directories right, whatever the rules ask for.
const STATE_CALLS: [&str; 2] = ["chdir", "fchdir"];

/// Numbers of system calls.
pub(super) fn interest(rules: &RuleSet, custom_set: &[String]) -> BTreeSet<u16> {
    let state = syscalls::TABLE.iter().filter(|row| STATE_CALLS.contains(&row.name));
    let wanted = rules.slots().filter_map(syscalls::row).chain(state);
    wanted.filter(|row| !is_out(custom_set, row.name)).map(|row| row.nr).collect()
}

/// What an operator should know of `base_syscalls.custom_set`.
pub(super) fn notices(rules: &RuleSet, custom_set: &[String]) -> Vec<String> {
    let key = "`base_syscalls.custom_set`";
    let mut notices = Vec::new();
    let wanted = rules.slots().filter_map(syscalls::row).map(|row| row.name);
    let missed: BTreeSet<_> = wanted.filter(|name| is_out(custom_set, name)).collect();
    if !missed.is_empty() {
        let missed = missed.into_iter().collect::<Vec<_>>().join(", ");
        notices.push(format!("{key} takes out what loaded rules look at, they do not see it: {missed}"));
    }
    let out = custom_set.iter().filter_map(|name| name.strip_prefix('!'));
    let unknown: Vec<&str> =
        out.filter(|name| !syscalls::TABLE.iter().any(|row| row.name == *name)).collect();
    if !unknown.is_empty() {
        let unknown = unknown.join(", ");
        notices.push(format!("{key} takes out what this sensor never looks at: {unknown}"));
    }
    if custom_set.iter().any(|name| !name.starts_with('!')) {
        notices.push(format!(
            "{key} adds nothing: loaded rules and the process table have all the calls that they need"
        ));
    }
    notices
}

fn is_out(custom_set: &[String], name: &str) -> bool {
    custom_set.iter().any(|entry| entry.strip_prefix('!') == Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{self, LoadOptions, RuleFile};

    #[test]
    fn calls_are_taken_out_and_told() {
        let text =
            "- rule: r\n  desc: d\n  condition: evt.type in (open, openat)\n  output: o\n  priority: INFO\n";
        let file = RuleFile { name: "f", text };
        let set = rules::load(&[file], &LoadOptions::default(), 1).set;
        for (custom_set, expect, told) in [
            (&[][..], &["chdir", "fchdir", "open", "openat"][..], &[][..]),
            (&["!open"], &["chdir", "fchdir", "openat"], &["they do not see it: open"]),
            (&["!connect", "!opne"], &["chdir", "fchdir", "open", "openat"], &["never looks at: opne"]),
            (&["read", "!chdir"], &["fchdir", "open", "openat"], &["adds nothing"]),
        ] {
            let custom_set: Vec<String> = custom_set.iter().map(|name| (*name).to_owned()).collect();
            let numbers = interest(&set, &custom_set);
            let rows = syscalls::TABLE.iter().filter(|row| numbers.contains(&row.nr));
            let mut names: Vec<&str> = rows.map(|row| row.name).collect();
            names.sort_unstable();
            assert_eq!(names, expect, "{custom_set:?}");
            let notices = notices(&set, &custom_set);
            assert_eq!(notices.len(), told.len(), "{notices:?}");
            assert!(notices.iter().zip(told).all(|(notice, part)| notice.contains(part)), "{notices:?}");
        }
    }
}
