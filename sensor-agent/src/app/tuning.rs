//! `saker tune`: every rule is evaluated, nothing is routed, and at the end there are a report and a proposed local rules file,
//! which is validated before it is written. Over a recording it is also tried: the alerts before and after are counted.

use std::{
    collections::BTreeMap,
    fs::{DirBuilder, OpenOptions},
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    AppError,
    config::Config,
    files::{TextFile, Trust},
    load,
    output::{print, tell},
    play, rule_files,
};
use crate::{
    border::{Alert, since_epoch, tally::Tally},
    rules::{AppendOutput, ExtraField, Fault, Matching, RuleSet},
    tuning::{self, Counter, FIELDS, Proposal},
};

/// The file that people load behind the base rules.
const LOCAL_FILE: &str = "falco_rules.local.yaml";

/// The configuration with which alerts can be counted: all rules that match, each with the fields that tell them apart.
pub(super) fn prepared(config: &Config) -> Config {
    let mut config = config.clone();
    config.rules.options.matching = Matching::All;
    let fields = FIELDS.iter().map(|field| ExtraField::Native((*field).to_owned())).collect();
    config.rules.options.append_outputs.push(AppendOutput { fields, ..AppendOutput::default() });
    config
}

/// What was written.
pub(super) struct Report {
    /// For a terminal.
    pub(super) text: String,
    /// Where the files are.
    pub(super) directory: PathBuf,
    /// Alerts that the proposal silences.
    pub(super) claimed: u64,
}

/// Writes report and proposal into a new directory below `out`.
pub(super) fn conclude(config: &Config, tally: &Tally, out: &Path) -> Result<Report, AppError> {
    let proposal = propose(tally);
    validated(config, &proposal)?;
    let (text, claimed) = (tuning::text(tally, &proposal), proposal.claims.values().sum());
    Ok(Report { text, directory: write(out, tally, &proposal)?, claimed })
}

/// Tunes on a recording, and shows what the proposal does to it.
pub(super) fn on_recording(config: &Config, file: &Path, seconds: u64, out: &Path) -> Result<(), AppError> {
    play::open(file)?;
    let config = prepared(config);
    let before = load::rules(&config, 1)?;
    before.notices.iter().chain(&before.faults).for_each(|text| tell(text));
    let mut counter = Counter::default();
    let n_before = counted(&config, &before.set, file, seconds, |alert| counter.count(alert))?;
    let tally = counter.tally();
    let proposal = propose(&tally);
    let after = validated(&config, &proposal)?;
    let n_after = counted(&config, &after, file, seconds, |_| {})?;
    print(&tuning::text(&tally, &proposal))?;
    let mut is_exact = true;
    for (rule, claimed) in &proposal.claims {
        let (before, after) =
            (n_before.get(rule).copied().unwrap_or(0), n_after.get(rule).copied().unwrap_or(0));
        is_exact &= before.saturating_sub(after) == *claimed;
        tell(&format!(
            "tried on the recording: {rule}: {before} alerts before, {after} after, {claimed} claimed"
        ));
    }
    let others = n_before.iter().filter(|(rule, _)| !proposal.claims.contains_key(*rule));
    is_exact &= others.into_iter().all(|(rule, before)| n_after.get(rule) == Some(before));
    if !is_exact {
        return Err(AppError::Rules {
            report: "the proposal silences something else than it claims: not written".into(),
        });
    }
    tell(&format!("written to {}", write(out, &tally, &proposal)?.display()));
    Ok(())
}

/// Alerts of a replay, by rule.
fn counted(
    config: &Config,
    rules: &Arc<RuleSet>,
    file: &Path,
    seconds: u64,
    mut each: impl FnMut(&Alert),
) -> Result<BTreeMap<String, u64>, AppError> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    play::play(config, rules, file, seconds, |_| {
        Ok(|alert: &Alert| {
            *counts.entry(alert.rule.clone()).or_default() += 1;
            each(alert);
        })
    })?;
    Ok(counts)
}

fn propose(tally: &Tally) -> Proposal {
    tuning::propose(tally, &format!("tuned_{}", stamp()))
}

/// Time of day as a word that sorts: `20261125T161500`.
fn stamp() -> String {
    let now = since_epoch();
    let time = jiff::Timestamp::from_second(now.as_secs().cast_signed()).unwrap_or_default();
    time.strftime("%Y%m%dT%H%M%S").to_string()
}

/// The rules with the proposal behind them; a proposal that does not load is an error.
fn validated(config: &Config, proposal: &Proposal) -> Result<Arc<RuleSet>, AppError> {
    let mut files = rule_files::read(&config.rules, Trust::OwnerOnly)?.files;
    files.push(TextFile { path: LOCAL_FILE.into(), text: proposal.yaml.clone() });
    let loaded = load::load(&files, config, 1);
    let faults: Vec<_> =
        loaded.errors.iter().filter(|fault| fault.file == LOCAL_FILE).map(Fault::to_string).collect();
    if faults.is_empty() {
        Ok(Arc::new(loaded.set))
    } else {
        Err(AppError::Rules { report: faults.join("\n") })
    }
}

/// A directory of its own for each run, for its owner only: alerts hold names of files and programs.
fn write(out: &Path, tally: &Tally, proposal: &Proposal) -> Result<PathBuf, AppError> {
    let directory = out.join(stamp());
    let failed = |path: &Path, source| AppError::Output { action: "write", path: path.to_owned(), source };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&directory)
        .map_err(|error| failed(&directory, error))?;
    let local = if proposal.yaml.is_empty() { "# Nothing is proposed.\n" } else { &proposal.yaml };
    for (name, text) in [
        ("report.json", &*format!("{:#}\n", tuning::json(tally, proposal))),
        ("report.md", &tuning::markdown(tally, proposal)),
        (LOCAL_FILE, local),
    ] {
        let path = directory.join(name);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| failed(&path, error))?;
    }
    Ok(directory)
}
