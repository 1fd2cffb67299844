//! What is left of an evaluation that must wait for runtimes: rules in order, and what is known of them.

use super::{Answer, NAMINGS, NodeId, Run, Runs};
use crate::rules::{compile::Node, set::RuleSet};

/// Decided parts of conditions.
type Known = Box<[(NodeId, bool)]>;

/// To be handed to the evaluator that made it, [`super::Evaluator::resume`].
#[derive(Debug)]
pub struct Undecided {
    /// Rule and condition.
    pub(super) rules: Box<[(u32, NodeId)]>,
    /// Parts of the conditions that are decided, by naming.
    pub(super) known: [Known; NAMINGS],
}

impl Undecided {
    /// Whether the rule called `name` is among what is to be decided.
    pub fn is_about(&self, set: &RuleSet, name: &str) -> bool {
        self.rules.iter().any(|(index, _)| set.rules().get(*index as usize).is_some_and(|it| it.name == name))
    }

    /// Bytes on the heap.
    pub fn size(&self) -> usize {
        size_of_val(&*self.rules) + self.known.iter().map(|known| size_of_val(&**known)).sum::<usize>()
    }
}

impl Runs<'_, '_> {
    /// Keeps the answers that `rules` have so far.
    pub(super) fn undecided(&self, rules: Vec<(u32, NodeId)>) -> Undecided {
        let resolved = self.resolved.as_ref().map(|run| run.decided(&rules)).unwrap_or_default();
        Undecided { known: [self.spelled.decided(&rules), resolved], rules: rules.into_boxed_slice() }
    }
}

impl Run<'_, '_> {
    /// The parts that are decided: of an unknown part those of its parts.
    fn decided(&self, rules: &[(u32, NodeId)]) -> Known {
        let mut known: Vec<(NodeId, bool)> = Vec::new();
        let mut unknown: Vec<NodeId> = Vec::new();
        let mut next = 0;
        let mut look = |id: NodeId, unknown: &mut Vec<NodeId>| match self.known(id) {
            Some(Answer::Unknown) if !unknown.contains(&id) => unknown.push(id),
            Some(answer @ (Answer::True | Answer::False)) if known.iter().all(|(known, _)| *known != id) => {
                known.push((id, answer == Answer::True));
            }
            _ => {}
        };
        for (_, condition) in rules {
            look(*condition, &mut unknown);
        }
        while let Some(id) = unknown.get(next).copied() {
            next += 1;
            match self.set.nodes.get(id as usize) {
                Some(Node::Not(inner)) => look(*inner, &mut unknown),
                Some(Node::And(parts) | Node::Or(parts)) => {
                    parts.iter().for_each(|part| look(*part, &mut unknown));
                }
                _ => {}
            }
        }
        known.into_boxed_slice()
    }
}
