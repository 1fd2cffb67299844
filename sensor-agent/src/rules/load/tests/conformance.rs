//! The corpus of rule files with a reference Falco's answers, where it is at hand: verdict, codes, and the way to each
//! fault with its positions.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use serde_json::Value;

use crate::rules::{
    Fault, LoadOptions, Loaded, RuleFile, describe,
    file::schema,
    fixture::{corpus, judge},
    load,
};

/// Cases whose description differs on purpose: prefix of the name, and why.
const DESCRIBED_OTHERWISE: &[(&str, &str)] = &[
    ("0032", "the YAML parser refuses NUL bytes"),
    ("0220", "engine 0.63 folds evt.num=0"),
    ("0301", "engine 0.63 folds evt.num=0"),
    ("1126", "engine 0.63 folds evt.num=0"),
    ("1130", "engine 0.63 folds evt.num=0"),
];

/// Cases whose answer differs on purpose: prefix of the name, and why.
const DIFFERENT: &[(&str, &str)] = &[
    ("0022", "a quoted scalar without its end is refused"),
    ("0032", "the YAML parser refuses NUL bytes"),
    ("0046", "the reference has engine 0.62"),
    ("0132", "the item is named, not only the file"),
    ("0188", "a broken macro is told where it stands, not where it is used"),
    ("0198", "the loop is told at its first macro"),
    ("0218", "a warning of a macro is told where it stands, not where it is used"),
    ("0301", "engine 0.63 folds evt.num=0"),
    ("0530", "the reference has no hexadecimal escapes: the NUL byte is refused instead"),
    ("0673", "the reference has no hexadecimal escapes"),
    ("0722", "the value is named, not the list that it stands in"),
    ("0725", "the value is named, not the list that it stands in"),
    ("1088", "a rule that can never match is warned of"),
    ("1126", "engine 0.63 folds evt.num=0"),
    ("1130", "engine 0.63 folds evt.num=0"),
    ("1164", "macros of later files are seen by rules of earlier ones"),
    ("1165", "what a later file leaves unused is told of the file that defines it"),
];

fn load_files(files: &[(String, String)]) -> Loaded {
    let files: Vec<_> = files.iter().map(|(name, text)| RuleFile { name, text }).collect();
    load(&files, &LoadOptions::default(), 1)
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}

/// The files of a case; `None` where options matter that are not this room's.
fn files_of(dir: &Path) -> Option<Vec<(String, String)>> {
    let args = read(&dir.join("args"));
    if args.lines().any(|arg| arg == "-o" || arg == "-p") {
        return None;
    }
    let mut names: Vec<_> = args.lines().filter(|arg| dir.join(arg).is_file()).map(str::to_owned).collect();
    if names.is_empty() {
        names.push("rules.yaml".to_owned());
    }
    Some(names.iter().map(|name| (name.clone(), read(&dir.join(name)))).collect())
}

/// Code and steps with their places: what is compared of a fault.
type Told = (String, Vec<String>);

fn told(fault: &Fault) -> Told {
    let step = |at: &crate::rules::error::Location| {
        format!("{} {:?} {}:{}:{}+{}", at.kind, at.name, at.file, at.line, at.column, at.offset)
    };
    (fault.code().label().to_owned(), fault.trail.iter().map(step).collect())
}

fn expected(issue: &Value) -> Told {
    let step = |at: &Value| {
        let (kind, name, place) = (&at["item_type"], &at["item_name"], &at["position"]);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (file, line) = (text(&place["name"]), &place["line"]);
        format!("{} {:?} {file}:{line}:{}+{}", text(kind), text(name), place["column"], place["offset"])
    };
    let locations = issue["context"]["locations"].as_array().map(Vec::as_slice).unwrap_or_default();
    (issue["code"].as_str().unwrap_or_default().to_owned(), locations.iter().map(step).collect())
}

/// What a case says differently; the reference stops at the first error of a file, so only that one is compared, and
/// warnings behind it are allowed.
fn difference(files: &[(String, String)], results: &[Value]) -> Option<String> {
    let loaded = load_files(files);
    for (name, _) in files {
        let of = |faults: &[Fault]| faults.iter().filter(|it| it.file == *name).map(told).collect::<Vec<_>>();
        let (errors, mut warnings) = (of(&loaded.errors), of(&loaded.warnings));
        let Some(result) = results.iter().find(|result| result["name"] == name.as_str()) else { continue };
        let issues =
            |key: &str| result[key].as_array().into_iter().flatten().map(expected).collect::<Vec<_>>();
        let (wanted, mut wanted_warnings) = (issues("errors"), issues("warnings"));
        if errors.first() != wanted.first() {
            return Some(format!("{:?}\n     not {:?}", errors.first(), wanted.first()));
        }
        warnings.sort();
        wanted_warnings.sort();
        if !wanted.is_empty() {
            warnings.retain(|warning| wanted_warnings.contains(warning));
        }
        if warnings != wanted_warnings {
            return Some(format!("{warnings:?}\n     not {wanted_warnings:?}"));
        }
    }
    None
}

