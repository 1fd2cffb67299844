//! All of a set of texts that a value begins with: one binary search, then from each to the next shorter one.

use super::Places;

/// Texts in order, each with the longest other one that it begins with.
#[derive(Debug, Default)]
pub(super) struct Prefixes {
    items: Vec<Item>,
}

#[derive(Debug)]
struct Item {
    text: Box<[u8]>,
    shorter: Option<u32>,
    places: Places,
}

impl Prefixes {
    /// Of texts, each there once.
    pub(super) fn new(mut texts: Vec<(Box<[u8]>, Places)>) -> Self {
        texts.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let mut items: Vec<Item> = Vec::with_capacity(texts.len());
        for (text, places) in texts {
            // What this one begins with stands right before it, or is begun with by what stands there.
            let mut shorter = (!items.is_empty()).then(|| items.len() as u32 - 1);
            while let Some(item) = shorter.and_then(|at| items.get(at as usize)) {
                if text.starts_with(&item.text) {
                    break;
                }
                shorter = item.shorter;
            }
            items.push(Item { text, shorter, places });
        }
        Self { items }
    }

    /// Tells `each` the places of every text that `value` begins with.
    pub(super) fn of(&self, value: &[u8], each: &mut dyn FnMut(&[u32])) {
        let behind = self.items.partition_point(|item| *item.text <= *value);
        let mut at = behind.checked_sub(1);
        while let Some(item) = at.and_then(|at| self.items.get(at)) {
            if value.starts_with(&item.text) {
                each(&item.places);
            }
            at = item.shorter.map(|shorter| shorter as usize);
        }
    }
}
