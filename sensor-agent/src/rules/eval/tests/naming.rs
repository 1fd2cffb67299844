//! Two names of one file: the one that was spelled decides as in Falco, the resolved one only where that says no.

use std::sync::Arc;

use crate::{
    border::FieldValue,
    enrich::{Container, Event, Metadata, Side},
    rules::{
        Evaluator, LoadOptions, Matching, RuleFile,
        fixture::{Names, file, process, within},
        load,
    },
};

/// Rules of these conditions, with what each says about `resolved_paths`.
fn evaluator(conditions: &[(&str, Option<bool>)], is_on: bool, matching: Matching) -> Evaluator {
    let rule = |(index, (condition, own)): (usize, &(&str, Option<bool>))| {
        let own = own.map_or(String::new(), |own| format!(", resolved_paths: {own}"));
        format!(
            "- {{rule: r{index}, desc: d, condition: '{condition}', output: '%fd.name %fd.nameraw', priority: INFO{own}}}\n"
        )
    };
    let text: String = conditions.iter().enumerate().map(rule).collect();
    let options = LoadOptions { matching, resolved_paths: is_on, ..LoadOptions::default() };
    let loaded = load(&[RuleFile { name: "f", text: &text }], &options, 1);
    assert!(
        loaded.errors.is_empty() && loaded.warnings.is_empty(),
        "{:?} {:?}",
        loaded.errors,
        loaded.warnings
    );
    Evaluator::new(Arc::new(loaded.set))
}

/// Rule, what it says, and `fd.matched_name` of each alert.
fn alerts(evaluator: &mut Evaluator, spelled: &str, resolved: &str) -> Vec<(usize, String, Option<String>)> {
    let names = Names {
        name: [Some(spelled.as_bytes()), None],
        base: [b"/srv", b""],
        resolved: resolved.as_bytes(),
        ..Names::default()
    };
    let record = file("openat", 3, [(-100_i64).cast_unsigned(), 0, 0, 0, 0, 0], names);
    let mut found = Vec::new();
    within(&record, &process(), Side::Caller, |context| {
        evaluator.evaluate(context.event, &mut |rule, context| {
            let alert = rule.alert(context);
            let name = alert.fields.iter().find(|(key, _)| key == "fd.matched_name");
            let name = name.map(|(_, value)| match value {
                FieldValue::Text(text) => String::from_utf8_lossy(text).into_owned(),
                other => format!("{other:?}"),
            });
            found.push((rule.index, String::from_utf8_lossy(&alert.message).into_owned(), name));
        });
    });
    found
}

