//! `saker lint`: what is right by the language and still not what its author meant. Rules that never fire, conditions that
//! cost more than they need to; beside them all that loading warned of.

mod implies;
#[cfg(test)]
mod tests;

use super::{
    Rule, RuleSet,
    compile::{Node, NodeId},
    error::{Fault, Faults, ItemKind, Warning},
    events,
    fields::{FieldRef, Shape},
    file::RuleFile,
    index::has_guard,
    load::{LoadOptions, load},
    predicate::{Predicate, Term, Test},
    set::Matching,
};
use implies::Logic;

/// Calls of which a busy machine makes tens of thousands a second.
const FREQUENT: [&str; 9] =
    ["open", "openat", "openat2", "close", "read", "write", "sendto", "recvfrom", "connect"];

/// What is to be said of rule files.
#[derive(Debug)]
pub struct Findings {
    /// What does not load.
    pub errors: Vec<Fault>,
    /// Everything else, by file and line.
    pub findings: Vec<Fault>,
}

/// Looks at files as the configured sensor would load them.
pub fn lint(files: &[RuleFile<'_>], options: &LoadOptions) -> Findings {
    let loaded = load(files, options, 0);
    let mut faults = Faults::new(files);
    let linter = Linter { set: &loaded.set, logic: Logic::new(&loaded.set) };
    for rule in loaded.set.rules().iter().filter(|rule| rule.is_enabled) {
        faults.enter(ItemKind::Rule, &rule.name, rule.spot);
        linter.rule(rule, &mut faults);
    }
    let mut findings = loaded.warnings;
    findings.extend(loaded.cautions);
    findings.extend(faults.cautions);
    let place = |name: &str| files.iter().position(|file| file.name == name);
    findings.sort_by_key(|fault| (place(&fault.file), fault.line, fault.column));
    Findings { errors: loaded.errors, findings }
}

struct Linter<'s> {
    set: &'s RuleSet,
    logic: Logic<'s>,
}

impl Linter<'_> {
    fn rule(&self, rule: &Rule, faults: &mut Faults<'_>) {
        let places = self.places(rule);
        let is_seen = rule.events.and(events::captured()).names().next().is_some();
        let is_never = matches!(self.set.nodes.get(rule.condition as usize), Some(Node::Const(_)));
        let contradicts = places.iter().all(|(_, _, condition)| self.logic.is_never(*condition));
        if is_seen && !is_never && contradicts {
            faults.warn(rule.spot, Warning::Contradiction);
            return;
        }
        if let Some(by) = self.shadow(&places) {
            faults.warn(rule.spot, Warning::Shadowed { by });
        }
        if let Some(warning) = places.iter().find_map(|(slot, _, condition)| self.costly(*slot, *condition)) {
            faults.warn(rule.spot, warning);
        }
    }

    /// Where a rule is evaluated: slot, place in its bucket, and the condition as it is there.
    fn places(&self, rule: &Rule) -> Vec<(u16, usize, NodeId)> {
        let in_bucket = |slot: u16| {
            let rules = &self.set.bucket(slot)?.rules;
            let place = rules.iter().position(|(index, _)| *index as usize == rule.index)?;
            Some((slot, place, rules.get(place)?.1))
        };
        events::slots().filter_map(in_bucket).collect()
    }

    /// The rule that matches first wherever this one would.
    fn shadow(&self, places: &[(u16, usize, NodeId)]) -> Option<String> {
        if self.set.matching != Matching::First {
            return None;
        }
        let mut by = None;
        for (slot, place, condition) in places {
            let earlier = self.set.bucket(*slot)?.rules.iter().take(*place);
            let (index, _) = earlier.into_iter().find(|(_, other)| self.logic.implies(*condition, *other))?;
            by = by.or_else(|| self.set.rules().get(*index as usize));
        }
        by.map(|rule| rule.name.clone())
    }

    /// A part that is asked of every event of a frequent kind and costs more than a comparison.
    fn costly(&self, slot: u16, condition: NodeId) -> Option<Warning> {
        let event = events::types_of(slot).iter().find(|name| FREQUENT.contains(name))?;
        if has_guard(self.set, condition) {
            return None;
        }
        let first = self.first(condition)?;
        let is_regex = matches!(first.test, Test::Regex(_));
        let is_long = first.shape == Shape::AnyAncestor || matches!(first.term, Term::Call(..));
        (is_regex || is_long).then(|| Warning::Costly { part: self.told(first), event })
    }

    /// The predicate that evaluation begins with.
    fn first(&self, id: NodeId) -> Option<&Predicate> {
        match self.set.nodes.get(id as usize)? {
            Node::Const(_) => None,
            Node::Predicate(number) => self.set.predicates.get(*number as usize),
            Node::Not(inner) => self.first(*inner),
            Node::And(parts) | Node::Or(parts) => self.first(*parts.first()?),
        }
    }

    fn told(&self, predicate: &Predicate) -> String {
        let term = match &predicate.term {
            Term::Field(number) => self.set.fields.get(*number as usize).map_or(String::new(), FieldRef::key),
            Term::Call(transformer, ..) => format!("{}(…)", transformer.name()),
            Term::Text(_) | Term::List(_) => String::new(),
        };
        if let Test::Regex(_) = predicate.test { format!("{term} regex …") } else { term }
    }
}
