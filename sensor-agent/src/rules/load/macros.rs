//! Macros: each is parsed and checked once, the ones it uses before it.

use std::collections::HashMap;

use crate::rules::{
    check::{At, Checker},
    compile::{NodeId, Pool},
    error::{Code, Faults, InCondition, ItemKind, NameError, Reason, UpdateError},
    expand::Lists,
    file::{Collected, Source},
    lang::{self, Expr},
};

use super::advice::Advice;

/// All macros, compiled.
pub(super) struct Macros {
    by_name: HashMap<String, usize>,
    states: Vec<State>,
    used: Vec<bool>,
    /// Numbers of first definition and last change.
    places: Vec<(usize, usize)>,
}

#[derive(Clone, Copy)]
enum State {
    Todo,
    /// Waits for macros that it uses.
    Busy,
    Done(NodeId),
    Broken(Code),
}

struct Parsed {
    written: Source,
    condition: Source,
    expr: Expr,
    uses: Vec<String>,
}

impl Macros {
    pub(super) fn compile(
        collected: &Collected,
        lists: &mut Lists,
        pool: &mut Pool,
        faults: &mut Faults<'_>,
    ) -> Self {
        let mut macros = Self {
            by_name: HashMap::new(),
            states: vec![State::Todo; collected.macros.len()],
            used: vec![false; collected.macros.len()],
            places: collected.macros.iter().map(|item| (item.index, item.changed)).collect(),
        };
        let names = collected.macros.iter().enumerate();
        macros.by_name.extend(names.map(|(index, item)| (item.name.text().to_owned(), index)));
        let mut parsed = Vec::with_capacity(collected.macros.len());
        for (index, item) in collected.macros.iter().enumerate() {
            faults.enter(ItemKind::Macro, item.name.text(), item.spot);
            let result = parse(&item.condition, lists, &macros, faults);
            if let (Err(code), Some(state)) = (&result, macros.states.get_mut(index)) {
                *state = State::Broken(*code);
            }
            parsed.push(result.ok());
        }
        for index in 0..parsed.len() {
            macros.compile_from(index, &parsed, collected, lists, pool, faults);
        }
        macros
    }

    pub(super) fn is_used(&self, index: usize) -> bool {
        self.used.get(index).copied().unwrap_or(false)
    }

    /// Compiles one macro and, before it, those it uses; with a stack of its own because chains may be long.
    fn compile_from(
        &mut self,
        start: usize,
        parsed: &[Option<Parsed>],
        collected: &Collected,
        lists: &Lists,
        pool: &mut Pool,
        faults: &mut Faults<'_>,
    ) {
        let mut stack = vec![start];
        while let Some(index) = stack.last().copied() {
            let (Some(State::Todo | State::Busy), Some(Some(it))) =
                (self.states.get(index), parsed.get(index))
            else {
                stack.pop();
                continue;
            };
            self.set(index, State::Busy);
            let next = it.uses.iter().find_map(|name| {
                let used = self.by_name.get(name).copied()?;
                let is_todo = matches!(self.states.get(used), Some(State::Todo));
                (is_todo && self.is_visible(used, index)).then_some(used)
            });
            if let Some(next) = next {
                stack.push(next);
                continue;
            }
            if let Some(item) = collected.macros.get(index) {
                faults.enter(ItemKind::Macro, item.name.text(), item.spot);
            }
            let state = self.check(index, it, lists, pool, faults);
            self.set(index, state);
            stack.pop();
        }
    }

