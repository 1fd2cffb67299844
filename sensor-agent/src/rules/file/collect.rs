//! All items together: what is defined, appended to and overridden, in file order.

use std::collections::{BTreeSet, HashMap};

use super::{
    decode::Result,
    exception::{self, Exception, MAX_TEXT},
    item::{Item, ListItem, MacroItem, RuleItem, RuleKey},
    place::{Source, Spot},
};
use crate::{
    border::Priority,
    rules::error::{Fail, Faults, ItemKind, UpdateError, Warning},
};

/// Every list, macro and rule as the last item left it, in order of first definition.
#[derive(Debug, Default)]
pub struct Collected {
    /// Required engine versions.
    pub engines: Vec<(u64, u64, u64)>,
    /// Required plugins, each with those that would do in its place: name and version.
    pub plugins: Vec<Vec<(String, String)>>,
    /// Lists.
    pub lists: Vec<List>,
    /// Macros.
    pub macros: Vec<Macro>,
    /// Rules.
    pub rules: Vec<Rule>,
    names: HashMap<(ItemKind, String), usize>,
    /// Lists, macros and rules count together: a name is visible to what was last changed behind its definition.
    counter: usize,
}

/// A list.
#[derive(Debug)]
pub struct List {
    /// Where its definition starts.
    pub spot: Spot,
    /// Name.
    pub name: Source,
    /// Items as written.
    pub items: Vec<Source>,
    /// When it was first defined.
    pub index: usize,
    /// When it was last changed.
    pub changed: usize,
}

/// A macro.
#[derive(Debug)]
pub struct Macro {
    /// Where its definition starts.
    pub spot: Spot,
    /// Name.
    pub name: Source,
    /// Condition as written.
    pub condition: Source,
    /// When it was first defined.
    pub index: usize,
    /// When it was last changed.
    pub changed: usize,
}

/// A rule.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "they are the keys of a rule")]
pub struct Rule {
    /// Where its definition starts.
    pub spot: Spot,
    /// Name.
    pub name: Source,
    /// Condition as written, without exceptions.
    pub condition: Source,
    /// Output as written.
    pub output: Source,
    /// Description.
    pub desc: Source,
    /// Priority.
    pub priority: Priority,
    /// Event source.
    pub source: String,
    /// Enabled.
    pub enabled: bool,
    /// Tags.
    pub tags: BTreeSet<String>,
    /// Exceptions.
    pub exceptions: Vec<Exception>,
    /// Warn when the rule looks at too many events.
    pub warn_evttypes: bool,
    /// Count for resolved names, too; `None`: as the configuration says.
    pub resolved_paths: Option<bool>,
    /// Drop the rule with a warning when it names something unknown.
    pub skip_if_unknown_filter: bool,
    /// Capture on match.
    pub capture: bool,
    /// ms; 0: the configured default.
    pub capture_duration_ms: u32,
}

impl Rule {
    /// The condition with its exceptions: `(condition) and not (…)`.
    pub fn full_condition(&self) -> Result<Source> {
        let mut clauses = Vec::new();
        for exception in &self.exceptions {
            if let Some(clause) = exception.clause()? {
                clauses.push((clause, exception.name.spot()));
            }
        }
        if clauses.is_empty() {
            return Ok(self.condition.clone());
        }
        let mut full = Source::default();
        full.push_made("(", self.condition.spot());
        full.push_source(&self.condition);
        full.push_made(")", self.condition.spot());
        for (clause, spot) in clauses {
            full.push_made(&format!(" and not {clause}"), spot);
        }
        Ok(full)
    }
}

impl Collected {
    pub(super) fn add(&mut self, item: Item, faults: &mut Faults<'_>) {
        self.counter += 1;
        let result = match item {
            Item::Engine(version) => {
                self.engines.push(version);
                Ok(())
            }
            Item::Plugins(plugins) => {
                self.plugins.extend(plugins);
                Ok(())
            }
            Item::List(item) => self.list(item, faults),
            Item::Macro(item) => self.macro_(item, faults),
            Item::Rule(item) => self.rule(*item, faults),
        };
        if let Err(fault) = result {
            faults.push(fault);
        }
    }

    fn find(&self, kind: ItemKind, name: &Source) -> Option<usize> {
        self.names.get(&(kind, name.text().to_owned())).copied()
    }

