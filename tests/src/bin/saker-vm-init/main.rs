//! /init of the virtual machines that `cargo xtask vm` boots: makes the machine usable, runs each scenario
//! against /saker, prints the verdict on the console, powers off. It never returns: its end is a kernel panic.
//! Started again as any other process it is the actor, because the machine has no other programs.
//!
//! Lines for the host begin with `SAKER-VM`: `boot RELEASE`, then `ok NAME`, `skip NAME REASON` or
//! `fail NAME DETAIL` for each scenario, and last `done N passed, M failed, K skipped`.
#![forbid(unsafe_code)]

mod guest;
mod scenarios;

use std::env;
use std::panic;
use std::process::{self, ExitCode};

use crate::guest::Guest;
use crate::scenarios::{SCENARIOS, Scenario};

/// Set on the kernel line; only scenarios whose name contains it run.
const FILTER_VARIABLE: &str = "SAKER_VM_FILTER";

fn main() -> ExitCode {
    if process::id() == 1 { run_scenarios() } else { saker_tests::actor::main() }
}

fn run_scenarios() -> ! {
    let problems = guest::prepare();
    let guest = Guest::look();
    println!("SAKER-VM boot {}", guest.release);
    for problem in problems {
        println!("{problem}");
    }
    let filter = env::var(FILTER_VARIABLE).unwrap_or_default();
    let (mut n_passed, mut n_failed, mut n_skipped) = (0_u32, 0_u32, 0_u32);
    for scenario in SCENARIOS.iter().filter(|scenario| scenario.name.contains(&filter)) {
        let name = scenario.name;
        match run(scenario, &guest) {
            Outcome::Passed => {
                n_passed += 1;
                println!("SAKER-VM ok {name}");
            }
            Outcome::Skipped(reason) => {
                n_skipped += 1;
                println!("SAKER-VM skip {name} {reason}");
            }
            Outcome::Failed(detail) => {
                n_failed += 1;
                println!("SAKER-VM fail {name} {}", one_line(&detail));
            }
        }
    }
    println!("SAKER-VM done {n_passed} passed, {n_failed} failed, {n_skipped} skipped");
    guest::power_off();
}

enum Outcome {
    Passed,
    Skipped(String),
    Failed(String),
}

fn run(scenario: &Scenario, guest: &Guest) -> Outcome {
    if let Some(need) = scenario.needs.iter().find(|need| !guest.has(**need)) {
        return Outcome::Skipped(format!("needs {need:?}"));
    }
    // The message of a panic has gone to the console; a dead /init would take the other scenarios with it.
    match panic::catch_unwind(|| (scenario.act)(guest)) {
        Ok(Ok(())) => Outcome::Passed,
        Ok(Err(error)) => Outcome::Failed(format!("{error:#}")),
        Err(_) => Outcome::Failed("panicked".to_owned()),
    }
}

fn one_line(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join(" | ")
}
