//! The report: which rules are noisy, by whom, and what is proposed about it. Names are what processes chose, so they are
//! escaped for where they are printed.

use std::{collections::BTreeMap, fmt::Write};

use serde_json::{Value, json as value};

use super::proposal::{Proposal, reason};
use crate::border::{
    tally::{Group, Place, Seen, Tally},
    text::push_visible,
};

/// Groups of a rule that the tables show; the JSON document has all.
const SHOWN: usize = 10;

/// Alerts of each rule, the noisiest first.
fn by_rule(tally: &Tally) -> Vec<(&str, u64)> {
    let mut rules: BTreeMap<&str, u64> = BTreeMap::new();
    for (group, seen) in &tally.groups {
        *rules.entry(&group.rule).or_default() += seen.count;
    }
    let mut rules: Vec<_> = rules.into_iter().collect();
    rules.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    rules
}

fn of_rule<'t>(tally: &'t Tally, rule: &str) -> impl Iterator<Item = &'t (Group, Seen)> {
    tally.groups.iter().filter(move |(group, _)| group.rule == rule)
}

fn place(group: &Group) -> &str {
    match &group.place {
        Place::Host => "host",
        Place::Image(image) => image,
        Place::Unknown => "unknown container",
    }
}

fn verdict(group: &Group, seen: &Seen) -> String {
    reason(group, seen).map_or_else(|| "proposed".to_owned(), |reason| format!("listed only: {reason}"))
}

fn total(tally: &Tally) -> u64 {
    tally.groups.iter().map(|(_, seen)| seen.count).sum::<u64>() + tally.n_others
}

/// For a terminal.
pub fn text(tally: &Tally, proposal: &Proposal) -> String {
    let mut out = String::new();
    let mut line = |text: String| {
        // Writing to a string cannot fail.
        let _never_fails = writeln!(out, "{text}");
    };
    let claimed: u64 = proposal.claims.values().sum();
    line(format!("{} alerts, {claimed} of them would be silent with the proposal", total(tally)));
    for (rule, count) in by_rule(tally) {
        line(format!("\n{count:>8}  {}", visible(rule)));
        for (group, seen) in of_rule(tally, rule).take(SHOWN) {
            let path = if group.prefix.is_empty() {
                String::new()
            } else {
                format!(" on {}", visible(&group.prefix))
            };
            line(format!(
                "{:>8}    {} ({}) by {} in {}{path}: {}",
                seen.count,
                visible(&group.process),
                visible(&group.exe),
                visible(&group.parent),
                visible(place(group)),
                verdict(group, seen),
            ));
        }
        let more = of_rule(tally, rule).count().saturating_sub(SHOWN);
        if more > 0 {
            line(format!("            and {more} more groups"));
        }
    }
    if tally.n_others > 0 {
        line(format!("\n{:>8}  alerts more than could be kept apart", tally.n_others));
    }
    out
}

/// For documentation.
pub fn markdown(tally: &Tally, proposal: &Proposal) -> String {
    let mut out = String::from("# What alerted\n\n");
    let claimed: u64 = proposal.claims.values().sum();
    let cell = |text: &str| visible(text).replace('\\', "\\\\").replace('|', "\\|").replace('`', "'");
    // Writing to a string cannot fail.
    let _never_fails = write!(
        out,
        "{} alerts, {claimed} of them would be silent with the proposal.\n\n| alerts | rule | process | executable | parent | where | path | proposal |\n|---|---|---|---|---|---|---|---|\n",
        total(tally)
    );
    for (rule, _) in by_rule(tally) {
        for (group, seen) in of_rule(tally, rule).take(SHOWN) {
            let cells =
                [&*group.rule, &group.process, &group.exe, &group.parent, place(group), &group.prefix];
            let cells = cells.map(cell).join(" | ");
            let _never_fails = writeln!(out, "| {} | {cells} | {} |", seen.count, verdict(group, seen));
        }
    }
    out
}

/// For programs.
pub fn json(tally: &Tally, proposal: &Proposal) -> Value {
    let groups = tally.groups.iter().map(|(group, seen)| {
        value!({
            "rule": group.rule,
            "priority": seen.priority.label(),
            "count": seen.count,
            "first_ns": seen.first_ns,
            "last_ns": seen.last_ns,
            "process": group.process,
            "executable": group.exe,
            "parent": group.parent,
            "where": place(group),
            "path_prefix": group.prefix,
            "proposal": verdict(group, seen),
        })
    });
    value!({
        "alerts": total(tally),
        "not_kept_apart": tally.n_others,
        "silenced_by_proposal": proposal.claims,
        "groups": groups.collect::<Vec<_>>(),
    })
}

fn visible(text: &str) -> String {
    let mut out = String::new();
    push_visible(&mut out, text);
    out
}
