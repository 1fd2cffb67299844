//! What lists, macros and rules say and what became of them, as Falco's `-L` document has it. Asked for seldom, so
//! everything is read again; only files that load without an error have a description.

pub(super) mod print;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use self::print::Part;
use super::{LoadOptions, rule, written::Written};
use crate::rules::{
    check::Checker,
    events::{self, EventSet},
    fields::{FieldRef, flag},
    file::{self, Collected, Exception, ExceptionFields, RuleFile, Source},
    lang::{self, Check, Expr, Operand, Rhs},
    output::Format,
};

/// The document for all rules, or for the one called `only`.
pub fn describe(files: &[RuleFile<'_>], options: &LoadOptions, only: Option<&str>) -> Value {
    let mut describer = Describer { written: Written::read(files, options), options };
    let rules = 0..describer.written.collected.rules.len();
    let rules: Vec<_> = rules.filter_map(|index| describer.rule(index, only)).collect();
    if only.is_some() {
        return json!({ "rules": rules });
    }
    let macros = 0..describer.written.collected.macros.len();
    let macros: Vec<_> = macros.filter_map(|index| describer.condition_macro(index)).collect();
    let collected = &describer.written.collected;
    json!({
        "required_engine_version": engine(collected),
        "required_plugin_versions": plugins(collected),
        "lists": collected.lists.iter().map(|it| describer.list(it)).collect::<Vec<_>>(),
        "macros": macros,
        "rules": rules,
    })
}

/// The highest version that the files require.
fn engine(collected: &Collected) -> String {
    let (major, minor, patch) = collected.engines.iter().max().copied().unwrap_or_default();
    format!("{major}.{minor}.{patch}")
}

fn plugins(collected: &Collected) -> Vec<Value> {
    let plugin = |(name, version): &(String, String)| json!({ "name": name, "version": version });
    let described = collected.plugins.iter().map(|requirement| {
        let mut described = requirement.first().map_or(Value::Null, plugin);
        described["alternatives"] = requirement.iter().skip(1).map(plugin).collect();
        described
    });
    described.collect()
}

struct Describer<'o> {
    written: Written,
    options: &'o LoadOptions,
}