    /// Checks a condition; tells what is wrong.
    fn check(
        &mut self,
        index: usize,
        it: &Parsed,
        lists: &Lists,
        pool: &mut Pool,
        faults: &mut Faults<'_>,
    ) -> State {
        let mut find = |_: &mut Pool, name: &str| self.find(name, Some(index));
        let mut checker = Checker { pool, macros: &mut find, warnings: Vec::new() };
        let result = checker.condition(&it.expr);
        for (at, warning) in checker.warnings {
            faults.warn_in(place(&it.condition, at), warning, None);
        }
        match result {
            Ok(node) => State::Done(node),
            Err((at, reason)) => {
                let code = reason.code();
                let advice = Advice { written: &it.written, condition: &it.condition, lists, macros: self };
                let hint = if faults.is_full() { None } else { advice.reason(&reason, at.byte) };
                faults.error_in(place(&it.condition, at), reason, hint);
                State::Broken(code)
            }
        }
    }

    fn set(&mut self, index: usize, state: State) {
        if let Some(slot) = self.states.get_mut(index) {
            *slot = state;
        }
    }

    /// A macro sees those that were defined before its own last change.
    fn is_visible(&self, used: usize, by: usize) -> bool {
        match (self.places.get(used), self.places.get(by)) {
            (Some((index, _)), Some((_, changed))) => index < changed,
            _ => false,
        }
    }

    /// Which macro a name stands for, where a rule or the macro `by` may use it.
    pub(super) fn visible(&self, name: &str, by: Option<usize>) -> Option<usize> {
        let index = self.by_name.get(name).copied()?;
        by.is_none_or(|by| by != index && self.is_visible(index, by)).then_some(index)
    }

    /// The condition of a macro, as a rule or the macro `by` sees it.
    pub(super) fn find(&mut self, name: &str, by: Option<usize>) -> Result<NodeId, Reason> {
        let name = name.to_owned();
        let Some(index) = self.by_name.get(&name).copied() else {
            return Err(NameError::Macro { name }.into());
        };
        if let Some(used) = self.used.get_mut(index) {
            *used = true;
        }
        if by == Some(index) {
            return Err(NameError::MacroLoop { name }.into());
        }
        if by.is_some_and(|by| !self.is_visible(index, by)) {
            return Err(NameError::MacroLater { name }.into());
        }
        match self.states.get(index) {
            Some(State::Done(node)) => Ok(*node),
            Some(State::Broken(code)) => Err(NameError::MacroBroken { name, code: *code }.into()),
            _ => Err(NameError::MacroLoop { name }.into()),
        }
    }

    /// All names.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// Whether a macro is called that.
    pub(super) fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }
}

/// Puts lists in and parses; tells what is wrong and returns the code of it.
fn parse(
    written: &Source,
    lists: &mut Lists,
    macros: &Macros,
    faults: &mut Faults<'_>,
) -> Result<Parsed, Code> {
    let Ok(condition) = lists.expand(written) else {
        faults.error(written.spot(), UpdateError::Long);
        return Err(Code::Validate);
    };
    match lang::parse(condition.text()) {
        Ok(expr) => {
            let mut uses = Vec::new();
            references(&expr, &mut uses);
            let advice = Advice { written, condition: &condition, lists, macros };
            for (at, warning, hint) in advice.no_lists(&expr) {
                faults.warn_in(place(&condition, at), warning, hint);
            }
            Ok(Parsed { written: written.clone(), condition, expr, uses })
        }
        Err(error) => {
            let advice = Advice { written, condition: &condition, lists, macros };
            let hint = if faults.is_full() { None } else { advice.syntax(&error) };
            let at = At { byte: error.at, told: error.told };
            faults.error_in(place(&condition, at), error.kind.into(), hint);
            Err(Code::CompileCondition)
        }
    }
}

fn references(expr: &Expr, uses: &mut Vec<String>) {
    match expr {
        Expr::And(parts) | Expr::Or(parts) => parts.iter().for_each(|part| references(part, uses)),
        Expr::Not(inner) => references(inner, uses),
        Expr::Macro(name, _) => uses.push(name.clone()),
        Expr::Check(_) => {}
    }
}

/// A place in the condition of a macro.
fn place(condition: &Source, at: At) -> InCondition<'_> {
    InCondition { condition, spot: condition.spot(), at: at.byte, told: Some(at.told) }
}
