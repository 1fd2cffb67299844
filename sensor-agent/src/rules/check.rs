//! Names and types: a syntax tree becomes a condition of the pool, or it is told what does not fit.

mod operand;
mod literal;
mod services;
#[cfg(test)]
mod tests;

use memchr::memmem::Finder;
use regex::bytes::RegexBuilder;

use super::{
    compile::{NodeId, Pool, PredicateKey},
    error::{CheckError, Reason, Warning},
    events::{self, EventSet},
    fields::{FieldRef, Shape, flag},
    lang::{Check, Expr, Function, Literal, Op, Rhs, Span},
    predicate::{ByteSet, Named, PathSet, Predicate, Scalar, ScalarSet, Term, Test},
    value::Type,
};
use literal::typed;
use operand::Typed;

/// A place in the condition text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct At {
    /// The byte that is at fault.
    pub byte: usize,
    /// Where the check starts that it is in: Falco names that.
    pub told: usize,
}

impl From<Span> for At {
    fn from(span: Span) -> Self {
        Self { byte: span.start, told: span.start }
    }
}

/// A fault at a place in the condition text.
pub type Failure = (At, Reason);
type Result<T> = std::result::Result<T, Failure>;
/// Inside one check.
type SpanResult<T> = std::result::Result<T, (Span, Reason)>;

/// Resolves names and checks types; collects warnings on the way.
pub struct Checker<'p> {
    /// Where conditions go.
    pub pool: &'p mut Pool,
    /// Looks a macro up by name.
    pub macros: &'p mut dyn FnMut(&mut Pool, &str) -> std::result::Result<NodeId, Reason>,
    /// Warnings with their places.
    pub warnings: Vec<(At, Warning)>,
}

