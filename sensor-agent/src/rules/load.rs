//! From files to a rule set: what compiles is loaded, everything else is told, and neither takes the other down.

mod macros;
mod options;
mod rule;
#[cfg(test)]
mod tests;

pub use options::{AppendOutput, ExtraField, LoadOptions, Selection};

use super::{
    compile::Pool,
    error::{Fault, Faults, ItemKind, Owner, Warning},
    expand::Lists,
    file::{self, Collected, RuleFile, joined},
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
    /// Every list, macro and rule as written, for `-L`.
    pub items: Vec<LoadedItem>,
    /// Required engine versions, as written.
    pub engine_versions: Vec<String>,
    /// Required plugins: name and version.
    pub plugin_versions: Vec<(String, String)>,
}

/// A list, macro or rule as written.
#[derive(Clone, Debug)]
pub struct LoadedItem {
    /// Its kind and name.
    pub owner: Owner,
    /// File of its first definition.
    pub file: String,
    /// Line in it, from 1.
    pub line: usize,
    /// Condition with all that was appended; of a list its items.
    pub text: String,
}

/// Loads files in order. Never fails: with nothing right in them the set is empty and the errors say why.
pub fn load(files: &[RuleFile<'_>], options: &LoadOptions, generation: u32) -> Loaded {
    let mut faults = Faults::new(files);
    let collected = file::read(files, &mut faults);
    let mut lists = Lists::new(&collected);
    let mut pool = Pool::default();
    let mut macros = Macros::compile(&collected, &mut lists, &mut pool, &mut faults);
    let mut rules = Vec::with_capacity(collected.rules.len());
    for source in &collected.rules {
        let loaded = rule::load(source, options, &mut lists, &mut macros, &mut pool, &mut faults);
        rules.extend(loaded.map(|rule| super::Rule { index: rules.len(), ..rule }));
    }
    unused(&collected, &lists, &macros, &mut faults);
    let order = options.select(&mut rules);
    Loaded {
        items: items(&collected, files),
        set: RuleSet::build(pool, rules, &order, options.matching, generation),
        errors: faults.errors,
        warnings: faults.warnings,
        engine_versions: collected.engines,
        plugin_versions: collected.plugins,
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

fn items(collected: &Collected, files: &[RuleFile<'_>]) -> Vec<LoadedItem> {
    let item = |kind, name: &file::Source, text: String| LoadedItem {
        owner: Owner::new(kind, name.text()),
        file: files.get(name.spot().file).map_or("", |file| file.name).to_owned(),
        line: name.spot().line,
        text,
    };
    let lists = collected
        .lists
        .iter()
        .map(|list| item(ItemKind::List, &list.name, joined(list.items.iter().map(file::Source::text))));
    let macros =
        collected.macros.iter().map(|it| item(ItemKind::Macro, &it.name, it.condition.text().to_owned()));
    let rules =
        collected.rules.iter().map(|it| item(ItemKind::Rule, &it.name, it.condition.text().to_owned()));
    lists.chain(macros).chain(rules).collect()
}
