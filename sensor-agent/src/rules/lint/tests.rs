//! Rule files and what is to be said of them.

use super::{Findings, lint};
use crate::rules::{LoadOptions, Matching, RuleFile};

fn rules(conditions: &[&str]) -> String {
    let rule = |(number, condition): (usize, &&str)| {
        let condition = condition.replace('\'', "''");
        format!("- rule: r{number}\n  desc: d\n  condition: '{condition}'\n  output: o\n  priority: INFO\n")
    };
    conditions.iter().enumerate().map(rule).collect()
}

fn findings(text: &str, matching: Matching) -> Vec<String> {
    let options = LoadOptions { matching, ..LoadOptions::default() };
    let Findings { errors, findings } = lint(&[RuleFile { name: "f", text }], &options);
    assert!(errors.is_empty(), "{}", errors[0]);
    let told = findings.iter().map(|it| {
        let owner = it.owner.as_ref().map(|owner| owner.name.as_str()).unwrap_or_default();
        format!("{} {owner}: {}", it.code().label(), it.reason)
    });
    told.collect()
}

fn check(conditions: &[&str], expected: &[&str]) {
    let found = findings(&rules(conditions), Matching::First);
    assert_eq!(found.len(), expected.len(), "{conditions:?}: {found:?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.contains(expected), "{conditions:?}: {found} has no {expected}");
    }
}

#[test]
fn good_rules_have_no_findings() {
    check(&["evt.type=openat and fd.name=/etc/shadow", "evt.type=execve and proc.name in (sh, bash)"], &[]);
    check(&["evt.type=openat and proc.name=a", "evt.type=openat and proc.name=b"], &[]);
}

#[test]
fn rules_that_never_fire() {
    for (conditions, expected) in [
        (&["evt.type=openat and proc.name=a and proc.name=b"][..], "contradict"),
        (&["evt.type=openat and proc.name=a and not proc.name in (a, b)"], "contradict"),
        (&["evt.type=openat and fd.name startswith /etc and not fd.name startswith /e"], "contradict"),
        (&["evt.type=openat and proc.name startswith a and proc.name=b"], "contradict"),
        (&["evt.type=open and evt.type=close"], "the rule never matches"),
        (&["evt.type=openat", "evt.type=openat and proc.name=a"], "rule `r0`"),
        (
            &["evt.type in (open, openat) and proc.name in (a, b)", "evt.type=openat and proc.name=b"],
            "rule `r0`",
        ),
        (
            &[
                "evt.type=openat and fd.name startswith /etc",
                "evt.type=openat and fd.name in (/etc/a, /etc/b)",
            ],
            "rule `r0`",
        ),
        (
            &[
                "evt.type=openat and (proc.name=a or proc.name=b)",
                "evt.type=openat and proc.name=b and fd.num=3",
            ],
            "rule `r0`",
        ),
        (&["evt.type=connect and fd.ip in (1.2.3.4)"], "never holds, as in Falco"),
        (&["evt.type=connect and fd.net in (1.2.3.0/24, 10.0.0.0/8)"], "first network only"),
        (&["evt.type=openat and proc.name=\"<NA>\""], "not its value"),
        (&["evt.type=openat and fd.types intersects (file)"], "`fd.types` is always absent"),
        (&["evt.type in (open, close) and fd.name=/x"], "`fd.name` is always absent in close"),
        (&["evt.type=execve and evt.arg.flags contains EXE_WRITABLE"], "EXE_WRITABLE of evt.arg.flags"),
        (&["evt.type=signaldeliver and proc.name=a"], "(signaldeliver) is captured"),
    ] {
        check(conditions, &[expected]);
    }
}

#[test]
fn what_is_not_certain_is_not_said() {
    for conditions in [
        &["evt.type=openat and proc.name=a", "evt.type in (openat, execve) and proc.name=a"][..],
        &["evt.type=execve and proc.aname=a and proc.aname=b"],
        &["evt.type=openat and proc.name startswith ab", "evt.type=openat and proc.name startswith a"],
        &["evt.type=open and fd.name=/x or evt.type=close and proc.name=a"],
        &["evt.type=openat and not proc.name=a", "evt.type=openat and not proc.name startswith b"],
    ] {
        check(conditions, &[]);
    }
    let shadowed = rules(&["evt.type=openat", "evt.type=openat and proc.name=a"]);
    assert_eq!(findings(&shadowed, Matching::All), Vec::<String>::new());
}

#[test]
fn what_costs() {
    check(
        &["evt.type=openat and proc.aname=a and fd.num=3"],
        &["`proc.aname` is asked of every openat event"],
    );
    check(&["evt.type=openat and fd.name regex \".*a.b\""], &["`fd.name regex …` is asked of every"]);
    check(&["evt.type=openat and proc.aname=a and fd.name=/x"], &[]);
    check(&["evt.type=mount and proc.aname=a"], &[]);
}

#[test]
fn what_loading_warns_of_is_in_it_in_order() {
    let text = "- macro: m\n  condition: proc.name=a\n- list: l\n  items: [a]\n".to_owned()
        + &rules(&["proc.name=b"]);
    let found = findings(&text, Matching::First);
    let codes: Vec<_> = found.iter().filter_map(|it| it.split(' ').next()).collect();
    assert_eq!(codes, ["LOAD_UNUSED_MACRO", "LOAD_UNUSED_LIST", "LOAD_NO_EVTTYPE"]);
}