/// Every case that has this answer, with its files.
fn cases(corpus: &Path, answer: &str) -> impl Iterator<Item = (String, Vec<(String, String)>, Value)> {
    let names: Vec<String> = read(&corpus.join("load/index.tsv"))
        .lines()
        .skip(1)
        .map(|line| line.split('\t').next().unwrap_or_default().to_owned())
        .collect();
    let (root, answer) = (corpus.join("load"), answer.to_owned());
    names.into_iter().filter_map(move |case| {
        let dir = root.join(&case);
        let answer = serde_json::from_str(&read(&dir.join(&answer))).ok()?;
        Some((case, files_of(&dir)?, answer))
    })
}

#[test]
fn answers_agree() {
    let Some(corpus) = corpus("load/index.tsv") else { return };
    let (mut total, mut other) = (0, BTreeMap::new());
    for (case, files, answer) in cases(&corpus, "validate.json") {
        total += 1;
        let results = answer["falco_load_results"].as_array().map(Vec::as_slice).unwrap_or_default();
        if let Some(difference) = difference(&files, results) {
            other.insert(case, difference);
        }
    }
    eprintln!("{} of {total} answers agree", total - other.len());
    assert!(total > 800);
    judge(&other, DIFFERENT);
}

/// Events of Falco's state engine, which are none of this sensor.
fn is_foreign(event: &str) -> bool {
    event == "NA" || event.starts_with("task_file_")
}

/// The document with everything in order whose order means nothing.
fn ordered(mut value: Value, key: &str) -> Value {
    match &mut value {
        Value::Object(members) => {
            for (key, member) in members.iter_mut() {
                *member = ordered(member.take(), key);
            }
        }
        Value::Array(items) => {
            for item in items.iter_mut() {
                *item = ordered(item.take(), "");
            }
            items.retain(|item| key != "events" || !item.as_str().is_some_and(is_foreign));
            if !matches!(key, "items" | "items_compiled") {
                items.sort_by_key(Value::to_string);
            }
        }
        _ => {}
    }
    value
}

/// Where two documents differ.
fn paths(a: &Value, b: &Value, at: &str, found: &mut BTreeSet<String>) {
    match (a, b) {
        (Value::Object(left), Value::Object(right)) => {
            for key in left.keys().chain(right.keys()) {
                paths(&a[key], &b[key], &format!("{at}.{key}"), found);
            }
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            left.iter().zip(right).for_each(|(a, b)| paths(a, b, at, found));
        }
        _ if a != b => {
            found.insert(format!("{at}: {a} not {b}"));
        }
        _ => {}
    }
}

#[test]
fn descriptions_agree() {
    let Some(corpus) = corpus("load/index.tsv") else { return };
    let (mut total, mut other) = (0, BTreeMap::new());
    for (case, files, wanted) in cases(&corpus, "describe.json") {
        total += 1;
        let files: Vec<_> = files.iter().map(|(name, text)| RuleFile { name, text }).collect();
        let described = describe(&files, &LoadOptions::default(), None);
        let mut found = BTreeSet::new();
        paths(&ordered(described, ""), &ordered(wanted, ""), "", &mut found);
        if !found.is_empty() {
            other.insert(case, found.into_iter().collect::<Vec<_>>().join("\n    "));
        }
    }
    eprintln!("{} of {total} descriptions agree", total - other.len());
    assert!(total > 400);
    judge(&other, DESCRIBED_OTHERWISE);
}

#[test]
fn official_rules_load() {
    let Some(corpus) = corpus("load/index.tsv") else { return };
    let text = read(&corpus.join("official/falco_rules.yaml"));
    let loaded = load_files(&[("falco_rules.yaml".to_owned(), text)]);
    let faults: Vec<_> = loaded.errors.iter().map(ToString::to_string).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(loaded.set.rules().len(), 25);
    assert!(loaded.set.slots().any(|slot| slot == sensor_common::ledger::slot::EXEC));
}

/// Cases in which the advisory schema says something else on purpose, and why.
const JUDGED_OTHERWISE: &[(&str, &str)] = &[
    ("0022", "a quoted scalar without its end is no YAML"),
    ("0028", "a key that stands twice is refused; to the reference the second one has no name"),
    ("0032", "the YAML parser refuses NUL bytes"),
];

#[test]
fn schema_findings_agree() {
    let Some(corpus) = corpus("load/index.tsv") else { return };
    let mut other = BTreeMap::new();
    for (case, files, answer) in cases(&corpus, "validate.json") {
        let results = answer["falco_load_results"].as_array().map(Vec::as_slice).unwrap_or_default();
        for (name, text) in files {
            let Some(result) = results.iter().find(|result| result["name"] == name.as_str()) else {
                continue;
            };
            let expected = result.get("schema_valid").map(|_| {
                let warnings = result["schema_warnings"].as_array().map(Vec::as_slice).unwrap_or_default();
                warnings.iter().map(|it| it.as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
            });
            let found = schema::check(&text);
            if found != expected {
                other.insert(case.clone(), format!("{found:#?}\n     not {expected:#?}"));
            }
        }
    }
    judge(&other, JUDGED_OTHERWISE);
}

#[test]
fn the_schema_is_the_references() {
    let Some(file) = corpus("reference/rule-schema.json") else { return };
    let expected: Value =
        serde_json::from_str(&read(&file.join("reference/rule-schema.json"))).expect("JSON");
    let mut ours = schema::json();
    for kind in ["FalcoRule", "Override"] {
        let keys = ours["definitions"][kind]["properties"].as_object_mut().expect("keys");
        assert!(keys.remove("resolved_paths").is_some(), "{kind}: our own key");
    }
    assert_eq!(ours, expected);
}
