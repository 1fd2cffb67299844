//! From files to a rule set: what compiles is loaded, everything else is told, and neither takes the other down.

mod advice;
mod describe;
mod explain;
mod macros;
mod options;
mod rule;
mod written;
#[cfg(test)]
mod tests;

pub use describe::describe;
pub use explain::{Explainer, Explanation, Part};
pub use options::{AppendOutput, ExtraField, LoadOptions, Selection};

use super::{
    compile::Pool,
    error::{Fault, Faults, ItemKind, Warning},
    expand::Lists,
    file::{self, Collected, RuleFile},
    set::RuleSet,
};
use macros::Macros;

/// What became of rule files.
#[derive(Debug)]
pub struct Loaded {
    /// The rules that compile.
    pub set: RuleSet,
    /// What does not.
    pub errors: Vec<Fault>,
    /// What is suspicious.
    pub warnings: Vec<Fault>,
    /// What Falco accepts in silence, and what this sensor does not supply.
    pub cautions: Vec<Fault>,
}

/// Loads files in order. Never fails: with nothing right in them the set is empty and the errors say why.
pub fn load(files: &[RuleFile<'_>], options: &LoadOptions, generation: u32) -> Loaded {
    let mut faults = Faults::new(files);
    let collected = file::read(files, &mut faults);
    let mut lists = Lists::new(&collected);
    let mut pool = Pool::new(&options.static_fields);
    let mut macros = Macros::compile(&collected, &mut lists, &mut pool, &mut faults);
    let mut rules = Vec::with_capacity(collected.rules.len());
    for source in &collected.rules {
        let loaded = rule::load(source, options, &mut lists, &mut macros, &mut pool, &mut faults);
        rules.extend(loaded.map(|rule| super::Rule { index: rules.len(), ..rule }));
    }
    unused(&collected, &lists, &macros, &mut faults);
    let order = options.select(&mut rules);
    Loaded {
        set: RuleSet::build(pool, rules, &order, options, generation),
        errors: faults.errors,
        warnings: faults.warnings,
        cautions: faults.cautions,
    }
}

fn unused(collected: &Collected, lists: &Lists, macros: &Macros, faults: &mut Faults<'_>) {
    let numbered = collected.macros.iter().enumerate();
    for (_, item) in numbered.filter(|(index, _)| !macros.is_used(*index)) {
        faults.enter(ItemKind::Macro, item.name.text(), item.spot);
        faults.warn(item.name.spot(), Warning::UnusedMacro);
    }
    for list in collected.lists.iter().filter(|list| !lists.is_used(list.name.text())) {
        faults.enter(ItemKind::List, list.name.text(), list.spot);
        faults.warn(list.name.spot(), Warning::UnusedList);
    }
}
