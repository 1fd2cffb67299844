//! What is done about losses: `syscall_event_drops.actions`.

use std::time::Instant;

use crate::{
    app::config::{DropAction, Drops},
    border::Alert,
    telemetry::{
        drops::{self, Monitor},
        losses::Losses,
    },
};

/// System calls that a line of the log names.
const NAMED: usize = 10;

/// Watches and logs.
pub(super) struct Watch {
    monitor: Monitor,
    begin: Instant,
    actions: Vec<DropAction>,
}

/// What remains to be done.
pub(super) struct Act {
    /// To be delivered.
    pub(super) alert: Option<Alert>,
    /// The program is to end.
    pub(super) is_end: bool,
}

impl Watch {
    pub(super) fn new(drops: &Drops) -> Self {
        let Drops { threshold, ref actions, rate, max_burst, simulate } = *drops;
        let options = drops::Options { threshold, rate, max_burst, simulate };
        Self { monitor: Monitor::new(options), begin: Instant::now(), actions: actions.clone() }
    }

    /// Losses between two statistics came. Falco's order of actions, whatever the configuration's.
    pub(super) fn observe(&mut self, from_ns: u64, to_ns: u64, losses: &Losses) -> Option<Act> {
        let alert = self.monitor.observe(self.begin.elapsed(), from_ns, to_ns, losses)?;
        let has = |action| self.actions.contains(&action);
        let message = String::from_utf8_lossy(&alert.message);
        if has(DropAction::Log) {
            tracing::warn!(
                calls = losses.by_syscall(NAMED),
                containers = losses.by_container(NAMED),
                reasons = losses.by_reason(),
                "{message}"
            );
        }
        let is_end = has(DropAction::Exit);
        if is_end {
            tracing::error!("{message} Exiting: syscall_event_drops.actions has exit.");
        }
        Some(Act { is_end, alert: has(DropAction::Alert).then_some(alert) })
    }
}
