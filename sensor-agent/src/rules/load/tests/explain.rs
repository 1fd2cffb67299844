//! Explanations of rules.

use crate::{
    enrich::Side,
    rules::{
        Explainer, Explanation, LoadOptions, Naming, RuleFile,
        fixture::{Names, file, process, within},
    },
};

const RULES: &str = "
- list: shells
  items: [bash, sh]
- macro: shell
  condition: proc.name in (shells) or proc.pname = x
- rule: r
  desc: d
  condition: evt.type=openat and shell and not fd.name startswith /etc and evt.num!=0
  output: o
  priority: INFO
";

fn explained(rules: &str, name: &[u8], resolved: &[u8]) -> Explanation {
    let files = [RuleFile { name: "f", text: rules }];
    let options = LoadOptions { resolved_paths: true, ..LoadOptions::default() };
    let explainer = Explainer::new(&files, &options, "r").expect("loads").expect("is there");
    let record = file("openat", 3, [0; 6], Names { name: [Some(name), None], resolved, ..Names::default() });
    within(&record, &process(), Side::Caller, |context| {
        assert!(explainer.is_about(context.event));
        explainer.explain(context.event)
    })
}

fn shown(explanation: &Explanation) -> Vec<String> {
    let value = |value: &Option<Option<Vec<u8>>>| match value {
        None => String::new(),
        Some(None) => " [absent]".to_owned(),
        Some(Some(value)) => format!(" [{}]", String::from_utf8_lossy(value)),
    };
    let parts = explanation.parts.iter();
    parts.map(|it| format!("{}{} {}{}", "-".repeat(it.depth), it.label, it.holds, value(&it.value))).collect()
}

#[test]
fn each_part_has_its_value_and_verdict() {
    let explanation = explained(RULES, b"/srv/x", b"/srv/x");
    assert!(explanation.is_match && explanation.decisive.is_none());
    assert_eq!(
        shown(&explanation),
        [
            "and true",
            "-evt.type = openat true [openat]",
            "-shell true",
            "--or true",
            "---proc.name in (bash, sh) true [sh]",
            "---proc.pname = x false [absent]",
            "-not true",
            "--fd.name startswith /etc false [/srv/x]",
            "-evt.num != 0 true",
        ]
    );
}

#[test]
fn what_decides_is_named() {
    for (rules, name, decisive) in [
        (RULES.to_owned(), "/etc/x", "not fd.name startswith /etc"),
        (RULES.replace("[bash, sh]", "[zsh]"), "/srv", "no alternative of shell"),
        (RULES.replace("and shell", "and proc.name=a"), "/srv", "proc.name = a"),
    ] {
        let explanation = explained(&rules, name.as_bytes(), name.as_bytes());
        assert_eq!((explanation.is_match, explanation.decisive.as_deref()), (false, Some(decisive)));
    }
}

#[test]
fn a_match_by_the_resolved_name_is_told() {
    for (spelled, resolved, expected) in [
        ("/etc/x", "/srv/x", (true, Naming::Resolved)),
        ("/srv/x", "/etc/x", (true, Naming::Spelled)),
        ("/etc/x", "/etc/y", (false, Naming::Spelled)),
    ] {
        let explanation = explained(RULES, spelled.as_bytes(), resolved.as_bytes());
        assert_eq!((explanation.is_match, explanation.naming), expected, "{spelled} {resolved}");
    }
}

#[test]
fn what_does_not_load_is_told() {
    let files = [RuleFile { name: "f", text: &RULES.replace("evt.num", "evt.nmu") }];
    let explain = |name: &str| Explainer::new(&files, &LoadOptions::default(), name);
    assert_eq!(explain("r").expect_err("it is broken").len(), 1);
    assert!(explain("s").expect("no fault").is_none());
}
