//! Loading: what faults say, that nothing panics, and what the corpus of a reference Falco says.

mod conformance;
mod hostile;
mod explain;
mod mistakes;

use proptest::prelude::*;

use super::{AppendOutput, Explainer, ExtraField, LoadOptions, Loaded, Selection, describe, load};
use crate::{
    border::Priority,
    rules::{
        RuleFile,
        error::{Code, Fault},
    },
};

fn load_text(text: &str) -> Loaded {
    load(&[RuleFile { name: "rules.yaml", text }], &LoadOptions::default(), 1)
}

fn rule(name: &str, condition: &str) -> String {
    format!("- rule: {name}\n  desc: d\n  condition: {condition}\n  output: o\n  priority: INFO\n")
}

#[test]
fn a_fault_shows_line_caret_and_hint() {
    let head = "- macro: spawned_process\n  condition: evt.type=execve\n- list: shells\n  items: [sh]\n";
    for (condition, report) in [
        (
            "evt.type=open and proc.nmae=x",
            "rules.yaml:7:32: LOAD_ERR_COMPILE_CONDITION: rule `r`: filter_check called with nonexistent field proc.nmae
    condition: evt.type=open and proc.nmae=x
                                 ^
  hint: did you mean `proc.name`?",
        ),
        (
            "spawned_proces and proc.name=x",
            "rules.yaml:7:14: LOAD_ERR_VALIDATE: rule `r`: there is no macro `spawned_proces`
    condition: spawned_proces and proc.name=x
               ^
  hint: did you mean `spawned_process`?",
        ),
        (
            "spawned_process and proc.name in \"sh\"",
            "rules.yaml:7:47: LOAD_ERR_COMPILE_CONDITION: rule `r`: `in` needs a list in parentheses behind it
    condition: spawned_process and proc.name in \"sh\"
                                                ^
  hint: write `in (a, b)`",
        ),
        (
            "spawned_process and proc.name in (shells) and proc.name=\"x",
            "rules.yaml:7:70: LOAD_ERR_COMPILE_CONDITION: rule `r`: the quoted string has no end
    condition: spawned_process and proc.name in (shells) and proc.name=\"x
                                                                       ^
  hint: add the closing quote",
        ),
        (
            "evt.type=opne",
            "rules.yaml:7:23: LOAD_ERR_COMPILE_CONDITION: rule `r`: there is no event type `opne`
    condition: evt.type=opne
                        ^
  hint: did you mean `open`?",
        ),
    ] {
        let loaded = load_text(&format!("{head}- rule: r\n  desc: d\n  condition: {condition}\n  output: o\n  priority: INFO\n"));
        let reports: Vec<_> = loaded.errors.iter().map(ToString::to_string).collect();
        assert_eq!(reports, [report], "{condition}");
    }
}

#[test]
fn what_is_appended_has_to_begin_with_and_or_or() {
    let text =
        rule("r", "evt.type=open") + "- rule: r\n  condition: proc.name=x\n  override: {condition: append}\n";
    let loaded = load_text(&text);
    let fault = loaded.errors.first().expect("a fault");
    assert_eq!((fault.line, fault.column), (7, 14));
    let hint = fault.hint.as_deref().unwrap_or_default();
    assert!(hint.ends_with("the condition reads `evt.type=open proc.name=x`"), "{hint}");
}

#[test]
fn a_broken_rule_takes_no_other_down() {
    let text = [
        rule("a", "evt.type=open"),
        rule("b", "evt.type=open and proc.nmae=x"),
        rule("c", "nomacro"),
        rule("d", "evt.type=creat"),
    ];
    let loaded = load_text(&text.concat());
    let names: Vec<_> = loaded.set.rules().iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!((names, loaded.errors.len()), (vec!["a", "d"], 2));
    assert_eq!(loaded.set.slots().count(), 2);
}

#[test]
fn selection_and_additions() {
    let text = [rule("a", "evt.type=open"), rule("b", "evt.type=open"), rule("c", "evt.type=open")].concat();
    let options = LoadOptions {
        selection: vec![
            Selection { enable: false, rule: Some("*".to_owned()), tag: None },
            Selection { enable: true, rule: Some("b".to_owned()), tag: None },
        ],
        append_outputs: vec![
            AppendOutput { text: Some("%proc.name".to_owned()), ..AppendOutput::default() },
            AppendOutput {
                rule: Some("c".to_owned()),
                fields: vec![ExtraField::Native("proc.nope".to_owned())],
                ..AppendOutput::default()
            },
        ],
        ..LoadOptions::default()
    };
    let loaded = load(&[RuleFile { name: "f", text: &text }], &options, 7);
    let enabled: Vec<_> =
        loaded.set.rules().iter().map(|rule| (rule.name.as_str(), rule.is_enabled)).collect();
    assert_eq!(enabled, [("a", false), ("b", true)]);
    assert_eq!(loaded.errors.iter().map(Fault::code).collect::<Vec<_>>(), [Code::CompileOutput]);
    assert_eq!(loaded.set.generation(), 7);
}

