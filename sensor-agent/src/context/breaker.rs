//! A runtime that does not answer is left alone for a while that grows, so that its time-outs are paid once and not for
//! each container.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// First pause after a failure; each further one doubles it.
const PAUSE: Duration = Duration::from_millis(100);
/// Longest pause: with one call's time-out it bounds the recovery after a restart.
const MAX_PAUSE: Duration = Duration::from_millis(800);

/// State of one runtime.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    until: Option<Instant>,
    reason: String,
    has_answered: bool,
}

impl Breaker {
    /// Why it is not asked now.
    pub(super) fn is_open(&self) -> Option<String> {
        let state = self.state();
        state.until.filter(|until| Instant::now() < *until).map(|_| state.reason.clone())
    }

    /// It answered; says whether it had failed before.
    pub(super) fn succeed(&self) -> bool {
        let mut state = self.state();
        let had_failed = state.failures > 0;
        *state = State { has_answered: true, ..State::default() };
        had_failed
    }

    /// It failed; says whether it worked until now.
    pub(super) fn fail(&self, reason: &str) -> bool {
        let mut state = self.state();
        let pause = PAUSE.saturating_mul(1 << state.failures.min(8)).min(MAX_PAUSE);
        state.failures = state.failures.saturating_add(1);
        state.until = Some(Instant::now() + pause);
        reason.clone_into(&mut state.reason);
        state.failures == 1
    }

    /// Whether it ever answered.
    pub(super) fn has_answered(&self) -> bool {
        self.state().has_answered
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
