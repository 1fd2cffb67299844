//! The recorded system call cases, run again before our sensor: every field that differs from the recording stands with
//! its reason in corpus.tsv, and nothing stands there that does not differ.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use saker_tests::corpus::{compare, normalise, recorded};
use saker_tests::listed::Listed;
use tempfile::TempDir;

use crate::setup;

/// Field or `events`, event type or case or `*`, reason; separated by tabs.
pub(crate) const LISTED: &str = include_str!("corpus.tsv");
/// Where the recording's program was; it shows in many fields.
const PROGRAM: &str = "/tmp/syscases-run";

#[test]
fn recorded_cases_give_the_same_fields() -> Result<()> {
    let Some(corpus) = setup::conformance("live") else { return Ok(()) };
    let files = TempDir::new()?;
    fs::write(files.path().join("rules.yaml"), fs::read(corpus.join("rules.yaml"))?)?;
    let program = Program::build(&corpus.join("syscases.c"))?;
    let start = setup::sensor()?
        .rule_file(files.path().join("rules.yaml"))
        .option("base_syscalls.all=true")
        .option("resolved_paths=off");
    let mut sensor = start.ready()?;
    program.run(&[])?;
    let alerts = sensor.until_fence()?;

    let theirs = recorded(&fs::read_to_string(corpus.join("expected.jsonl"))?)?;
    let ours = normalise(&alerts)?;
    let kinds: BTreeSet<String> = ours.values().flatten().map(|event| event.kind.clone()).collect();
    let missing: BTreeSet<&str> = theirs.values().flatten().map(|event| event.kind.as_str()).collect();
    let missing: Vec<&str> = missing.into_iter().filter(|kind| !kinds.contains(*kind)).collect();
    let (found, compared, equal) = compare(&theirs, &ours, &kinds);
    println!("{} event types, {equal} of {compared} fields agree, {} deviations", kinds.len(), found.len());
    println!("{} event types of the recording have no row yet: {}", missing.len(), missing.join(" "));

    let mut listed = Listed::parse("corpus.tsv", LISTED)?;
    for ((field, kind), place) in &found {
        listed.found([kind, "*"].map(|kind| vec![field, kind]), || format!("{field}\t{kind}\t{place}"));
    }
    listed.check()
}

/// The compiled cases; gone when dropped.
pub(crate) struct Program(PathBuf);

impl Program {
    pub(crate) fn build(source: &Path) -> Result<Self> {
        let program = Self(PathBuf::from(PROGRAM));
        let mut gcc = Command::new("gcc");
        gcc.args(["-O1", "-w", "-static", "-o", PROGRAM]).arg(source);
        let status = gcc.status().context("gcc")?;
        ensure!(status.success(), "{gcc:?}: {status}");
        Ok(program)
    }

    /// Runs some cases, or all, as the recording was made: in a session of its own, with one word of environment.
    pub(crate) fn run(&self, cases: &[&str]) -> Result<()> {
        let mut run = Command::new("setsid");
        run.args(["--wait", "env", "-i", "SC=1"]).arg(&self.0).args(cases).current_dir("/tmp");
        run.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let status = run.status()?;
        ensure!(status.success(), "{run:?}: {status}");
        Ok(())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        fs::remove_file(&self.0).ok();
        fs::remove_dir_all("/tmp/sc").ok();
    }
}
