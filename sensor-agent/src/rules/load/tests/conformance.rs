//! The corpus of rule files with a reference Falco's verdicts, where it is at hand.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::rules::{LoadOptions, Loaded, RuleFile, load};

/// Cases whose verdict differs on purpose: prefix of the name, and why.
const DIFFERENT: &[(&str, &str)] = &[
    ("0032", "the YAML parser refuses NUL bytes"),
    ("0046", "the reference has engine 0.62"),
    ("0070", "fields of plugins are built in, whatever the version"),
    ("0673", "the reference has no hexadecimal escapes"),
    ("1164", "macros of later files are seen by rules of earlier ones"),
];

fn corpus() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let candidates = [
        std::env::var_os("SAKER_CONFORMANCE").map(PathBuf::from),
        Some(root.join("../shared/conformance")),
        Some(root.join("../../shared/conformance")),
    ];
    let found = candidates.into_iter().flatten().find(|path| path.join("load/index.tsv").is_file());
    if found.is_none() {
        eprintln!("skipped: no conformance corpus (set SAKER_CONFORMANCE)");
    }
    found
}

fn load_files(files: &[(String, String)]) -> Loaded {
    let files: Vec<_> = files.iter().map(|(name, text)| RuleFile { name, text }).collect();
    load(&files, &LoadOptions::default(), 1)
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}

#[test]
fn verdicts_agree() {
    let Some(corpus) = corpus() else { return };
    let index = read(&corpus.join("load/index.tsv"));
    let (mut agree, mut codes, mut total) = (0, 0, 0);
    let mut wrong = Vec::new();
    for line in index.lines().skip(1) {
        let mut columns = line.split('\t');
        let (Some(case), Some(exit), Some(expected)) = (columns.next(), columns.next(), columns.next())
        else {
            continue;
        };
        let dir = corpus.join("load").join(case);
        let args = read(&dir.join("args"));
        if args.lines().any(|arg| arg == "-o" || arg == "-p") {
            continue;
        }
        let mut names: Vec<_> =
            args.lines().filter(|arg| dir.join(arg).is_file()).map(str::to_owned).collect();
        if names.is_empty() {
            names.push("rules.yaml".to_owned());
        }
        let files: Vec<_> = names.iter().map(|name| (name.clone(), read(&dir.join(name)))).collect();
        let loaded = load_files(&files);
        total += 1;
        let is_accepted = loaded.errors.is_empty();
        let first = loaded.errors.first().map_or("", |fault| fault.code().label());
        if is_accepted == (exit == "0") {
            agree += 1;
            codes += usize::from(is_accepted || expected.contains(first));
            if !is_accepted && !expected.contains(first) {
                eprintln!("code  {case}: {first} instead of {expected}");
            }
        } else if !DIFFERENT.iter().any(|(name, _)| case.starts_with(name)) {
            let fault = loaded.errors.first().map(ToString::to_string).unwrap_or_default();
            wrong.push(format!("{case}: {exit} {expected}\n{fault}"));
        }
    }
    eprintln!("{agree} of {total} verdicts agree, {codes} with the code\n{}", wrong.join("\n"));
    assert!(agree * 100 >= total * 97, "{agree} of {total}");
}

#[test]
fn official_rules_load() {
    let Some(corpus) = corpus() else { return };
    let text = read(&corpus.join("official/falco_rules.yaml"));
    let loaded = load_files(&[("falco_rules.yaml".to_owned(), text)]);
    let faults: Vec<_> = loaded.errors.iter().map(ToString::to_string).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(loaded.set.rules().len(), 25);
    assert!(loaded.set.slots().any(|slot| slot == sensor_common::ledger::slot::EXEC));
}