#[test]
fn the_resolved_name_counts_where_the_spelled_one_says_no() {
    let (none, by_spelled, by_resolved): (_, _, _) = (None, Some(None), Some(Some("resolved")));
    // Spelled, resolved, condition: no alert, or one with that `fd.matched_name`.
    let cases: &[(&str, &str, &str, Option<Option<&str>>)] = &[
        ("/tmp/x", "/etc/shadow", "fd.name = /etc/shadow", by_resolved),
        ("/etc/shadow", "/etc/shadow", "fd.name = /etc/shadow", by_spelled),
        ("/etc/../etc//shadow", "/etc/shadow", "fd.name = /etc/shadow", by_spelled),
        ("../etc/shadow", "/etc/shadow", "fd.name = /etc/shadow", by_spelled),
        ("x", "/etc/shadow", "fd.name in (/etc/shadow, /etc/gshadow)", by_resolved),
        ("x", "/etc/shadow", "fd.name startswith /etc", by_resolved),
        ("x", "/etc/shadow", "fd.directory = /etc and fd.filename = shadow", by_resolved),
        ("x", "/etc/shadow", "fs.path.name = /etc/shadow", by_resolved),
        ("x", "/etc/shadow", "basename(fd.name) = shadow", by_resolved),
        ("x", "/etc/shadow", "evt.abspath.src = /etc/shadow", by_resolved),
        ("x", "/etc/shadow", "fd.containername endswith shadow", by_resolved),
        // A link into the list of what is let pass hides nothing, and what it leads to is not let pass for it.
        ("/etc/x", "/tmp/y", "fd.name startswith /etc and not fd.name startswith /tmp", by_spelled),
        ("/tmp/x", "/etc/y", "fd.name startswith /etc and not fd.name startswith /tmp", by_resolved),
        // Names are never mixed: no one name is both.
        ("/tmp/x", "/etc/y", "fd.name startswith /etc and fd.directory = /tmp", none),
        // What was spelled stays what was spelled.
        ("/tmp/x", "/etc/y", "fd.nameraw startswith /etc", none),
        ("/tmp/x", "/etc/y", "fd.name startswith /etc and fd.nameraw = /tmp/x", by_resolved),
        ("/tmp/x", "/etc/y", "evt.arg.name startswith /etc", none),
        // What asks for no name is asked once.
        ("/tmp/x", "/etc/y", "proc.name = nobody", none),
        ("/tmp/x", "/etc/y", "not fd.name exists", none),
        ("/tmp/x", "/etc/y", "fd.matched_name = resolved", by_resolved),
        ("/tmp/x", "/tmp/x", "fd.matched_name = resolved", none),
        // An object whose name is not known has one name only.
        ("/tmp/x", "", "fd.matched_name = resolved", none),
        ("/tmp/x", "", "fd.name = /tmp/x", by_spelled),
    ];
    for (spelled, resolved, condition, expected) in cases {
        let condition = format!("evt.type=openat and {condition}");
        let found = alerts(&mut evaluator(&[(&condition, None)], true, Matching::First), spelled, resolved);
        let found: Vec<_> = found.iter().map(|(_, _, name)| name.as_deref()).collect();
        assert_eq!(found, expected.iter().copied().collect::<Vec<_>>(), "{spelled} {resolved} {condition}");
        let off = alerts(&mut evaluator(&[(&condition, None)], false, Matching::First), spelled, resolved);
        assert_eq!(!off.is_empty(), *expected == by_spelled, "off: {spelled} {resolved} {condition}");
    }
}

#[test]
fn a_rule_has_the_last_word_and_rules_keep_their_order() {
    let shadow = "evt.type=openat and fd.name = /etc/shadow";
    let link = "evt.type=openat and fd.name = /tmp/x";
    for (rules, is_on, matching, expected) in [
        (&[(shadow, Some(false))][..], true, Matching::First, &[][..]),
        (&[(shadow, Some(true))], false, Matching::First, &[0]),
        (&[(shadow, None), (link, None)], true, Matching::First, &[0]),
        (&[(shadow, Some(false)), (link, None)], true, Matching::First, &[1]),
        (&[(link, None), (shadow, None)], true, Matching::All, &[0, 1]),
    ] {
        let found = alerts(&mut evaluator(rules, is_on, matching), "/tmp/x", "/etc/shadow");
        assert_eq!(found.iter().map(|it| it.0).collect::<Vec<_>>(), expected, "{rules:?}");
    }
    let found = alerts(&mut evaluator(&[(shadow, None)], true, Matching::First), "/tmp/x", "/etc/shadow");
    assert_eq!(found[0].1, "/etc/shadow /tmp/x", "the alert goes by the name that matched");
}

#[test]
fn an_event_that_waits_is_asked_by_both_names() {
    let condition = "evt.type=openat and fd.name=/etc/shadow and container.name=web";
    let (spelled, resolved) = (b"/tmp/x".as_slice(), b"/etc/shadow".as_slice());
    let record =
        file("openat", 3, [0; 6], Names { name: [Some(spelled), None], resolved, ..Names::default() });
    let path = format!("/docker/{}", "a".repeat(64));
    let container = Container::in_cgroup(path.as_bytes()).expect("a container").0;
    let process = crate::enrich::Process { container: Some(Arc::new(container)), ..process() };
    let web = crate::border::Context { name: "web".to_owned(), ..Default::default() };
    for (metadata, expected) in [(Metadata::Resolved(&web), 1), (Metadata::TimedOut, 0)] {
        let mut evaluator = evaluator(&[(condition, None)], true, Matching::First);
        let mut matches = 0;
        within(&record, &process, Side::Caller, |c| {
            let awaited = Event { metadata: Metadata::Awaited, ..*c.event };
            let undecided = evaluator.evaluate(&awaited, &mut |_, _| matches += 1).expect("it waits");
            assert_eq!(matches, 0);
            evaluator.resume(&Event { metadata, ..*c.event }, &undecided, &mut |_, _| matches += 1);
        });
        assert_eq!(matches, expected);
    }
}
