//! Items, what they append and override, and where things are.

use super::{RuleFile, read};
use crate::rules::error::Faults;

fn collect(files: &[&str]) -> (super::Collected, Vec<String>) {
    let files: Vec<_> = files.iter().map(|text| RuleFile { name: "f", text }).collect();
    let mut faults = Faults::new(&files);
    let collected = read(&files, &mut faults);
    let errors =
        faults.errors.iter().map(|fault| format!("{}:{} {}", fault.line, fault.column, fault.reason));
    (collected, errors.collect())
}

const RULE: &str = "
- rule: r
  desc: d
  condition: evt.type=open
  output: o
  priority: INFO
  tags: [a]
";

#[test]
fn updates_change_what_they_name() {
    for (update, condition, output, tags, enabled) in [
        ("condition: and x\n  append: true", "evt.type=open and x", "o", "a", true),
        ("condition: and x\n  override: {condition: append}", "evt.type=open and x", "o", "a", true),
        (
            "condition: x\n  output: p\n  override: {condition: replace, output: append}",
            "x",
            "o p",
            "a",
            true,
        ),
        ("tags: [b]\n  override: {tags: append}", "evt.type=open", "o", "a,b", true),
        ("tags: [b]\n  override: {tags: replace}", "evt.type=open", "o", "b", true),
        ("enabled: false", "evt.type=open", "o", "a", false),
        ("enabled: false\n  override: {enabled: replace}", "evt.type=open", "o", "a", false),
        ("desc: d\n  condition: y\n  output: p\n  priority: ERROR", "y", "p", "", true),
    ] {
        let (collected, errors) = collect(&[RULE, &format!("- rule: r\n  {update}\n")]);
        assert_eq!(errors, Vec::<String>::new(), "{update}");
        let rule = &collected.rules[0];
        assert_eq!((rule.condition.text(), rule.output.text()), (condition, output), "{update}");
        assert_eq!(rule.tags.iter().cloned().collect::<Vec<_>>().join(","), tags, "{update}");
        assert_eq!(rule.enabled, enabled, "{update}");
    }
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (text, error) in [
        ("a: b\n", "1:1 a rule file is a sequence"),
        ("- [a]\n", "1:3 an item is a mapping"),
        ("- rule: r\n  desc: d\n", "1:3 the key `condition` is missing"),
        ("- rule:\n  enabled: true\n", "1:7 `rule` has no value"),
        ("- list: l\n  items: a\n", "2:10 `items` has to be a sequence"),
        ("- rule: r\n  enabled: maybe\n", "2:12 `enabled` has to be true or false, not `maybe`"),
        ("- macro: m\n  condition: x\n  append: true\n", "1:10 there is no macro `m` before this"),
        ("- rule: 'abc\n", "not valid YAML"),
        ("- required_engine_version: 0.64.0\n", "1:28 the rules need engine 0.64.0"),
    ] {
        let (_, errors) = collect(&[text]);
        assert!(errors.first().is_some_and(|first| first.contains(error)), "{text}: {errors:?}");
    }
}

#[test]
fn a_fault_takes_nothing_else_down() {
    let text = format!("- rule: broken\n  desc: d\n{RULE}- macro: m\n---\n- list: l\n  items: [a]\n");
    let (collected, errors) = collect(&[&text, "- {x: ["]);
    assert_eq!((collected.rules.len(), collected.lists.len(), errors.len()), (1, 1, 3));
}

#[test]
fn exceptions_become_conditions() {
    for (exception, clause) in [
        ("{name: e, fields: a.b, values: [x, 'y z']}", " and not (a.b in (x, \"y z\"))"),
        (
            "{name: e, fields: a.b, comps: startswith oneof, values: [x]}",
            " and not (a.b startswith oneof (x))",
        ),
        (
            "{name: e, fields: [a.b, c.d], values: [[x, y], [z, w]]}",
            " and not (( a.b = x and  c.d = y) or ( a.b = z and  c.d = w))",
        ),
        (
            "{name: e, fields: [a.b, c.d], comps: [in, '='], values: [[[x, y], z]]}",
            " and not (( a.b in (x, y) and  c.d = z))",
        ),
        ("{name: e, fields: [a.b], comps: [in], values: [[x]]}", " and not (( a.b in (x)))"),
        ("{name: e, fields: [a.b], comps: [in], values: [['(x, y)']]}", " and not (( a.b in (x, y)))"),
    ] {
        let (collected, errors) = collect(&[&format!("{RULE}  exceptions: [{exception}]\n")]);
        assert_eq!(errors, Vec::<String>::new(), "{exception}");
        let full = collected.rules[0].full_condition().expect("valid");
        assert_eq!(full.text(), format!("(evt.type=open){clause}"));
    }
    let (collected, _) = collect(&[&format!("{RULE}  exceptions: [{{name: e, fields: a.b}}]\n")]);
    assert_eq!(collected.rules[0].full_condition().expect("valid").text(), "evt.type=open");
}

#[test]
fn every_byte_of_a_condition_has_its_place() {
    for (yaml, word, line, column) in [
        ("- macro: m\n  condition: a and HERE\n", "HERE", 2, 20),
        ("- macro: m\n  condition: >\n    a and\n    b or HERE\n", "HERE", 4, 10),
        ("- macro: m\n  condition: |-\n    a and\n\n    HERE\n", "HERE", 5, 5),
        ("- macro: m\n  condition: \"a and \\\"x\\\" HERE\"\n", "HERE", 2, 27),
        ("- macro: m\n  condition: 'a ''x'' HERE'\n", "HERE", 2, 23),
        ("- macro: m\n  condition: a\n    and HERE\n", "HERE", 3, 9),
        (
            "- macro: m\n  condition: >\n    a\n- macro: m\n  condition: and HERE\n  append: true\n",
            "HERE",
            5,
            18,
        ),
    ] {
        let files = [RuleFile { name: "f", text: yaml }];
        let mut faults = Faults::new(&files);
        let collected = read(&files, &mut faults);
        let condition = &collected.macros[0].condition;
        let spot = faults.locate(condition, condition.text().find(word).expect("there"));
        assert_eq!((spot.line, spot.column), (line, column), "{yaml}");
    }
}
