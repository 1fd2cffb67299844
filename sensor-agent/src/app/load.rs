//! Configured rules → rule set and reports: the one way from files to rules, for running and for asking.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    AppError,
    commands::{FileReport, Issue},
    config::{self, Config},
    files::{TextFile, Trust},
    interest, rule_files,
};
use crate::rules::{self, Explainer, Fault, LoadOptions, Loaded, RuleFile, RuleSet};

/// Rules in force, and what was said on the way.
pub(super) struct InForce {
    /// At least one rule, or none was asked for.
    pub(super) set: Arc<RuleSet>,
    /// Rules that were left out, each as a whole report.
    pub(super) faults: Vec<String>,
    /// A file is no YAML from some line on: what should stand behind it is unknown.
    pub(super) is_torn: bool,
    /// What is worth a line in the log.
    pub(super) notices: Vec<String>,
    /// The texts.
    pub(super) files: Vec<TextFile>,
}

/// Reads and compiles what `config` names. What is broken, a rule or a file, does not take the others down, unless
/// `rules_strict` says so; faults that leave no rule at all are an error.
pub(super) fn rules(config: &Config, generation: u32) -> Result<InForce, AppError> {
    let found = rule_files::read(&config.rules, Trust::OwnerOnly)?;
    let loaded = load(&found.files, config, generation);
    let has_none = loaded.set.rules().is_empty() && !loaded.errors.is_empty();
    if has_none || (config.rules.is_strict && !loaded.errors.is_empty()) {
        let report = loaded.errors.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n");
        return Err(AppError::Rules { report });
    }
    let mut notices = found.notices;
    notices.extend(loaded.warnings.iter().map(Fault::to_string));
    notices.extend(cautions(&loaded));
    notices.extend(interest::notices(&loaded.set, &config.rules.custom_set));
    Ok(InForce {
        set: Arc::new(loaded.set),
        faults: loaded.errors.iter().map(Fault::to_string).collect(),
        is_torn: loaded.errors.iter().any(|fault| fault.code() == rules::error::Code::YamlParse),
        notices,
        files: found.files,
    })
}

/// Compiles texts with the options of `config`.
pub(super) fn load(files: &[TextFile], config: &Config, generation: u32) -> Loaded {
    let names = names(files);
    rules::load(&rule_files(&names, files), &options(&config.rules), generation)
}

/// What the rules say and what became of them, as `-L` tells it; of the one called `only` alone.
pub(super) fn describe(files: &[TextFile], config: &Config, only: Option<&str>) -> serde_json::Value {
    let names = names(files);
    rules::describe(&rule_files(&names, files), &options(&config.rules), only)
}

fn names(files: &[TextFile]) -> Vec<String> {
    files.iter().map(|file| file.path.display().to_string()).collect()
}

fn rule_files<'f>(names: &'f [String], files: &'f [TextFile]) -> Vec<RuleFile<'f>> {
    names.iter().zip(files).map(|(name, file)| RuleFile { name, text: &file.text }).collect()
}

/// What is to be said of rules besides their warnings: each comparison that never holds, and in one line for each
/// field or set of events what the sensor does not supply and which rules lean on it.
pub(super) fn cautions(loaded: &Loaded) -> Vec<String> {
    let (missing, other): (Vec<_>, Vec<_>) =
        loaded.cautions.iter().partition(|fault| fault.code() == rules::error::Code::NotSupplied);
    let mut by_reason: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for fault in missing {
        let owner = fault.owner.as_ref();
        let owner = owner.map(|owner| format!("{} `{}`", owner.kind.label(), owner.name));
        by_reason.entry(fault.reason.to_string()).or_default().extend(owner);
    }
    let mut lines: Vec<_> = other.into_iter().map(Fault::to_string).collect();
    lines.extend(by_reason.into_iter().map(|(reason, owners)| {
        format!("{reason} (used by {})", owners.into_iter().collect::<Vec<_>>().join(", "))
    }));
    lines
}

/// The rule called `name`, ready to be explained.
pub(super) fn explainer(files: &[TextFile], config: &Config, name: &str) -> Result<Explainer, AppError> {
    let names = names(files);
    match Explainer::new(&rule_files(&names, files), &options(&config.rules), name) {
        Ok(Some(explainer)) => Ok(explainer),
        Ok(None) => Err(AppError::Unknown { kind: "rule", name: name.to_owned() }),
        Err(faults) => {
            let report = faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n");
            Err(AppError::Rules { report })
        }
    }
}

/// What `lint` finds.
pub(super) fn lint(files: &[TextFile], config: &Config) -> rules::lint::Findings {
    let names = names(files);
    rules::lint(&rule_files(&names, files), &options(&config.rules))
}

/// One report a file, in order.
pub(super) fn reports(files: &[TextFile], loaded: &Loaded) -> Vec<FileReport> {
    let of =
        |name: &str, faults: &[Fault]| faults.iter().filter(|fault| fault.file == name).map(issue).collect();
    let report = |file: &TextFile| {
        let name = file.path.display().to_string();
        let (errors, warnings) = (of(&name, &loaded.errors), of(&name, &loaded.warnings));
        FileReport { name, errors, warnings, schema: rules::file::schema::check(&file.text) }
    };
    files.iter().map(report).collect()
}

fn issue(fault: &Fault) -> Issue {
    let mut message = fault.reason.to_string();
    if let Some(hint) = &fault.hint {
        message = format!("{message} ({hint})");
    }
    Issue {
        code: fault.code().label().to_owned(),
        short: fault.code().text().to_owned(),
        long: fault.code().long().to_owned(),
        message,
        locations: fault.trail.clone(),
        place: format!("{}:{}:{}", fault.file, fault.line, fault.column),
        snippet: fault.snippet(),
        deprecated_field: fault.reason.deprecated_field().map(str::to_owned),
    }
}

/// What `config` says of rules, with the names of the static fields that hold.
fn options(rules: &config::Rules) -> LoadOptions {
    let static_fields = rules.static_fields.iter().map(|(name, _)| name.clone()).collect();
    LoadOptions { static_fields, ..rules.options.clone() }
}
