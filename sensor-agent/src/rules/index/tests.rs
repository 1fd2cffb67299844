//! The index against evaluation without it: no rule that matches is left out, whatever conditions and values.

use std::sync::Arc;

use proptest::prelude::*;

use super::{Prefixes, places};
use crate::{
    enrich::Side,
    rules::{
        Evaluator, LoadOptions, Matching, RuleFile,
        fixture::{Names, file, process, within},
        load,
    },
};

/// Parts of conditions whose fields have few values, so that many hold.
fn part() -> impl Strategy<Value = String> {
    let name = || prop::sample::select(vec!["/", "/e", "/etc", "/etc/", "/etc/x", "/usr/bin", "etc", "\"\""]);
    let field = || {
        prop::sample::select(vec!["fd.name", "fd.directory", "proc.name", "proc.pname", "tolower(fd.name)"])
    };
    let op = prop::sample::select(vec!["=", "!=", "startswith", "endswith", "contains", "glob"]);
    prop_oneof![
        (field(), op, name()).prop_map(|(field, op, name)| format!("{field} {op} {name}")),
        (
            field(),
            prop::sample::select(vec!["in", "pmatch", "startswith anyof", "= oneof", "startswith allof"]),
            prop::collection::vec(name(), 0..4)
        )
            .prop_map(|(field, op, names)| format!("{field} {op} ({})", names.join(", "))),
        Just("proc.name = sh".to_owned()),
        Just("fd.num >= 0".to_owned()),
        Just("evt.is_open_read = true".to_owned()),
        Just("proc.aname in (sh, init)".to_owned()),
        Just("fd.name exists".to_owned()),
    ]
}

fn condition() -> impl Strategy<Value = String> {
    part().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| format!("({})", parts.join(" and "))),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| format!("({})", parts.join(" or "))),
            inner.prop_map(|inner| format!("not ({inner})")),
        ]
    })
}

proptest! {
    #[test]
    fn every_rule_that_matches_is_a_candidate(
        conditions in prop::collection::vec(condition(), 1..90),
        name in prop::sample::select(vec!["", "/", "/etc", "/etc/x", "/etc/xy", "/usr/bin/ls", "etc", "/e"]),
        matching in prop::sample::select(vec![Matching::First, Matching::All]),
    ) {
        let rule = |(number, condition): (usize, &String)| format!(
            "- rule: r{number}\n  desc: d\n  condition: {}\n  output: o\n  priority: INFO\n  warn_evttypes: false\n",
            serde_json::to_string(condition).expect("a string")
        );
        let text: String = conditions.iter().enumerate().map(rule).collect();
        let options = LoadOptions { matching, ..LoadOptions::default() };
        let loaded = load(&[RuleFile { name: "f", text: &text }], &options, 1);
        prop_assert!(loaded.errors.is_empty(), "{}", loaded.errors[0]);
        let set = Arc::new(loaded.set);
        let record = file("openat", 3, [0; 6], Names { name: [Some(name.as_bytes()), None], ..Names::default() });
        within(&record, &process(), Side::Caller, |context| {
            let mut fast = Vec::new();
            let mut evaluator = Evaluator::new(Arc::clone(&set));
            evaluator.evaluate(context.event, &mut |rule, _| fast.push(rule.index));
            let mut slow = Vec::new();
            evaluator.evaluate_each(context.event, &mut |rule| slow.push(rule.index));
            prop_assert_eq!(fast, slow);
            Ok(())
        })?;
    }

    #[test]
    fn prefixes_are_all_found(
        texts in prop::collection::btree_set("[ab]{0,5}", 0..20), value in "[ab]{0,7}",
    ) {
        let numbered = texts.iter().zip(0..).map(|(text, n)| (text.as_bytes().into(), vec![n])).collect();
        let mut found = Vec::new();
        Prefixes::new(numbered).of(value.as_bytes(), &mut |places| found.extend_from_slice(places));
        found.sort_unstable();
        let wanted: Vec<u32> =
            texts.iter().zip(0..).filter(|(text, _)| value.starts_with(*text)).map(|(_, n)| n).collect();
        prop_assert_eq!(found, wanted);
    }

    #[test]
    fn places_are_the_bits(bits in prop::collection::vec(any::<u64>(), 0..4)) {
        let wanted: Vec<usize> =
            (0..bits.len() * 64).filter(|place| bits[place / 64] >> (place % 64) & 1 == 1).collect();
        prop_assert_eq!(places(&bits).collect::<Vec<_>>(), wanted);
    }
}
