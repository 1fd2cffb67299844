//! Which rules are in force: the priority, `rules:` by name and tag in their order, and how many of them may match.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Result, ensure};
use tempfile::TempDir;

use crate::setup;

/// Its mkdir fails and leaves nothing behind.
const DIRECTORY: &str = "/saker-selection/x";

/// Name, priority, tags and `enabled` of rules that all match the same event, in this order.
const RULES: &[(&str, &str, &str, bool)] = &[
    ("Files low", "DEBUG", "[files]", true),
    ("Files high", "CRITICAL", "[files, loud]", true),
    ("Quiet", "ERROR", "[loud]", false),
    ("Network high", "ERROR", "[network]", true),
];

/// Options, and the rules that alert.
const CASES: &[(&[&str], &[&str])] = &[
    (&[], &["Files low"]),
    (&["rule_matching=first"], &["Files low"]),
    (&["rule_matching=all"], &["Files low", "Files high", "Network high"]),
    (&["rule_matching=all", "priority=critical"], &["Files high"]),
    (&["rule_matching=all", "priority=error"], &["Files high", "Network high"]),
    (&["priority=error"], &["Files high"]),
    (&["rule_matching=all", "rules[].disable.rule=Files low"], &["Files high", "Network high"]),
    (&["rule_matching=all", "rules[].disable.rule=* high"], &["Files low"]),
    (&["rule_matching=all", "rules[].disable.tag=files"], &["Network high"]),
    // Who is enabled anew stands behind the others.
    (
        &["rule_matching=all", "rules[].enable.tag=loud"],
        &["Files low", "Files high", "Network high", "Quiet"],
    ),
    // The last word counts.
    (
        &["rule_matching=all", "rules[].disable.tag=files", "rules[].enable.rule=Files low"],
        &["Network high", "Files low"],
    ),
    (&["rules[].disable.tag=files", "rules[].enable.rule=Files low"], &["Network high"]),
    // A rule below the priority is not enabled by name either.
    (
        &["rule_matching=all", "priority=error", "rules[].enable.rule=Files low"],
        &["Files high", "Network high"],
    ),
];

#[test]
fn options_select_rules() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let directory = TempDir::new()?;
    let file = directory.path().join("rules.yaml");
    let rules = RULES.iter().map(|(name, priority, tags, is_enabled)| {
        format!(
            "- rule: {name}\n  desc: d\n  condition: evt.type = mkdir and evt.arg.path = {DIRECTORY}\n  output: o\n  \
             priority: {priority}\n  tags: {tags}\n  enabled: {is_enabled}\n"
        )
    });
    fs::write(&file, rules.collect::<String>())?;
    let mut wrong = BTreeMap::new();
    for (options, expected) in CASES {
        let start =
            options.iter().fold(setup::sensor()?.rule_file(&file), |start, option| start.option(option));
        let mut sensor = start.ready()?;
        ensure!(fs::create_dir(DIRECTORY).is_err(), "{DIRECTORY} exists");
        let told: Vec<String> = sensor.until_fence()?.into_iter().map(|alert| alert.rule).collect();
        if told != *expected {
            wrong.insert(options, told);
        }
    }
    ensure!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}
