//! Each bundled rule alerts on its act and is silent on what is nearly the same.

use std::fs;

use anyhow::{Result, ensure};
use saker_tests::cases::{self, CASES, Case, Place};
use saker_tests::container::Container;
use saker_tests::stage::{Host, Stage};

use crate::setup;

#[test]
fn bundled_rules_on_the_host() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    check(&Host::new(setup::actor())?, Place::Host)
}

#[test]
fn bundled_rules_in_a_container() -> Result<()> {
    if setup::is_skipped_without_container() {
        return Ok(());
    }
    check(&Container::start(setup::actor())?, Place::Container)
}

fn check(stage: &dyn Stage, place: Place) -> Result<()> {
    let mut sensor = setup::sensor()?.rule_file(setup::bundled()).ready()?;
    cases::check_all(&mut sensor, stage, CASES.iter().filter(|case| case.place == place))
}

#[test]
fn every_bundled_rule_has_a_row_and_a_near_miss() -> Result<()> {
    let text = fs::read_to_string(setup::bundled())?;
    let rules: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("- rule: ")).collect();
    ensure!(!rules.is_empty(), "no rules");
    for rule in &rules {
        let rows: Vec<&Case> = CASES.iter().filter(|case| case.rule == *rule).collect();
        ensure!(!rows.is_empty() && rows.iter().all(|case| !case.near.is_empty()), "{rule} is not tested");
    }
    for case in CASES {
        ensure!(rules.contains(&case.rule), "{} is no bundled rule", case.rule);
    }
    Ok(())
}
