//! The running agent, as whichever of its processes this one is.

use super::{
    AppError,
    config::Config,
    egress,
    output::start_log,
    sensor,
    signal::{self, Early},
    supervisor::{self, Begun, Half},
};

/// Runs until the agent ends; `reread` reads the configuration again, for a reload.
pub(super) fn run(
    config: &Config,
    half: Option<Half>,
    early: Early,
    reread: &dyn Fn() -> Result<Config, AppError>,
) -> Result<(), AppError> {
    let Some(half) = half else {
        start_log(config);
        return supervisor::run(config, early);
    };
    signal::ignore()
        .map_err(|source| AppError::Environment { action: "ignore signals".to_owned(), source })?;
    let begun = Begun::take()?;
    match half {
        Half::Sensor => sensor::run(config, begun, reread),
        Half::Egress => egress::run(config, begun),
    }
}