    /// The item that an update needs.
    fn existing(&self, kind: ItemKind, name: &Source) -> Result<usize> {
        let missing = || Fail::new(name.spot(), UpdateError::Missing { kind, name: name.text().to_owned() });
        self.find(kind, name).ok_or_else(missing)
    }

    fn list(&mut self, item: ListItem, faults: &mut Faults<'_>) -> Result<()> {
        if item.is_append {
            let at = self.existing(ItemKind::List, &item.name)?;
            if let Some(list) = self.lists.get_mut(at) {
                list.items.extend(item.items);
                list.changed = self.counter;
            }
            return Ok(());
        }
        let found = self.find(ItemKind::List, &item.name);
        if let Some(list) = found.and_then(|at| self.lists.get_mut(at)) {
            tell_again(ItemKind::List, &list.name, list.spot, item.name.spot(), faults);
            (list.items, list.changed, list.spot) = (item.items, self.counter, item.spot);
            return Ok(());
        }
        self.names.insert((ItemKind::List, item.name.text().to_owned()), self.lists.len());
        self.lists.push(List {
            spot: item.spot,
            name: item.name,
            items: item.items,
            index: self.counter,
            changed: self.counter,
        });
        Ok(())
    }

    fn macro_(&mut self, item: MacroItem, faults: &mut Faults<'_>) -> Result<()> {
        if item.is_append {
            let at = self.existing(ItemKind::Macro, &item.name)?;
            if let Some(found) = self.macros.get_mut(at) {
                append(&mut found.condition, &item.condition)?;
                found.changed = self.counter;
            }
            return Ok(());
        }
        let found = self.find(ItemKind::Macro, &item.name);
        if let Some(found) = found.and_then(|at| self.macros.get_mut(at)) {
            tell_again(ItemKind::Macro, &found.name, found.spot, item.name.spot(), faults);
            (found.condition, found.changed, found.spot) = (item.condition, self.counter, item.spot);
            return Ok(());
        }
        self.names.insert((ItemKind::Macro, item.name.text().to_owned()), self.macros.len());
        let (index, changed) = (self.counter, self.counter);
        let MacroItem { spot, name, condition, .. } = item;
        self.macros.push(Macro { spot, name, condition, index, changed });
        Ok(())
    }

    fn rule(&mut self, item: RuleItem, faults: &mut Faults<'_>) -> Result<()> {
        match item.key.clone() {
            RuleKey::Define => self.define(item, faults),
            RuleKey::Enable => {
                let at = self.existing(ItemKind::Rule, &item.name)?;
                if let (Some(rule), Some(enabled)) = (self.rules.get_mut(at), item.enabled) {
                    rule.enabled = enabled;
                }
                Ok(())
            }
            RuleKey::Append => {
                let keys = ["condition", "exceptions"].map(|key| (key.to_owned(), true));
                self.update(item, &keys, true, faults)
            }
            RuleKey::Override(keys) => {
                let is_condition = keys.iter().any(|(key, _)| key == "condition");
                self.update(item, &keys, is_condition, faults)
            }
        }
    }

    fn define(&mut self, item: RuleItem, faults: &mut Faults<'_>) -> Result<()> {
        let at = self.find(ItemKind::Rule, &item.name);
        let source = item.source.as_ref().map_or("syscall", Source::text).to_owned();
        if let Some(old) = at.and_then(|at| self.rules.get(at))
            && old.source != source
        {
            return Err(Fail::new(item.name.spot(), UpdateError::Source));
        }
        let exceptions = checked(item.exceptions.unwrap_or_default())?;
        let (Some(condition), Some(mut output), Some(desc), Some(priority)) =
            (item.condition, item.output, item.desc, item.priority)
        else {
            return Ok(());
        };
        let trimmed = output.text().trim_end().len();
        let start = output.text().len() - output.text().trim_start().len();
        if start < trimmed {
            let mut inner = Source::default();
            inner.push_slice(&output, start, trimmed);
            output = inner;
        }
        let rule = Rule {
            spot: item.spot,
            name: item.name,
            condition,
            output,
            desc,
            priority,
            source,
            enabled: item.enabled.unwrap_or(true),
            tags: item.tags.unwrap_or_default().into_iter().collect(),
            exceptions,
            warn_evttypes: item.warn_evttypes.unwrap_or(true),
            resolved_paths: item.resolved_paths,
            skip_if_unknown_filter: item.skip_if_unknown_filter.unwrap_or(false),
            capture: item.capture.unwrap_or(false),
            capture_duration_ms: item.capture_duration_ms.unwrap_or(0),
        };
        if let Some(old) = at.and_then(|at| self.rules.get_mut(at)) {
            tell_again(ItemKind::Rule, &rule.name, old.spot, rule.name.spot(), faults);
            *old = rule;
        } else {
            self.names.insert((ItemKind::Rule, rule.name.text().to_owned()), self.rules.len());
            self.rules.push(rule);
        }
        Ok(())
    }

