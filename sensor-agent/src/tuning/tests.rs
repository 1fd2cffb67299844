//! Counting, what is proposed and what is only listed, and names that somebody chose to be misread.

use proptest::prelude::*;

use super::{Counter, proposal::reason, propose, text};
use crate::{
    border::{
        Alert, FieldValue, Priority,
        tally::{Group, Place, Seen},
    },
    rules::{LoadOptions, RuleFile, load},
};

const BASE: &str = "
- rule: Noisy
  desc: d
  condition: evt.type=openat and proc.name exists
  output: '%proc.name'
  priority: WARNING
- rule: Grave
  desc: d
  condition: evt.type=execve
  output: '%proc.name'
  priority: CRITICAL
";

fn alert(rule: &str, priority: Priority, fields: &[(&str, &str)]) -> Alert {
    let fields =
        fields.iter().map(|(key, value)| ((*key).to_owned(), FieldValue::Text(value.as_bytes().to_vec())));
    Alert {
        source: "syscall".to_owned(),
        fields: fields.collect(),
        ..Alert::internal(7, rule, priority, "", vec![])
    }
}

fn noisy(exe: &str, image: &str, path: &str) -> Alert {
    let id = if image == "host" { "host" } else { "0123456789ab" };
    let fields = [
        ("proc.name", "tool"),
        ("proc.pname", "cron"),
        ("proc.exepath", exe),
        ("container.id", id),
        ("container.image.repository", image),
        ("fd.name", path),
    ];
    alert("Noisy", Priority::Warning, &fields)
}

/// How many faults base and proposal have together.
fn faults(yaml: &str) -> Vec<String> {
    let files = [RuleFile { name: "base", text: BASE }, RuleFile { name: "local", text: yaml }];
    load(&files, &LoadOptions::default(), 1).errors.iter().map(ToString::to_string).collect()
}

#[test]
fn what_is_seen_again_becomes_an_exception() {
    let mut counter = Counter::default();
    for path in ["/etc/app/a.conf", "/etc/app/b.conf", "/etc/app/c/d.conf"] {
        counter.count(&noisy("/usr/bin/tool", "host", path));
        counter.count(&noisy("/usr/bin/tool", "registry.test/app", ""));
    }
    let tally = counter.tally();
    let proposal = propose(&tally, "tuned_1");
    assert_eq!(proposal.claims.get("Noisy"), Some(&5), "{}", text(&tally, &proposal));
    let rows = [
        "fields: [container.image.repository, proc.exepath, proc.pname]",
        "- [\"registry.test/app\", \"/usr/bin/tool\", \"cron\"]",
        "fields: [container.id, proc.exepath, proc.pname, fd.name]",
        "- [\"host\", \"/usr/bin/tool\", \"cron\", \"/etc/app/\"]",
        "exceptions: append",
    ];
    for row in rows {
        assert!(proposal.yaml.contains(row), "{row}\n{}", proposal.yaml);
    }
    assert!(!proposal.yaml.contains("condition"), "the base rule is not repeated");
    assert_eq!(faults(&proposal.yaml), [""; 0]);
}

#[test]
fn what_an_attacker_could_have_done_is_only_listed() {
    let group = |exe: &str, parent: &str, place| Group {
        rule: "Noisy".into(),
        process: "tool".into(),
        parent: parent.into(),
        exe: exe.into(),
        place,
        prefix: String::new(),
    };
    let seen = |count, priority, is_dropped| Seen { count, first_ns: 1, last_ns: 2, priority, is_dropped };
    let often = seen(9, Priority::Warning, false);
    let image = || Place::Image("app".into());
    for (group, seen, said) in [
        (group("/usr/bin/tool", "cron", image()), often, ""),
        (group("/usr/bin/tool", "cron", Place::Host), often, ""),
        (group("/usr/bin/tool", "cron", image()), seen(1, Priority::Warning, false), "seen once"),
        (group("/usr/bin/tool", "cron", image()), seen(9, Priority::Critical, false), "critical"),
        (group("/usr/bin/tool", "cron", image()), seen(9, Priority::Emergency, false), "critical"),
        (group("", "cron", image()), often, "unknown"),
        (group("tool", "cron", image()), often, "unknown"),
        (group("/usr/bin/tool", "", image()), often, "unknown"),
        (group("/usr/bin/tool", "cron", Place::Unknown), often, "unknown"),
        (group("/tmp/tool", "cron", image()), often, "anybody may write"),
        (group("/dev/shm/tool", "cron", image()), often, "anybody may write"),
        (group("/usr/bin/tool", "cron", image()), seen(9, Priority::Warning, true), "added to its container"),
        (group("/usr/bin/a b", "cron", image()), often, "unusual"),
        (group("/usr/bin/tool", "x]\n- rule: y", image()), often, "unusual"),
    ] {
        let reason = reason(&group, &seen).map(|reason| reason.to_string()).unwrap_or_default();
        assert!(
            reason.contains(said) && reason.is_empty() == said.is_empty(),
            "{group:?} {seen:?}: {reason}"
        );
    }
}

#[test]
fn memory_is_bounded_and_what_finds_no_room_is_counted() {
    let mut counter = Counter::default();
    for number in 0..5000 {
        counter.count(&noisy(&format!("/usr/bin/{number}"), "host", ""));
    }
    let tally = counter.tally();
    assert_eq!((tally.groups.len(), tally.n_others), (2048, 5000 - 2048));
}

proptest! {
    /// Whatever names a process has, the proposal loads, and the text has as many lines as it should.
    #[test]
    fn hostile_names(exe in "\\PC{0,12}|[a-z/'\"\\[\\]\n:#%,]{0,12}", parent in "[a-z'\"\\]\n ,-]{0,8}", image in "[a-z/\"\n:]{0,8}", path in "/[a-z\n\"]{0,8}/x") {
        let mut counter = Counter::default();
        for _ in 0..2 {
            let fields = [
                ("proc.name", "a\nb"), ("proc.pname", &parent), ("proc.exepath", &format!("/{exe}")),
                ("container.id", "x"), ("container.image.repository", &image), ("fd.name", &path),
            ];
            counter.count(&alert("Noisy", Priority::Notice, &fields));
        }
        let tally = counter.tally();
        let proposal = propose(&tally, "tuned_1");
        prop_assert_eq!(faults(&proposal.yaml), Vec::<String>::new(), "{}", proposal.yaml);
        prop_assert_eq!(text(&tally, &proposal).lines().count(), 4);
    }
}
