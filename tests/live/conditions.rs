//! The conditions of the matching corpus on the recorded cases, run again: which rules fire for which event. Where one does
//! so differently, a field that it asks for differs as corpus.tsv says, or it stands with its reason in conditions.tsv.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::Result;
use regex::Regex;
use saker_tests::alert::Alert;
use saker_tests::corpus::{Events, normalise, recorded};
use saker_tests::listed::Listed;
use serde_json::Value;
use tempfile::TempDir;

use crate::corpus::{LISTED as FIELDS, Program};
use crate::setup;

/// Rule, event type or `*`, reason; separated by tabs.
const LISTED: &str = include_str!("conditions.tsv");
/// The rule that fires for every event of a case.
const ALL: &str = "all";
/// Where one of the other rules begins.
const RULE: &str = "\n- rule: m";
/// Rules of one run: every event of a case fires many, and those of all rules at once are more than queues take.
const RULES: usize = 121;
/// Runs in a pid namespace of its own, where the cgroup of whoever runs the tests may look like that of a container.
const CLONE_NEWPID: u64 = 262;
/// Asks how long a name is that, of a pidfd, ends with a process id.
const LENGTH: (&str, &str) = ("m437", "pidfd_open");

#[test]
fn recorded_cases_fire_the_same_rules() -> Result<()> {
    let Some(corpus) = setup::conformance("match") else { return Ok(()) };
    let files = TempDir::new()?;
    let rules = fs::read_to_string(corpus.join("rules.yaml"))?;
    let program = Program::build(&corpus.join("../live/syscases.c"))?;
    let theirs = recorded(&fs::read_to_string(corpus.join("expected.jsonl"))?)?;
    let (mut differences, mut n_events) = (BTreeMap::new(), 0);
    let mut parts = rules.split(RULE);
    let common = parts.next().unwrap_or_default();
    let parts: Vec<&str> = parts.collect();
    for (index, parts) in parts.chunks(RULES).enumerate() {
        let file = files.path().join(format!("{index}.yaml"));
        fs::write(&file, [common, RULE, &parts.join(RULE), "\n"].concat())?;
        let start = setup::sensor()?.rule_file(file).option("resolved_paths=off");
        let mut sensor = start.option("rule_matching=all").option("base_syscalls.all=true").ready()?;
        program.run(&[])?;
        let ours = normalise(&fired(sensor.until_fence()?))?;
        let names = parts.iter().filter_map(|part| part.lines().next()).map(|number| format!("m{number}"));
        let (differing, compared) = compare(&theirs, &ours, &names.collect());
        differences.extend(differing);
        n_events += compared;
    }

    let fields = fields_of(&rules)?;
    let mut listed = Listed::parse("conditions.tsv", LISTED)?;
    let (mut explained, mut n_other) = (0, 0);
    for ((rule, kind), place) in &differences {
        if fields.get(rule).is_some_and(|fields| differs(fields, kind)) {
            explained += 1;
        } else {
            n_other += 1;
            listed.found([kind, "*"].map(|kind| vec![rule, kind]), || format!("{rule}\t{kind}\t{place}"));
        }
    }
    println!(
        "{n_events} events, {} rules: {explained} pairs of rule and event type differ by their fields, {n_other} otherwise",
        fields.len()
    );
    listed.check()
}

/// The alerts of the rule that always fires, with the names of the others that fired for the same event.
fn fired(alerts: Vec<Alert>) -> Vec<Alert> {
    let mut rules: BTreeMap<u64, Vec<Value>> = BTreeMap::new();
    let number = |alert: &Alert| alert.fields.get("evt.num").and_then(Value::as_u64).unwrap_or_default();
    let (mut events, others): (Vec<_>, Vec<_>) = alerts.into_iter().partition(|alert| alert.rule == ALL);
    for alert in others {
        rules.entry(number(&alert)).or_default().push(alert.rule.into());
    }
    for event in &mut events {
        let rules = rules.remove(&number(event)).unwrap_or_default();
        event.fields.insert("rules".to_owned(), rules.into());
    }
    events
}

/// Rule (of these) and event type that differ, with the first place, and how many events were compared.
fn compare(
    theirs: &Events,
    ours: &Events,
    rules: &BTreeSet<String>,
) -> (BTreeMap<(String, String), String>, usize) {
    let kinds: BTreeSet<&String> = ours.values().flatten().map(|event| &event.kind).collect();
    let (mut differences, mut n_events) = (BTreeMap::new(), 0);
    for (key, events) in theirs.iter().filter(|(key, _)| key.0 != CLONE_NEWPID) {
        let theirs: Vec<_> = events.iter().filter(|event| kinds.contains(&event.kind)).collect();
        let ours = ours.get(key).map_or(&[][..], Vec::as_slice);
        if !theirs.iter().map(|event| &event.kind).eq(ours.iter().map(|event| &event.kind)) {
            differences.insert((format!("case {}", key.0), "events".to_owned()), key.1.clone());
            continue;
        }
        for (their, our) in theirs.iter().zip(ours) {
            n_events += 1;
            let (was, is) = (rules_of(&their.fields["rules"]), rules_of(&our.fields["rules"]));
            let counts = |rule: &&&str| rules.contains(**rule) && (**rule, their.kind.as_str()) != LENGTH;
            for rule in was.symmetric_difference(&is).filter(counts) {
                let verb = if was.contains(rule) { "fires not" } else { "fires" };
                let place = format!("case {} {}: {verb} here", key.0, key.1);
                differences.entry(((*rule).to_owned(), their.kind.clone())).or_insert(place);
            }
        }
    }
    (differences, n_events)
}

fn rules_of(names: &Value) -> BTreeSet<&str> {
    names.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The fields that each rule's condition names.
fn fields_of(rules: &str) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let rule = Regex::new(r"(?m)^- rule: (m\d+)\n.*\n  condition: (.*)$")?;
    let field = Regex::new(r"[a-z]+(?:\.[a-z0-9_]+)+(?:\[[^\]]*\])?")?;
    let rules = rule.captures_iter(rules).map(|found| {
        let names = field.find_iter(&found[2]).map(|name| name.as_str().to_owned());
        (found[1].to_owned(), names.collect())
    });
    Ok(rules.collect())
}

/// Whether one of the fields is known to differ for events of a type.
fn differs(fields: &BTreeSet<String>, kind: &str) -> bool {
    FIELDS.lines().filter(|line| !line.starts_with('#')).any(|line| {
        let mut columns = line.split('\t');
        let (Some(field), Some(listed)) = (columns.next(), columns.next()) else { return false };
        let names = |name: &String| name == field || name.split('[').next() == Some(field);
        (listed == kind || listed == "*") && fields.iter().any(names)
    })
}