    /// Applies the keys that an item appends to or replaces: first all that append.
    fn update(
        &mut self,
        item: RuleItem,
        keys: &[(String, bool)],
        checks_source: bool,
        faults: &mut Faults<'_>,
    ) -> Result<()> {
        let at = self.existing(ItemKind::Rule, &item.name)?;
        let Some(rule) = self.rules.get_mut(at) else { return Ok(()) };
        if checks_source && item.source.as_ref().is_some_and(|source| source.text() != rule.source) {
            return Err(Fail::new(item.name.spot(), UpdateError::Source));
        }
        let action = |key: &str| keys.iter().find(|(other, _)| other == key).map(|(_, is_append)| *is_append);
        let texts = [
            (&mut rule.condition, item.condition, "condition"),
            (&mut rule.output, item.output, "output"),
            (&mut rule.desc, item.desc, "desc"),
        ];
        for (old, new, key) in texts {
            match (action(key), new) {
                (Some(true), Some(new)) => append(old, &new)?,
                (Some(false), Some(new)) => *old = new,
                _ => {}
            }
        }
        match (action("tags"), item.tags) {
            (Some(true), Some(tags)) => rule.tags.extend(tags),
            (Some(false), Some(tags)) => rule.tags = tags.into_iter().collect(),
            _ => {}
        }
        match (action("exceptions"), item.exceptions) {
            (Some(true), Some(new)) => extend(&mut rule.exceptions, new, faults)?,
            (Some(false), Some(new)) => rule.exceptions = checked(new)?,
            _ => {}
        }
        let replace = |key: &str| action(key) == Some(false);
        set(&mut rule.priority, item.priority, replace("priority"));
        set(&mut rule.enabled, item.enabled, replace("enabled"));
        set(&mut rule.capture, item.capture, replace("capture"));
        set(&mut rule.capture_duration_ms, item.capture_duration_ms, replace("capture_duration"));
        if replace("resolved_paths") {
            rule.resolved_paths = item.resolved_paths;
        }
        set(&mut rule.warn_evttypes, item.warn_evttypes, replace("warn_evttypes"));
        set(&mut rule.skip_if_unknown_filter, item.skip_if_unknown_filter, replace("skip-if-unknown-filter"));
        Ok(())
    }
}

/// Of a file that defines an item twice; that a later file does is how people change what is given.
fn tell_again(kind: ItemKind, name: &Source, old: Spot, new: Spot, faults: &mut Faults<'_>) {
    if old.file == new.file {
        faults.enter(kind, name.text(), old);
        faults.warn(old, Warning::Again { kind, name: name.text().to_owned(), line: new.line });
    }
}

fn set<T>(old: &mut T, new: Option<T>, is_replaced: bool) {
    if let Some(new) = new.filter(|_| is_replaced) {
        *old = new;
    }
}

fn append(old: &mut Source, new: &Source) -> Result<()> {
    if old.text().len() + new.text().len() > MAX_TEXT {
        return Err(Fail::new(new.spot(), UpdateError::Long));
    }
    old.push_made(" ", new.spot());
    old.push_source(new);
    Ok(())
}

fn checked(new: Vec<Exception>) -> Result<Vec<Exception>> {
    new.iter().try_for_each(Exception::check_new)?;
    Ok(new)
}

fn extend(old: &mut Vec<Exception>, new: Vec<Exception>, faults: &mut Faults<'_>) -> Result<()> {
    for exception in new {
        if let Some(known) = old.iter_mut().find(|known| known.name.text() == exception.name.text()) {
            known.add_values(&exception, faults)?;
        } else {
            exception.check_new()?;
            old.push(exception);
        }
    }
    Ok(())
}

/// The items of a list as condition text; empty ones are none.
pub(crate) fn joined<'s>(items: impl Iterator<Item = &'s str>) -> String {
    items.filter(|item| !item.is_empty()).map(exception::quoted).collect::<Vec<_>>().join(", ")
}
