//! Which threads still run: what `/livez` is about.

use std::sync::{Arc, Mutex, PoisonError};

/// Threads that ended.
#[derive(Debug, Default)]
pub(super) struct Threads(Mutex<Vec<&'static str>>);

/// Dropped when a thread ends, for whatever reason.
#[derive(Debug)]
#[must_use = "a thread keeps it for as long as it works"]
pub struct Alive {
    thread: &'static str,
    threads: Arc<Threads>,
}

impl Threads {
    pub(super) fn alive(threads: &Arc<Self>, thread: &'static str) -> Alive {
        let mut ended = threads.0.lock().unwrap_or_else(PoisonError::into_inner);
        // It may be the successor of one that ended.
        ended.retain(|ended| *ended != thread);
        drop(ended);
        Alive { thread, threads: Arc::clone(threads) }
    }

    pub(super) fn ended(&self) -> Vec<&'static str> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.threads.0.lock().unwrap_or_else(PoisonError::into_inner).push(self.thread);
    }
}