impl Checker<'_> {
    /// Checks a whole condition.
    pub fn condition(&mut self, expr: &Expr) -> Result<NodeId> {
        let node = self.expr(expr)?;
        if self.pool.is_too_deep(node) { Err((At::default(), CheckError::Depth.into())) } else { Ok(node) }
    }

    fn expr(&mut self, expr: &Expr) -> Result<NodeId> {
        match expr {
            Expr::And(parts) => self.parts(true, parts),
            Expr::Or(parts) => self.parts(false, parts),
            Expr::Not(inner) => {
                let inner = self.expr(inner)?;
                Ok(self.pool.not(inner))
            }
            Expr::Macro(name, span) => {
                (self.macros)(self.pool, name).map_err(|reason| (At::from(*span), reason))
            }
            Expr::Check(check) => self.check(check).map_err(|(span, reason)| {
                (At { byte: span.start, told: check.operand.span().start }, reason)
            }),
        }
    }

    fn parts(&mut self, is_and: bool, parts: &[Expr]) -> Result<NodeId> {
        let parts = parts.iter().map(|part| self.expr(part)).collect::<Result<Vec<_>>>()?;
        Ok(self.pool.join(is_and, &parts))
    }

    fn check(&mut self, check: &Check) -> SpanResult<NodeId> {
        let left = self.operand(&check.operand)?;
        let fail = |error: CheckError| Err((check.op_span, Reason::from(error)));
        if !is_allowed(check.op, &left) {
            let (op, name, ty) = (check.op, left.name.clone(), left.ty.name());
            let allowed = Op::ALL.iter().copied().filter(|op| is_allowed(*op, &left)).collect();
            return fail(CheckError::Operator { op, name, ty, allowed });
        }
        let (words, modifier, right) = match &check.value {
            Rhs::None => (&[][..], None, None),
            Rhs::One(literal) => (std::slice::from_ref(literal), None, None),
            Rhs::List(list) => (list.as_slice(), None, None),
            Rhs::Each(modifier, list) => (list.as_slice(), Some(*modifier), None),
            Rhs::Operand(operand) => (&[][..], None, Some(self.right(check, &left, operand)?)),
        };
        self.look_at_words(check.op, &left, words)?;
        if check.op == Op::In && right.is_none() && modifier.is_none() {
            self.look_at_set(check, &left, words);
        }
        if let Some(value) = event_number(check.op, &left, &check.value) {
            return Ok(self.pool.constant(value));
        }
        let key = PredicateKey {
            term: left.term.clone(),
            op: check.op,
            modifier,
            words: words.iter().map(|word| word.bytes.clone()).collect(),
            right: right.clone(),
        };
        let events = events_of(check.op, &left, &check.value);
        let named = named(&left).filter(|_| right.is_none());
        self.pool.predicate(key, events, || {
            let test = match (right, modifier) {
                (Some(term), _) => Test::Term(check.op, term),
                (None, Some(modifier)) => {
                    let each = words.iter().map(|word| test(check, &left, std::slice::from_ref(word)));
                    Test::Each(modifier, each.collect::<SpanResult<_>>()?)
                }
                (None, None) => test(check, &left, words)?,
            };
            Ok(Predicate { term: left.term, shape: left.shape, test, named })
        })
    }

    /// Sets that hold for less than they say.
    fn look_at_set(&mut self, check: &Check, left: &Typed, words: &[Literal]) {
        let field = left.name.clone();
        let warning = if never_in(left) {
            Warning::NeverIn { field }
        } else if left.is_field("fd.net") && words.len() > 1 {
            Warning::FirstOnly { field }
        } else {
            return;
        };
        self.warnings.push((check.op_span.into(), warning));
    }

    /// What is suspicious, or wrong whatever the type, about the words of a right-hand side.
    fn look_at_words(&mut self, op: Op, left: &Typed, words: &[Literal]) -> SpanResult<()> {
        for word in words {
            let text = String::from_utf8_lossy(&word.bytes);
            let needs_event = left.is_field("evt.type") && op != Op::Pmatch && !text.is_empty();
            if needs_event && !events::is_event(&text) {
                return Err((word.span, CheckError::EventType(text.into_owned()).into()));
            }
            if left.ty.is_text() && word.bytes.contains(&0) {
                return Err((word.span, CheckError::Nul.into()));
            }
            if text == "<NA>" {
                self.warnings.push((word.span.into(), Warning::NaText(left.name.clone())));
            }
            if left.name.starts_with("evt.arg") && text.contains("EXE_WRITABLE") {
                let why = "the record does not tell the executable's mode and owner";
                let field = format!("EXE_WRITABLE of {}", left.name);
                self.warnings.push((word.span.into(), Warning::Absent { field, why }));
            }
            if let Some(warning) = misread(&text) {
                self.warnings.push((word.span.into(), warning));
            }
            if op == Op::Regex && is_plain(&text) {
                self.warnings.push((word.span.into(), Warning::PlainRegex(text.into_owned())));
            }
        }
        Ok(())
    }
}

/// Compatible down to these: Falco looks such values up with a length of nothing.
fn never_in(left: &Typed) -> bool {
    left.is_field("fd.ip")
        || (left.shape == Shape::AnyAncestor && !left.ty.is_text())
        || (left.is_field("evt.rawarg") && !left.ty.is_text())
}

/// Which operators work on a type.
fn is_allowed(op: Op, left: &Typed) -> bool {
    if op == Op::Exists {
        return true;
    }
    if left.is_field("evt.around") {
        return op == Op::Eq;
    }
    let is_equality = matches!(op, Op::Eq | Op::Ne | Op::In | Op::Intersects);
    let is_order = matches!(op, Op::Lt | Op::Le | Op::Gt | Op::Ge);
    match left.ty {
        _ if left.shape == Shape::List => matches!(op, Op::In | Op::Intersects),
        Type::Dyn => false,
        Type::Bool | Type::IpAddr | Type::IpNet => is_equality,
        Type::CharBuf | Type::FsPath | Type::FsRelPath => !matches!(op, Op::Bcontains | Op::Bstartswith),
        Type::ByteBuf => {
            is_equality
                || matches!(
                    op,
                    Op::Contains | Op::Startswith | Op::Endswith | Op::Bcontains | Op::Bstartswith
                )
        }
        _ => is_equality || is_order,
    }
}

