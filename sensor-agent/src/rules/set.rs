//! The rule set: immutable, swapped whole. Rules stand in buckets by ledger slot, each with its condition as it is for
//! that kind of event.

use std::collections::{BTreeSet, HashMap};

use sensor_common::ledger::SLOTS;

use super::{
    compile::{Node, NodeId, Pool},
    events::{self, EventSet, HIGH_VOLUME},
    fields::{Context, FieldRef},
    file::Spot,
    index::Index,
    load::LoadOptions,
    output::{self, Extra, Format},
    predicate::Predicate,
};
use crate::border::{Alert, Priority};

/// How many rules may match one event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Matching {
    /// The first in order of definition: Falco's default.
    #[default]
    First,
    /// All.
    All,
}

/// A rule as it was loaded.
#[derive(Debug)]
pub struct Rule {
    /// Its place among the rules of its set, and in [`super::Evaluator::counts`].
    pub index: usize,
    /// Where its definition starts.
    pub spot: Spot,
    /// Name.
    pub name: String,
    /// Description.
    pub desc: String,
    /// What it says.
    pub output: Format,
    /// Additional `output_fields`.
    pub extra: Vec<Extra>,
    /// Priority.
    pub priority: Priority,
    /// Tags, sorted.
    pub tags: Vec<String>,
    /// Event source.
    pub source: String,
    /// It is evaluated.
    pub is_enabled: bool,
    /// Capture on match.
    pub capture: bool,
    /// ms; 0: the configured default.
    pub capture_duration_ms: u32,
    /// Events for which it can match: an over-approximation.
    pub events: EventSet,
    /// Its condition asks for the name of a file, and counts for the resolved one, too.
    pub(super) resolves: bool,
    /// Its condition in the pool.
    pub(super) condition: NodeId,
}

impl Rule {
    /// The alert of a match. Allocates: it outlives the event.
    pub fn alert(&self, context: &Context<'_>) -> Alert {
        output::alert(&self.name, self.priority, &self.source, &self.tags, &self.output, &self.extra, context)
    }
}

/// The rules of one slot.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    /// Rule and condition, in order of evaluation.
    pub(super) rules: Vec<(u32, NodeId)>,
    /// Which of them an event can match.
    pub(super) index: Index,
    /// One of them goes by resolved names, too.
    pub(super) resolves: bool,
}

/// Everything that evaluation needs.
#[derive(Debug)]
pub struct RuleSet {
    generation: u32,
    pub(super) matching: Matching,
    rules: Vec<Rule>,
    /// By slot.
    buckets: Vec<Bucket>,
    pub(super) nodes: Vec<Node>,
    pub(super) predicates: Vec<Predicate>,
    pub(super) fields: Vec<FieldRef>,
}

impl RuleSet {
    /// Sorts rules into buckets. `order` are the enabled ones in order of evaluation.
    pub(super) fn build(
        mut pool: Pool,
        rules: Vec<Rule>,
        order: &[usize],
        options: &LoadOptions,
        generation: u32,
    ) -> Self {
        let mut buckets: Vec<Bucket> = Vec::new();
        buckets.resize_with(SLOTS, Bucket::default);
        for slot in events::slots() {
            let types = events::types_of(slot);
            let own = EventSet::of(types.iter().copied());
            let mut known = HashMap::new();
            let is_rare = options.all_syscalls || !types.iter().any(|name| HIGH_VOLUME.contains(name));
            let asks = |rule: &&Rule| is_rare || rule.events.names().count() <= events::MANY;
            let candidates = order.iter().filter_map(|index| rules.get(*index)).filter(asks);
            for rule in candidates.filter(|rule| rule.events.and(own) != EventSet::NONE) {
                let condition = pool.specialise(rule.condition, types, &mut known);
                let is_never = pool.nodes.get(condition as usize) == Some(&Node::Const(false));
                if let Some(bucket) = buckets.get_mut(usize::from(slot)).filter(|_| !is_never) {
                    bucket.rules.push((rule.index as u32, condition));
                    bucket.resolves |= rule.resolves;
                }
            }
        }
        let Pool { nodes, predicates, fields, .. } = pool;
        for bucket in &mut buckets {
            let conditions = bucket.rules.iter().map(|(_, condition)| *condition);
            bucket.index = Index::build(conditions, &nodes, &predicates, &fields);
        }
        Self { generation, matching: options.matching, rules, buckets, nodes, predicates, fields }
    }

    /// Number of this set, for the policy and the records that it lets pass.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// Slots that some rule is interested in.
    pub fn slots(&self) -> impl Iterator<Item = u16> {
        self.buckets
            .iter()
            .enumerate()
            .filter(|(_, bucket)| !bucket.rules.is_empty())
            .map(|(slot, _)| slot as u16)
    }

    /// All rules that were loaded, disabled ones too, in order of definition.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Host names that conditions compare addresses with (`fd.sip.name`), sorted.
    pub fn host_names(&self) -> Vec<String> {
        let names = self.predicates.iter().flat_map(Predicate::host_names);
        let names: BTreeSet<_> = names.map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        names.into_iter().collect()
    }

    /// Whether a rule goes by resolved names, too.
    pub(super) fn resolves(&self, rule: usize) -> bool {
        self.rules.get(rule).is_some_and(|rule| rule.resolves)
    }

    /// Rules for events of a slot.
    pub(super) fn bucket(&self, slot: u16) -> Option<&Bucket> {
        self.buckets.get(usize::from(slot))
    }

    /// Words of the largest bucket's bit set.
    pub(super) fn words(&self) -> usize {
        self.buckets.iter().map(|bucket| bucket.index.words()).max().unwrap_or(0)
    }
}
