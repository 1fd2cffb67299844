//! Why a rule fired for an event, or did not: its condition as a tree, macros included, with the value and the verdict of
//! each part. Made from the rule's text, so that a reader finds his own words again.

use super::{LoadOptions, describe::print, rule, written::Written};
use crate::{
    enrich::Event,
    rules::{
        check::Checker,
        compile::{Node, Pool},
        error::{Fault, Faults, UpdateError},
        events::{self, EventSet},
        fields::{Context, FieldRef, Naming, event_name},
        file::RuleFile,
        lang::{self, Expr},
        output,
        predicate::{Predicate, Term, Values},
        text::Text,
    },
};

/// One rule, ready to be explained.
#[derive(Debug)]
pub struct Explainer {
    tree: Tree,
    predicates: Vec<Predicate>,
    fields: Vec<FieldRef>,
    events: EventSet,
    /// It goes by resolved names, too.
    resolves: bool,
}

#[derive(Debug)]
struct Tree {
    /// `and`, `or`, `not`, a macro's name, or a comparison.
    label: String,
    kind: Kind,
    kids: Vec<Tree>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    All,
    Any,
    Not,
    Macro,
    /// A predicate by number.
    Predicate(u32),
    /// Known without looking.
    Known(bool),
}

/// A condition with what an event made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Verdict of the whole.
    pub is_match: bool,
    /// The name of a file that the values go by: the resolved one only where that makes the match.
    pub naming: Naming,
    /// Its parts, the whole first.
    pub parts: Vec<Part>,
    /// Of an event that does not match, the comparison that decides.
    pub decisive: Option<String>,
}

/// One part of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// How deep it stands.
    pub depth: usize,
    /// Its verdict.
    pub holds: bool,
    /// As it is written.
    pub label: String,
    /// Of a comparison, the value of its left side as outputs print it; `None`: absent.
    pub value: Option<Option<Vec<u8>>>,
}

impl Explainer {
    /// Of the rule called `name`; `Ok(None)` when no rule is, and faults when it does not load.
    pub fn new(
        files: &[RuleFile<'_>],
        options: &LoadOptions,
        name: &str,
    ) -> Result<Option<Self>, Vec<Fault>> {
        let mut written = Written::read(files, options);
        let Written { collected, lists, macros, pool, .. } = &mut written;
        let Some(found) = collected.rules.iter().find(|it| it.name.text() == name) else { return Ok(None) };
        let mut faults = Faults::new(files);
        let Some(loaded) = rule::load(found, options, lists, macros, pool, &mut faults) else {
            faults.errors.append(&mut faults.warnings);
            return Err(faults.errors);
        };
        let condition = found.full_condition().ok().and_then(|full| lists.expand(&full).ok());
        let text = condition.map_or(String::new(), |condition| condition.text().to_owned());
        let Ok(expr) = lang::parse(&text) else { return Ok(None) };
        let spot = found.condition.spot();
        written.begin();
        let tree = tree(&mut written, &expr, &text, None);
        if written.is_cut() {
            faults.error(spot, UpdateError::Long);
            return Err(faults.errors);
        }
        let Pool { predicates, fields, .. } = written.pool;
        Ok(Some(Self { tree, predicates, fields, events: loaded.events, resolves: loaded.resolves }))
    }

    /// Whether the rule is about events like this one.
    pub fn is_about(&self, event: &Event<'_>) -> bool {
        self.events.and(EventSet::of(events::types_of(event.slot()).iter().copied())) != EventSet::NONE
    }

    /// What the event makes of the rule.
    pub fn explain(&self, event: &Event<'_>) -> Explanation {
        let arena = bumpalo::Bump::new();
        let spelled = Context::new(event, &arena);
        let explanation = self.under(spelled);
        let other = if explanation.is_match || !self.resolves { None } else { spelled.resolved() };
        other.map(|resolved| self.under(resolved)).filter(|other| other.is_match).unwrap_or(explanation)
    }

    /// What an event makes of the rule under one of its names.
    fn under(&self, context: Context<'_>) -> Explanation {
        let mut memo = vec![(0, 0); self.fields.len()];
        let mut values = Values::new(context, &self.fields, &mut memo, 1);
        let mut parts = Vec::new();
        let is_match = self.part(&self.tree, 0, &mut values, &mut parts);
        let decisive = (!is_match).then(|| decisive(&self.tree, &parts, &mut 0, "the condition")).flatten();
        Explanation { is_match, naming: context.naming, parts, decisive }
    }

    /// An event in a few words: number, time, type, process.
    pub fn headline(event: &Event<'_>) -> String {
        let arena = bumpalo::Bump::new();
        let context = Context::new(event, &arena);
        let field = |name: &str| {
            let field = FieldRef::resolve(name, None).ok();
            let text = field.and_then(|field| output::printed(&context, &field));
            String::from_utf8_lossy(text.unwrap_or(b"<NA>")).into_owned()
        };
        let name = event_name(event).unwrap_or("<NA>");
        format!(
            "event {} at {}: {name} by {} ({})",
            event.num,
            field("evt.time"),
            field("proc.name"),
            field("proc.pid")
        )
    }

    fn part<'a>(
        &'a self,
        tree: &'a Tree,
        depth: usize,
        values: &mut Values<'a, '_>,
        parts: &mut Vec<Part>,
    ) -> bool {
        let place = parts.len();
        parts.push(Part { depth, holds: false, label: tree.label.clone(), value: None });
        let mut value = None;
        let holds = match tree.kind {
            Kind::Known(value) => value,
            Kind::Predicate(number) => self.predicates.get(number as usize).is_some_and(|predicate| {
                value = Some(self.value(&predicate.term, values));
                predicate.holds(values)
            }),
            Kind::All | Kind::Any | Kind::Not | Kind::Macro => {
                let mut holds = Vec::with_capacity(tree.kids.len());
                for kid in &tree.kids {
                    holds.push(self.part(kid, depth + 1, values, parts));
                }
                match tree.kind {
                    Kind::Any => holds.contains(&true),
                    Kind::Not => !holds.contains(&true),
                    _ => !holds.contains(&false),
                }
            }
        };
        if let Some(part) = parts.get_mut(place) {
            part.holds = holds;
            part.value = value;
        }
        holds
    }

