//! Which rules of a bucket an event can match at all. Of each rule one part that has to hold is looked up by the value of
//! its field instead of being asked: `fd.name in (…)`, `proc.name = …`, `fd.name startswith …`. With thousands of rules
//! an event that matches nothing costs a few look-ups.

mod guard;
mod prefixes;
#[cfg(test)]
mod tests;

use rustc_hash::FxHashMap;

use super::{
    compile::{Node, NodeId},
    fields::{FieldRef, Shape, flag},
    predicate::{Predicate, Values},
    set::RuleSet,
    value::Value,
};
use guard::{Guard, Key};
use prefixes::Prefixes;

/// Places in a bucket.
type Places = Vec<u32>;

/// The index of one bucket.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// A bit for each place whose rule has no part that can be looked up.
    always: Vec<u64>,
    fields: Vec<FieldIndex>,
}

/// Look-ups by the value of one field.
#[derive(Debug, Default)]
struct FieldIndex {
    field: u32,
    exact: FxHashMap<Box<[u8]>, Places>,
    prefixes: Prefixes,
}

impl Index {
    /// Of a bucket with these conditions, in order of evaluation.
    pub(super) fn build(
        conditions: impl ExactSizeIterator<Item = NodeId>,
        nodes: &[Node],
        predicates: &[Predicate],
        fields: &[FieldRef],
    ) -> Self {
        let mut index = Self { always: vec![0; conditions.len().div_ceil(64)], fields: Vec::new() };
        let mut keys: FxHashMap<u32, Vec<(Key, u32)>> = FxHashMap::default();
        let is_key = is_key(fields);
        for (place, condition) in (0_u32..).zip(conditions) {
            match Guard::of(condition, nodes, predicates, &is_key) {
                Some(guard) => {
                    for (field, key) in guard.keys {
                        keys.entry(field).or_default().push((key, place));
                    }
                }
                None => set(&mut index.always, place),
            }
        }
        let mut keys: Vec<_> = keys.into_iter().collect();
        keys.sort_unstable_by_key(|(field, _)| *field);
        index.fields = keys.into_iter().map(|(field, keys)| FieldIndex::new(field, keys)).collect();
        index
    }

    /// Words of the bit set that [`Self::candidates`] fills.
    pub(super) fn words(&self) -> usize {
        self.always.len()
    }

    /// Sets the bits of all rules that can match an event with one of these values; `bits` has [`Self::words`] words.
    pub(super) fn candidates<'v, 'a: 'v, 'm: 'v>(
        &self,
        values: impl Iterator<Item = &'v mut Values<'a, 'm>>,
        bits: &mut [u64],
    ) {
        bits.copy_from_slice(&self.always);
        for values in values {
            for field in &self.fields {
                if let Some(Value::Text(text)) = values.field(field.field) {
                    let exact = field.exact.get(text).map(Vec::as_slice).unwrap_or_default();
                    set_all(bits, exact);
                    field.prefixes.of(text, &mut |places| set_all(bits, places));
                }
            }
        }
    }
}

impl FieldIndex {
    fn new(field: u32, keys: Vec<(Key, u32)>) -> Self {
        let mut index = Self { field, ..Self::default() };
        let mut prefixes: FxHashMap<Box<[u8]>, Places> = FxHashMap::default();
        for (key, place) in keys {
            let places = match key {
                Key::Exact(text) => index.exact.entry(text).or_default(),
                Key::Prefix(text) => prefixes.entry(text).or_default(),
            };
            if places.last() != Some(&place) {
                places.push(place);
            }
        }
        index.prefixes = Prefixes::new(prefixes.into_iter().collect());
        index
    }
}

/// Whether a condition of a set has a part that can be looked up.
pub(super) fn has_guard(set: &RuleSet, condition: NodeId) -> bool {
    Guard::of(condition, &set.nodes, &set.predicates, &is_key(&set.fields)).is_some()
}

/// Fields that are keys: those with one value. What may become known later, as of a container, rules nothing out.
fn is_key(fields: &[FieldRef]) -> impl Fn(u32) -> bool {
    let is_late = |it: &FieldRef| it.field.is(flag::PLUGIN) || it.field.is(flag::CONTEXT);
    move |field| fields.get(field as usize).is_some_and(|it| it.shape == Shape::One && !is_late(it))
}

fn set_all(bits: &mut [u64], places: &[u32]) {
    for place in places {
        set(bits, *place);
    }
}

fn set(bits: &mut [u64], place: u32) {
    if let Some(word) = bits.get_mut(place as usize / 64) {
        *word |= 1 << (place % 64);
    }
}

/// The places whose bits are set, in order.
pub(super) fn places(bits: &[u64]) -> impl Iterator<Item = usize> {
    bits.iter().enumerate().flat_map(|(word, bits)| {
        let mut left = *bits;
        std::iter::from_fn(move || {
            let bit = (left != 0).then(|| left.trailing_zeros() as usize)?;
            left &= left - 1;
            Some(word * 64 + bit)
        })
    })
}