/// Entries are applied in order, `rule` and `tag` of one each by itself; the last word wins over `enabled`, the least
/// priority over both (Falco's `rules:`).
#[test]
fn what_is_selected() {
    let open =
        |name: &str, priority: &str, more: &str| rule(name, "evt.type=open").replace("INFO", priority) + more;
    let text = [
        open("shell", "ERROR", "  tags: [net, run]\n"),
        open("shadow", "INFO", "  tags: [file]\n"),
        open("off", "ERROR", "  enabled: false\n  tags: [net]\n"),
        open("trace", "DEBUG", "  tags: [net]\n"),
    ]
    .concat();
    let entry = |enable: bool, rule: &str, tag: &str| {
        let written = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Selection { enable, rule: written(rule), tag: written(tag) }
    };
    for (selection, enabled) in [
        (vec![], "shell shadow"),
        (vec![entry(false, "sh", "")], "shell shadow"),
        (vec![entry(false, "sh*", "")], ""),
        (vec![entry(false, "*ow", "")], "shell"),
        (vec![entry(false, "", "net")], "shadow"),
        (vec![entry(false, "", "ne*")], "shell shadow"),
        (vec![entry(true, "", "net")], "shell shadow off"),
        (vec![entry(false, "*", ""), entry(true, "", "file")], "shadow"),
        (vec![entry(true, "", "file"), entry(false, "*", "")], ""),
        (vec![entry(false, "shadow", "run")], ""),
        (vec![entry(true, "trace", "")], "shell shadow"),
    ] {
        let told = format!("{selection:?}");
        let min_priority = Priority::Informational;
        let options = LoadOptions { min_priority, selection, ..LoadOptions::default() };
        let loaded = load(&[RuleFile { name: "f", text: &text }], &options, 1);
        assert!(loaded.errors.is_empty(), "{told}");
        let is_enabled = loaded.set.rules().iter().filter(|rule| rule.is_enabled);
        let names: Vec<_> = is_enabled.map(|rule| rule.name.as_str()).collect();
        assert_eq!(names.join(" "), enabled, "{told}");
    }
}

#[test]
fn hostile_files_end() {
    let repeat = |count: usize, item: fn(usize) -> String| (0..count).map(item).collect::<Vec<_>>().concat();
    let chain = repeat(3_000, |i| {
        format!("- macro: m{}\n  condition: proc.name=a{i} and (m{i} or proc.name=b{i})\n", i + 1)
    });
    let loaded =
        load_text(&format!("- macro: m0\n  condition: evt.type=open\n{chain}{}", rule("r", "m3000")));
    assert!(!loaded.errors.is_empty() && loaded.set.rules().is_empty());
    let lists = repeat(30, |i| format!("- list: l{i}\n  items: [l{}, l{}]\n", i + 1, i + 1));
    let loaded = load_text(&format!("{lists}{}", rule("r", "proc.name in (l0)")));
    assert_eq!(loaded.set.rules().len() + loaded.errors.len(), 1);
    let deep = format!("{}x{}", "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(load_text(&deep).errors.len(), 1);
    let loop_ =
        "- macro: a\n  condition: proc.name=x\n- macro: b\n  condition: a\n- macro: a\n  condition: b\n";
    assert!(!load_text(loop_).errors.is_empty());
}

#[test]
fn macros_that_double_end() {
    let double = |number: usize| {
        let (last, condition) = (number - 1, format!("fd.num={number}"));
        format!("- macro: m{number}\n  condition: m{last} and {condition} or m{last} and not {condition}\n")
    };
    let macros: String = (1..40).map(double).collect();
    let text =
        format!("- macro: m0\n  condition: proc.name=a\n{macros}{}", rule("r", "evt.type=open and m39"));
    let files = [RuleFile { name: "f", text: &text }];
    assert!(load(&files, &LoadOptions::default(), 1).errors.is_empty());
    let described = describe(&files, &LoadOptions::default(), Some("r"));
    let compiled = described["rules"][0]["details"]["condition_compiled"].as_str().expect("a text");
    assert!(compiled.len() < 16 << 20 && compiled.contains("proc.name = a"), "{} bytes", compiled.len());
    let faults = Explainer::new(&files, &LoadOptions::default(), "r").expect_err("too large to show");
    assert_eq!(faults.len(), 1);
}

proptest! {
    #[test]
    fn arbitrary_yaml_never_panics(text in "\\PC{0,300}") {
        let _loaded = load_text(&text);
    }

    #[test]
    fn arbitrary_items_never_panic(
        parts in proptest::collection::vec(
            prop::sample::select(vec![
                "- rule: r\n", "- macro: m\n", "- list: l\n", "  condition: ", "  items: ", "  output: ", "  desc: d\n",
                "  priority: INFO\n", "  append: true\n", "  override: {condition: append}\n", "  exceptions:\n",
                "  - name: e\n", "    fields: [proc.name, fd.name]\n", "    fields: proc.name\n", "    values: [[a, b]]\n",
                "evt.type=open\n", "and m\n", "proc.name in (l)\n", "[a, b]\n", "%proc.name\n", "\"é\\\"\n", "not (\n", "---\n",
                ">\n    a\n", "|\n", "&x", "*x\n", "{", "}", "\n", "l\n", "(l)",
            ]),
            0..40,
        )
    ) {
        let _loaded = load_text(&parts.concat());
    }

    #[test]
    fn arbitrary_conditions_never_panic(text in "[a-z.=<>!()\"', \\[\\]0-9é-]{0,120}") {
        let _loaded = load_text(&rule("r", &format!("|\n    evt.type=open and {text}")));
    }
}
