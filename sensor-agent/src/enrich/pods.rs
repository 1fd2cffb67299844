//! Pods as the API server told last, by uid; those that were deleted for a while longer, for their late events.

use std::{collections::VecDeque, num::NonZeroUsize};

use lru::LruCache;
use rustc_hash::FxBuildHasher;

use crate::border::{PodFacts, PodTold};

/// Pods that are remembered, the most recently told ones.
const CAPACITY: NonZeroUsize = NonZeroUsize::MIN.saturating_add(8191);
/// Deleted pods that are remembered.
const DELETED: usize = 256;

#[derive(Debug)]
pub(super) struct Pods {
    by_uid: LruCache<String, Box<PodFacts>, FxBuildHasher>,
    deleted: VecDeque<String>,
}

impl Pods {
    pub(super) fn new() -> Self {
        Self { by_uid: LruCache::with_hasher(CAPACITY, FxBuildHasher), deleted: VecDeque::new() }
    }

    pub(super) fn learn(&mut self, told: PodTold) {
        if let Some(facts) = told.facts {
            self.by_uid.put(told.uid, facts);
            return;
        }
        self.deleted.push_back(told.uid);
        if self.deleted.len() > DELETED
            && let Some(oldest) = self.deleted.pop_front()
        {
            self.by_uid.pop(&oldest);
        }
    }

    pub(super) fn get(&self, uid: &str) -> Option<&PodFacts> {
        self.by_uid.peek(uid).map(|facts| &**facts)
    }
}
