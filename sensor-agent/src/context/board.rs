//! Who was asked and whether they answer, for `/healthz` and metrics.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::answer::cut;
use crate::border::ContextSource;

/// Bytes of a fault that are kept.
const FAULT_BYTES: usize = 256;

/// By kind and place: what was wrong the last time.
type Faults = BTreeMap<(&'static str, String), Option<String>>;

/// The last outcome of each; clones share it. Sockets and watches are few and bounded where they are made.
#[derive(Clone, Debug, Default)]
pub(super) struct Board(Arc<Mutex<Faults>>);

impl Board {
    /// It answered, or why not.
    pub(super) fn set(&self, kind: &'static str, place: &str, fault: Option<&str>) {
        let mut fault = fault.map(str::to_owned);
        if let Some(fault) = &mut fault {
            cut(fault, FAULT_BYTES);
        }
        self.all().insert((kind, place.to_owned()), fault);
    }

    /// It is asked no more.
    pub(super) fn forget(&self, kind: &'static str, place: &str) {
        self.all().remove(&(kind, place.to_owned()));
    }

    /// All that were asked so far.
    pub(super) fn read(&self) -> Vec<ContextSource> {
        let source = |((kind, place), fault): (&(&'static str, String), &Option<String>)| ContextSource {
            kind: (*kind).to_owned(),
            place: place.clone(),
            fault: fault.clone(),
        };
        self.all().iter().map(source).collect()
    }

    fn all(&self) -> MutexGuard<'_, Faults> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
