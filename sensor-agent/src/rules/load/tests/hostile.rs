//! Small files that would become large: each ends at once, with an answer.

use std::fmt::Write;

use crate::rules::{
    LoadOptions, RuleFile,
    error::{Code, MAX_FAULTS},
    load,
};

/// Codes of the faults of a file.
fn codes(text: &str) -> Vec<Code> {
    let loaded = load(&[RuleFile { name: "f", text }], &LoadOptions::default(), 1);
    loaded.errors.iter().map(crate::rules::Fault::code).collect()
}

fn rule(condition: &str) -> String {
    format!("- rule: r\n  desc: d\n  condition: {condition}\n  output: o\n  priority: INFO\n")
}

/// `levels` items, each made of ten times the one before, by `line(level)`.
fn tower(levels: usize, line: impl Fn(usize) -> String) -> String {
    (0..levels).fold(String::new(), |mut text, level| {
        writeln!(text, "{}", line(level)).expect("a string takes it");
        text
    })
}

#[test]
fn nesting_is_bounded() {
    let deep = format!("- rule: r\n  desc: {}{}\n", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(codes(&deep), [Code::YamlParse]);
    for (open, close) in [("(", ")"), ("not (", ")")] {
        let condition = format!("{}evt.type=open{}", open.repeat(50_000), close.repeat(50_000));
        assert_eq!(codes(&rule(&condition)), [Code::CompileCondition], "{open}");
    }
}

/// A fault costs the same wherever it is, and there is an end to them.
#[test]
fn many_faults_end() {
    let rules: String =
        (0..20_000).map(|i| rule("evt.type=open and nomacro").replace(" r\n", &format!(" r{i}\n"))).collect();
    let loaded = load(&[RuleFile { name: "f", text: &rules }], &LoadOptions::default(), 1);
    assert_eq!(loaded.errors.len(), MAX_FAULTS + 1);
    assert!(loaded.errors[MAX_FAULTS].to_string().contains("there is more of this"));
}

#[test]
fn what_doubles_at_each_level_stays_small() {
    let ten = |what: &str| [what; 10].join(", ");
    // Aliases of YAML: a list of lists is no list of words.
    let aliases = tower(12, |level| match level {
        0 => format!("- list: l0\n  items: &a0 [{}]", ten("x")),
        _ => format!("- list: l{level}\n  items: &a{level} [{}]", ten(&format!("*a{}", level - 1))),
    });
    assert!(!codes(&aliases).is_empty());
    // Lists of lists: 10^40 words, of which two differ.
    let lists = tower(40, |level| match level {
        0 => "- list: l0\n  items: [a, b]".to_owned(),
        _ => format!("- list: l{level}\n  items: [{}]", ten(&format!("l{}", level - 1))),
    });
    let listed = lists + &rule("evt.type=open and proc.name in (l39)");
    // Macros of macros: a condition of 3^30 comparisons.
    let macros = tower(30, |level| match level {
        0 => "- macro: m0\n  condition: (evt.type=open or proc.name=a)".to_owned(),
        _ => format!("- macro: m{level}\n  condition: (m{0} and m{0} and not m{0})", level - 1),
    });
    let macros = macros + &rule("m29");
    for text in [listed, macros] {
        let loaded = load(&[RuleFile { name: "f", text: &text }], &LoadOptions::default(), 1);
        assert!(loaded.set.rules().len() == 1 || !loaded.errors.is_empty());
        assert!(loaded.errors.iter().all(|fault| fault.to_string().len() < 4096));
    }
}