/// The test that an operator and its constants make for a type.
fn test(check: &Check, left: &Typed, words: &[Literal]) -> SpanResult<Test> {
    let bytes = || words.first().map_or(&[][..], |word| word.bytes.as_slice());
    let at = words.first().map_or(check.op_span, |word| word.span);
    let scalar = || typed(bytes(), left.ty).map_err(|error| (at, error.into()));
    Ok(match check.op {
        Op::Exists => Test::Exists,
        Op::Eq => Test::Equal(scalar()?),
        Op::Ne => Test::Unequal(scalar()?),
        Op::Lt | Op::Le | Op::Gt | Op::Ge => Test::Order(check.op, scalar()?),
        Op::In => set(left, words)?.map_or(Test::Never, Test::In),
        Op::Intersects => set(left, words)?.map_or(Test::Never, Test::Intersects),
        Op::Contains => Test::Contains(Box::new(Finder::new(bytes()).into_owned())),
        Op::Icontains => Test::ContainsFolded(bytes().to_ascii_lowercase().into_boxed_slice()),
        Op::Startswith => Test::Prefix(bytes().into()),
        Op::Endswith => Test::Suffix(bytes().into()),
        Op::Bcontains => {
            let needle = literal::hex(bytes()).map_err(|error| (at, error.into()))?;
            Test::Contains(Box::new(Finder::new(&needle).into_owned()))
        }
        Op::Bstartswith => {
            Test::Prefix(literal::hex(bytes()).map_err(|error| (at, error.into()))?.into_boxed_slice())
        }
        Op::Glob => Test::Glob(bytes().into(), false),
        Op::Iglob => Test::Glob(bytes().into(), true),
        Op::Regex => Test::Regex(Box::new(regex(bytes()).map_err(|error| (at, error.into()))?)),
        Op::Pmatch => Test::Paths(PathSet::new(words.iter().map(|word| word.bytes.as_slice()))),
    })
}

/// The set of an `in` or `intersects`; `None` where Falco's comparison never holds.
fn set(left: &Typed, words: &[Literal]) -> SpanResult<Option<ScalarSet>> {
    let mut scalars = Vec::with_capacity(words.len());
    for word in words {
        scalars.push(typed(&word.bytes, left.ty).map_err(|error| (word.span, error.into()))?);
    }
    if never_in(left) {
        return Ok(None);
    }
    if left.is_field("fd.net") {
        scalars.truncate(1);
    }
    let mut texts = Vec::new();
    let mut numbers = Vec::new();
    let mut other = Vec::new();
    for scalar in scalars {
        match scalar {
            Scalar::Text(text) => texts.push(text.into_vec()),
            Scalar::Number(number) => numbers.push(number),
            scalar => other.push(scalar),
        }
    }
    numbers.sort_unstable();
    Ok(Some(match (numbers.is_empty(), other.is_empty()) {
        (false, _) => ScalarSet::Numbers(numbers.into_boxed_slice()),
        (true, false) => ScalarSet::Other(other.into_boxed_slice()),
        (true, true) => ScalarSet::Text(ByteSet::new(texts)),
    }))
}

/// Anchored at both ends, bytes unless the pattern itself is not ASCII.
fn regex(pattern: &[u8]) -> std::result::Result<regex::bytes::Regex, CheckError> {
    let bad = |error: String| CheckError::Regex(error);
    let pattern = std::str::from_utf8(pattern).map_err(|error| bad(error.to_string()))?;
    // The last line of the parser's message says what it is; the lines before draw it.
    let short = |error: regex::Error| {
        let text = error.to_string();
        bad(text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned())
    };
    // Parsed alone first: `a)|(b` must not become valid by what is put around it.
    let build = |text: &str| RegexBuilder::new(text).unicode(!text.is_ascii()).build().map_err(short);
    build(pattern)?;
    build(&format!("^(?:{pattern})$"))
}

