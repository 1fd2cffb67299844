//! `saker replay FILE`: the pipeline over a recorded file, without privileges.

use std::path::Path;

use crate::{
    app::{AppError, config::Config, egress, load, output::tell, play},
    border::Alert,
};

/// Replays `path` through the configured rules, `seconds` of event time at most (0: all).
pub(super) fn replay(config: &Config, path: &Path, seconds: u64) -> Result<(), AppError> {
    config.require_output()?;
    play::open(path)?;
    let rules = load::rules(config, 1)?;
    rules.notices.iter().chain(&rules.faults).for_each(|text| tell(text));
    play::play(config, &rules.set, path, seconds, |host| {
        let mut sinks = egress::sinks(config, host.hostname.clone(), None)?;
        Ok(move |alert: &Alert| sinks.deliver(alert))
    })
}