    fn value<'a>(&'a self, term: &'a Term, values: &mut Values<'a, '_>) -> Option<Vec<u8>> {
        if let Term::Field(number) = term {
            let field = self.fields.get(*number as usize)?;
            return output::printed(values.context(), field).map(<[u8]>::to_vec);
        }
        let value = term.value(values)?;
        let mut text = Text::new(values.context().arena);
        output::write_value(&mut text, &value);
        Some(text.bytes().to_vec())
    }
}

/// The first comparison that fails on the way down; `at` is the place of `tree` in `parts`, `within` the macro that it
/// is part of.
fn decisive(tree: &Tree, parts: &[Part], at: &mut usize, within: &str) -> Option<String> {
    let own = parts.get(*at)?;
    *at += 1;
    match tree.kind {
        Kind::Predicate(_) | Kind::Known(_) => Some(own.label.clone()),
        // Which of several alternatives should have held is not known.
        Kind::Any if tree.kids.len() > 1 => Some(format!("no alternative of {within}")),
        Kind::Not => Some(format!("not {}", tree.kids.first().map_or("", |kid| kid.label.as_str()))),
        Kind::All | Kind::Any | Kind::Macro => {
            let within = if tree.kind == Kind::Macro { &tree.label } else { within };
            for kid in &tree.kids {
                if parts.get(*at).is_some_and(|part| !part.holds) {
                    return decisive(kid, parts, at, within);
                }
                *at += size(kid);
            }
            None
        }
    }
}

fn size(tree: &Tree) -> usize {
    1 + tree.kids.iter().map(size).sum::<usize>()
}

/// The tree of a condition, macros opened.
fn tree(written: &mut Written, expr: &Expr, text: &str, by: Option<usize>) -> Tree {
    let mut grow = |kind, label: &str, parts: &[Expr]| Tree {
        label: label.to_owned(),
        kind,
        kids: parts.iter().map(|part| tree(written, part, text, by)).collect(),
    };
    match expr {
        Expr::And(parts) => grow(Kind::All, "and", parts),
        Expr::Or(parts) => grow(Kind::Any, "or", parts),
        Expr::Not(inner) => grow(Kind::Not, "not", std::slice::from_ref(inner)),
        Expr::Macro(name, _) => {
            let inner = written.open(name, by);
            let inner = inner.map(|(index, expr, text)| tree(written, &expr, &text, Some(index)));
            Tree { label: name.clone(), kind: Kind::Macro, kids: inner.into_iter().collect() }
        }
        Expr::Check(check) => {
            let pool = &mut written.pool;
            let mut none = |_: &mut Pool, name: &str| {
                Err(crate::rules::error::NameError::Macro { name: name.to_owned() }.into())
            };
            let mut checker = Checker { pool, macros: &mut none, warnings: Vec::new() };
            let condition = checker.condition(expr).ok();
            let kind = match condition.and_then(|condition| pool.nodes.get(condition as usize)) {
                Some(Node::Predicate(number)) => Kind::Predicate(*number),
                Some(Node::Const(value)) => Kind::Known(*value),
                _ => Kind::Known(false),
            };
            Tree { label: print::check(check, text), kind, kids: Vec::new() }
        }
    }
}