fn named(left: &Typed) -> Option<Named> {
    let is = |name, named| left.is_field(name).then_some(named);
    is("evt.type", Named::Event).or_else(|| is("syscall.type", Named::Syscall))
}

/// Events for which a check can hold, and fail to hold.
fn events_of(op: Op, left: &Typed, value: &Rhs) -> [EventSet; 2] {
    if named(left).is_none() {
        return [EventSet::ALL; 2];
    }
    let named = |words: &[Literal]| {
        let names: Vec<_> = words.iter().map(|word| String::from_utf8_lossy(&word.bytes)).collect();
        EventSet::of(names.iter().map(AsRef::as_ref))
    };
    match (op, value) {
        (Op::Exists, _) => [EventSet::ALL, EventSet::NONE],
        (Op::Eq | Op::In, Rhs::One(_) | Rhs::List(_)) => {
            let words = match value {
                Rhs::One(word) => std::slice::from_ref(word),
                Rhs::List(words) => words.as_slice(),
                _ => &[],
            };
            let events = named(words);
            [events, events.complement()]
        }
        (Op::Ne, Rhs::One(word)) => {
            let events = named(std::slice::from_ref(word));
            [events.complement(), events]
        }
        _ => [EventSet::ALL; 2],
    }
}

/// Events count from 1: `evt.num=0` is how rule files write "never".
fn event_number(op: Op, left: &Typed, value: &Rhs) -> Option<bool> {
    if !left.is_field("evt.num") {
        return None;
    }
    let number =
        |word: &Literal| std::str::from_utf8(&word.bytes).ok()?.parse::<i64>().ok().filter(|n| *n >= 0);
    match (op, value) {
        (Op::In | Op::Intersects, Rhs::List(words)) => {
            words.iter().all(|word| number(word) == Some(0)).then_some(false)
        }
        (_, Rhs::One(word)) => match (op, number(word)?) {
            (Op::Eq | Op::Le, 0) | (Op::Lt, 0 | 1) => Some(false),
            (Op::Ne | Op::Gt | Op::Ge, 0) | (Op::Ge, 1) => Some(true),
            _ => None,
        },
        _ => None,
    }
}

/// A constant that looks like something to be evaluated.
fn misread(text: &str) -> Option<Warning> {
    let (name, rest) = text.split_at(text.find(['(', '[']).unwrap_or(text.len()));
    if rest.starts_with('(') && rest.ends_with(')') {
        let is_function = Function::all().any(|function| function.word() == name);
        return is_function.then(|| Warning::CallAsText(text.to_owned()));
    }
    if !name.contains('.') {
        return None;
    }
    let arg = rest.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    if !rest.is_empty() && arg.is_none() {
        return None;
    }
    FieldRef::resolve(name, arg).ok().map(|_| Warning::FieldAsText(text.to_owned()))
}

/// A regular expression that is a text, perhaps with `.*` at one end.
fn is_plain(pattern: &str) -> bool {
    let inner = pattern.strip_prefix(".*").unwrap_or(pattern);
    let inner = inner.strip_suffix(".*").unwrap_or(inner);
    !inner.contains(|c: char| ".^$*+?()[]{}|\\".contains(c))
}

/// Whether a text is a field or a transformer of fields that rules may use.
pub fn is_operand(text: &str, static_fields: &[String]) -> bool {
    let Ok(Expr::Check(check)) = super::lang::parse(&format!("{text} exists")) else { return false };
    let mut none =
        |_: &mut Pool, name: &str| Err(super::error::NameError::Macro { name: name.to_owned() }.into());
    let mut checker =
        Checker { pool: &mut Pool::new(static_fields), macros: &mut none, warnings: Vec::new() };
    check.op == Op::Exists && checker.check(&check).is_ok()
}

/// A term that may not be compared with another.
fn refuses_right(term: &Term, pool: &Pool) -> bool {
    match term {
        Term::Field(number) => pool.fields.get(*number as usize).is_some_and(|it| it.field.is(flag::NO_RHS)),
        _ => false,
    }
}