impl Describer<'_> {
    fn list(&self, list: &file::List) -> Value {
        let (used, own): (Vec<_>, Vec<_>) = list
            .items
            .iter()
            .map(Source::text)
            .partition(|item| self.written.lists.inner(list, item).is_some());
        let compiled = list.items.iter().flat_map(|item| match self.written.lists.inner(list, item.text()) {
            Some(items) => items.to_vec(),
            None => vec![item.text().to_owned()],
        });
        json!({
            "info": { "name": list.name.text(), "items": own },
            "details": {
                "used": self.written.lists.is_used(list.name.text()),
                "items_compiled": compiled.collect::<Vec<_>>(),
                "lists": used,
                "plugins": [],
            },
        })
    }

    fn condition_macro(&mut self, index: usize) -> Option<Value> {
        let Written { collected, lists, .. } = &mut self.written;
        let condition = lists.expand(&collected.macros.get(index)?.condition).ok()?;
        let mut details = self.facts(&condition, Some(index))?.details();
        let it = self.written.collected.macros.get(index)?;
        details["used"] = self.written.macros.is_used(index).into();
        details["lists"] = self.lists_in(it.condition.text());
        Some(json!({
            "info": { "name": it.name.text(), "condition": it.condition.text() },
            "details": details,
        }))
    }

    fn rule(&mut self, index: usize, only: Option<&str>) -> Option<Value> {
        let Written { collected, lists, .. } = &mut self.written;
        let it = collected.rules.get(index).filter(|it| it.source == rule::SOURCE)?;
        if only.is_some_and(|name| name != it.name.text()) {
            return None;
        }
        let condition = lists.expand(&it.full_condition().ok()?).ok()?;
        let mut facts = self.facts(&condition, None)?;
        let it = self.written.collected.rules.get(index)?;
        let (output, _) = rule::output_text(it, self.options);
        let format = Format::parse(&output).ok()?;
        let fields = format.fields();
        let output_fields: BTreeSet<String> =
            format.expressions().chain(fields.iter().map(|field| field.key())).collect();
        facts.is_plugin |= fields.iter().any(|field| field.field.is(flag::PLUGIN));
        let mut details = facts.details();
        details["lists"] = self.lists_in(it.condition.text());
        details["output_compiled"] = output.into();
        details["output_fields"] = output_fields.into_iter().collect();
        let names: BTreeSet<&str> = it.exceptions.iter().map(|it| it.name.text()).collect();
        let operators: BTreeSet<&str> = it.exceptions.iter().flat_map(Exception::operators).collect();
        let valued = it.exceptions.iter().filter(|it| it.has_any_value());
        let fields = valued.filter_map(|it| it.fields.as_ref()).flat_map(ExceptionFields::iter);
        details["exception_names"] = names.into_iter().collect();
        details["exception_operators"] = operators.into_iter().collect();
        details["exception_fields"] = fields.map(Source::text).collect::<BTreeSet<_>>().into_iter().collect();
        Some(json!({
            "info": {
                "name": it.name.text(),
                "condition": it.condition.text(),
                "description": it.desc.text(),
                "output": it.output.text(),
                "enabled": it.enabled,
                "priority": it.priority.label(),
                "source": it.source,
                "tags": it.tags,
                "capture": it.capture,
                "capture_duration": it.capture_duration_ms,
            },
            "details": details,
        }))
    }

    /// Names of lists among the values of a condition as it is written.
    fn lists_in(&self, condition: &str) -> Value {
        let mut names = BTreeSet::new();
        if let Ok(expr) = lang::parse(condition) {
            expr.each_check(&mut |check| {
                if let Rhs::List(words) | Rhs::Each(_, words) = &check.value {
                    names.extend(words.iter().map(|word| String::from_utf8_lossy(&word.bytes).into_owned()));
                }
            });
        }
        names.retain(|name| self.written.lists.has(name));
        names.into_iter().collect()
    }

    /// What is known of a condition, `by` a macro or a rule.
    fn facts(&mut self, condition: &Source, by: Option<usize>) -> Option<Facts> {
        let expr = lang::parse(condition.text()).ok()?;
        let Written { macros, pool, .. } = &mut self.written;
        let mut checker =
            Checker { pool, macros: &mut |_, name| macros.find(name, by), warnings: Vec::new() };
        let node = checker.condition(&expr).ok()?;
        let mut facts = Facts { events: self.written.pool.events(node), ..Facts::default() };
        self.written.begin();
        facts.compiled = self.visit(&expr, condition.text(), by, &mut facts, true);
        Some(facts)
    }

    /// Notes what a condition is made of, and prints it with macros put in; what makes too much text stays a name.
    fn visit(
        &mut self,
        expr: &Expr,
        text: &str,
        by: Option<usize>,
        facts: &mut Facts,
        is_own: bool,
    ) -> String {
        print::expr(expr, text, &mut |part| match part {
            Part::Macro(name) => {
                if is_own {
                    facts.macros.insert(name.to_owned());
                }
                let (index, expr, text) = self.written.open(name, by)?;
                Some(self.visit(&expr, &text, Some(index), facts, false))
            }
            Part::Check(check) => {
                facts.operators.insert(print::operator(check, text));
                facts.is_plugin |= is_container_event(check);
                facts.operand(&check.operand);
                if let Rhs::Operand(operand) = &check.value {
                    facts.operand(operand);
                }
                None
            }
        })
    }
}

/// Whether a check asks for an event that Falco's container plugin makes.
fn is_container_event(check: &Check) -> bool {
    let Operand::Field { name, .. } = &check.operand else { return false };
    let words = match &check.value {
        Rhs::One(word) => std::slice::from_ref(word),
        Rhs::List(words) | Rhs::Each(_, words) => words.as_slice(),
        _ => &[],
    };
    matches!(name.as_str(), "evt.type" | "evt.asynctype")
        && words.iter().any(|word| matches!(word.bytes.as_slice(), b"container" | b"container_removed"))
}

/// What a condition is made of.
#[derive(Default)]
struct Facts {
    compiled: String,
    events: EventSet,
    operators: BTreeSet<String>,
    fields: BTreeSet<String>,
    macros: BTreeSet<String>,
    is_plugin: bool,
}

impl Facts {
    fn operand(&mut self, operand: &Operand) {
        match operand {
            Operand::Field { name, arg, .. } => {
                self.fields.insert(arg.as_ref().map_or(name.clone(), |arg| format!("{name}[{arg}]")));
                let field = FieldRef::resolve(name, arg.as_deref());
                self.is_plugin |= field.is_ok_and(|it| it.field.is(flag::PLUGIN));
            }
            Operand::Call { args, .. } | Operand::List(args, _) => {
                for arg in args {
                    self.operand(arg);
                }
            }
            Operand::Text(_) => {}
        }
    }

    fn details(&self) -> Value {
        // Whatever its condition, Falco gives every rule the events that plugins make.
        let listed = self.events.names().filter(|name| events::is_listed(name));
        let events: BTreeSet<&str> = listed.chain(["asyncevent"]).collect();
        json!({
            "condition_compiled": self.compiled,
            "condition_operators": self.operators,
            "condition_fields": self.fields,
            "events": events,
            "macros": self.macros,
            "plugins": if self.is_plugin { vec!["container"] } else { Vec::new() },
        })
    }
}
