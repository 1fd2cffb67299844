//! Exceptions of a rule: what may be written, and the condition text it stands for.

use std::{collections::BTreeSet, rc::Rc};

use super::{
    decode::{Map, Result, fail, value_for},
    place::{Source, Spot},
    yaml::{Data, Node},
};
use crate::rules::{
    error::{ExceptionError, Fail, Faults, ItemError, Step, Warning},
    lang::{Modifier, Op},
};

/// A condition longer than this is refused: aliases make large texts out of small files.
pub(super) const MAX_TEXT: usize = 4 << 20;

const KEYS: &[&str] = &["name", "fields", "comps", "values"];

/// One exception.
#[derive(Clone, Debug)]
pub struct Exception {
    /// Name.
    pub name: Source,
    /// Fields, where the item gives them.
    pub fields: Option<ExceptionFields>,
    /// Operators as written.
    comps: Option<Value>,
    /// Values or rows of values.
    values: Vec<Value>,
    has_values: bool,
    /// A key that stands where `fields` is missing.
    misspelt: Option<String>,
    spot: Spot,
}

/// One field with a list of values, or several fields with rows of values.
#[derive(Clone, Debug)]
pub enum ExceptionFields {
    /// `fields: proc.name`
    One(Source),
    /// `fields: [proc.name, fd.name]`
    Many(Vec<Source>),
}

impl ExceptionFields {
    /// The fields.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        match self {
            Self::One(field) => std::slice::from_ref(field).iter(),
            Self::Many(fields) => fields.iter(),
        }
    }
}

#[derive(Clone, Debug)]
enum Value {
    Word(Source),
    List(Vec<Value>, Spot),
    Other(Spot),
}

impl Value {
    fn new(node: &Rc<Node>) -> Self {
        match &node.data {
            Data::Sequence(items) => Self::List(items.iter().map(Self::new).collect(), node.spot()),
            _ => match node.scalar() {
                Some(text) => Self::Word(Source::new(text, node.spot())),
                None => Self::Other(node.spot()),
            },
        }
    }

    fn spot(&self) -> Spot {
        match self {
            Self::Word(word) => word.spot(),
            Self::List(_, spot) | Self::Other(spot) => *spot,
        }
    }
}

pub(super) fn decode(map: Map<'_>, faults: &mut Faults<'_>) -> Result<Option<Vec<Exception>>> {
    let Some(node) = map.0.get("exceptions") else { return Ok(None) };
    if node.is_null() {
        return Ok(Some(Vec::new()));
    }
    let all = || Step::new("exceptions", "", node.spot());
    let Some(items) = node.items() else {
        return fail(node.spot(), ItemError::NoSequence { key: "exceptions" })
            .map_err(|fail| fail.inside(all()));
    };
    for (key, spot) in items.iter().flat_map(|item| Map(item).unknown_keys(KEYS)) {
        faults.warn(spot, Warning::ExceptionKey { key });
    }
    let mut names = BTreeSet::new();
    let mut exceptions = Vec::new();
    for item in items {
        let name = Map(item)
            .required("name")
            .map_err(|fail| fail.inside(Step::new("exception", "", item.spot())).inside(all()))?;
        let step = Step::new("exception", name.text(), item.spot());
        if !names.insert(name.text().to_owned()) {
            let twice = Warning::ExceptionTwice { name: name.text().to_owned() };
            faults.warn_inside(Fail::new(name.spot(), twice).inside(step.clone()));
        }
        exceptions.push(exception(item, name).map_err(|fail| fail.inside(step))?);
    }
    Ok(Some(exceptions))
}

fn exception(item: &Rc<Node>, name: Source) -> Result<Exception> {
    Ok(Exception {
        name,
        fields: item.get("fields").map(fields).transpose()?,
        comps: item.get("comps").map(Value::new),
        values: item.get("values").map_or(Ok(Vec::new()), values)?,
        has_values: item.get("values").is_some(),
        misspelt: Map(item).misspelt("fields").map(|(key, _)| key),
        spot: item.spot(),
    })
}

fn values(node: &Rc<Node>) -> Result<Vec<Value>> {
    const KEY: &str = "values";
    let all = || Step::new("exception values", "", node.spot());
    let Some(items) = node.items() else {
        return fail(node.spot(), ItemError::NoSequence { key: KEY }).map_err(|fail| fail.inside(all()));
    };
    if let Some(empty) = items.iter().find(|item| item.scalar() == Some("")) {
        let value = Step::new("exception value", "", empty.spot());
        return fail(empty.spot(), ItemError::Empty { key: KEY })
            .map_err(|fail| fail.inside(value_for("", empty)).inside(value).inside(all()));
    }
    Ok(items.iter().map(Value::new).collect())
}

fn fields(node: &Rc<Node>) -> Result<ExceptionFields> {
    let fields = match Value::new(node) {
        Value::Word(field) => return Ok(ExceptionFields::One(field)),
        Value::List(fields, _) => fields,
        Value::Other(_) => Vec::new(),
    };
    let words = fields.into_iter().map(|field| match field {
        Value::Word(word) => Some(word),
        Value::List(..) | Value::Other(_) => None,
    });
    match words.collect::<Option<Vec<_>>>() {
        Some(fields) if !fields.is_empty() => Ok(ExceptionFields::Many(fields)),
        _ => Err(Fail::new(node.spot(), ExceptionError::Fields { instead: None })),
    }
}

impl Exception {
    /// Checks a new exception: it needs fields, and operators and values that fit them.
    pub(super) fn check_new(&self) -> Result<()> {
        self.clause().map(|_| ())
    }

    /// Whether it excludes anything.
    pub fn has_any_value(&self) -> bool {
        !self.values.is_empty()
    }

    /// Its operators, those that count where none is written included.
    pub fn operators(&self) -> Vec<&str> {
        match (&self.comps, &self.fields) {
            (Some(Value::Word(word)), _) => vec![word.text().trim()],
            (Some(Value::List(words, _)), _) => words
                .iter()
                .filter_map(|word| match word {
                    Value::Word(word) => Some(word.text().trim()),
                    Value::List(..) | Value::Other(_) => None,
                })
                .collect(),
            (_, Some(ExceptionFields::Many(_))) => vec!["="],
            _ => vec!["in"],
        }
    }

    /// The step into it.
    pub fn step(&self) -> Step {
        Step::new("exception", self.name.text(), self.spot)
    }

    /// Takes over the values of a later item that only adds some.
    pub(super) fn add_values(&mut self, later: &Self, faults: &mut Faults<'_>) -> Result<()> {
        if later.fields.is_some() || later.comps.is_some() {
            return Err(Fail::new(later.spot, ExceptionError::FieldsAgain).inside(later.step()));
        }
        if !later.has_values {
            let warning = Warning::NoValues { name: self.name.text().to_owned() };
            faults.warn_inside(Fail::new(later.spot, warning).inside(later.step()));
        }
        self.values.extend(later.values.iter().cloned());
        self.check_new()
    }

    /// The condition that the exception excludes; `None` without values.
    pub(super) fn clause(&self) -> Result<Option<String>> {
        match &self.fields {
            Some(ExceptionFields::One(field)) => self.one(field.text()),
            Some(ExceptionFields::Many(fields)) => self.many(fields),
            None => {
                let instead = self.misspelt.clone();
                Err(Fail::new(self.spot, ExceptionError::Fields { instead }))
            }
        }
        .map_err(|fail| fail.inside(self.step()))
    }

    fn comps_spot(&self) -> Spot {
        self.comps.as_ref().map_or(self.spot, Value::spot)
    }

    fn one(&self, field: &str) -> Result<Option<String>> {
        let comp = match &self.comps {
            None => "in",
            Some(Value::Word(word)) => word.text().trim(),
            Some(other) => return Err(Fail::new(other.spot(), ExceptionError::OneComp)),
        };
        if !["in", "pmatch", "intersects"].contains(&comp) && !is_modified(comp) {
            return Err(Fail::new(self.comps_spot(), ExceptionError::ListComp { found: comp.to_owned() }));
        }
        let mut words = Vec::new();
        for value in &self.values {
            match value {
                Value::Word(word) => words.push(quoted(word.text())),
                Value::List(_, spot) => return Err(Fail::new(*spot, ExceptionError::OneValues)),
                Value::Other(_) => {}
            }
        }
        let has_values = !self.values.is_empty();
        Ok(has_values.then(|| format!("({field} {comp} ({}))", words.join(", "))))
    }

    fn many(&self, fields: &[Source]) -> Result<Option<String>> {
        let comps_error = ExceptionError::Comps { fields: fields.len() };
        let comps: Vec<&str> = match &self.comps {
            None => vec!["="; fields.len()],
            Some(Value::List(comps, spot)) => {
                let words = comps.iter().map(|comp| match comp {
                    Value::Word(word) => Some(word.text().trim()),
                    Value::List(..) | Value::Other(_) => None,
                });
                words.collect::<Option<_>>().ok_or_else(|| Fail::new(*spot, comps_error.clone()))?
            }
            Some(other) => return Err(Fail::new(other.spot(), comps_error)),
        };
        if comps.len() != fields.len() {
            return Err(Fail::new(self.comps_spot(), comps_error));
        }
        if let Some(comp) = comps.iter().find(|comp| !is_operator(comp) && !is_modified(comp)) {
            return Err(Fail::new(self.comps_spot(), ExceptionError::Operator { found: (*comp).to_owned() }));
        }
        let mut text = String::new();
        for row in &self.values {
            let Value::List(cells, spot) = row else {
                return Err(Fail::new(row.spot(), ExceptionError::NoRow));
            };
            if cells.len() != fields.len() {
                let row = ExceptionError::Row { fields: fields.len(), found: cells.len() };
                return Err(Fail::new(*spot, row));
            }
            let checks = fields.iter().zip(&comps).zip(cells);
            let checks: Vec<_> = checks
                .map(|((field, comp), cell)| format!(" {} {comp} {}", field.text(), operand(comp, cell)))
                .collect();
            text.push_str(if text.is_empty() { "(" } else { " or (" });
            text.push_str(&checks.join(" and "));
            text.push(')');
            if text.len() > MAX_TEXT {
                return Err(Fail::new(*spot, ExceptionError::Long));
            }
        }
        Ok((!text.is_empty()).then(|| format!("({text})")))
    }
}

/// The right-hand side of one check of a row.
fn operand(comp: &str, cell: &Value) -> String {
    let takes_list = ["in", "pmatch", "intersects"].contains(&comp) || is_modified(comp);
    match cell {
        Value::Word(word) if takes_list && word.text().starts_with('(') => word.text().to_owned(),
        Value::Word(word) if takes_list => format!("({})", quoted(word.text())),
        Value::Word(word) => quoted(word.text()),
        Value::List(items, _) => {
            let words = items.iter().map(|item| match item {
                Value::Word(word) => quoted(word.text()),
                Value::List(..) | Value::Other(_) => String::new(),
            });
            format!("({})", words.collect::<Vec<_>>().join(", "))
        }
        Value::Other(_) => String::new(),
    }
}

/// A word with a blank becomes a quoted string, unless it is one already.
pub(super) fn quoted(word: &str) -> String {
    if word.contains(' ') && !word.starts_with(['"', '\'']) { format!("\"{word}\"") } else { word.to_owned() }
}

fn is_operator(word: &str) -> bool {
    word == "==" || Op::ALL.iter().any(|op| op.word() == word)
}

/// `startswith anyof`: one blank between an operator for text and a modifier.
fn is_modified(comp: &str) -> bool {
    let Some((op, modifier)) = comp.split_once(' ') else { return false };
    let modifiers = [Modifier::Oneof, Modifier::Anyof, Modifier::Allof];
    let is_text_op = |op: &Op| {
        !matches!(op, Op::Exists | Op::Lt | Op::Le | Op::Gt | Op::Ge | Op::In | Op::Intersects | Op::Pmatch)
    };
    let known = op == "==" || Op::ALL.iter().filter(|op| is_text_op(op)).any(|known| known.word() == op);
    known && modifiers.iter().any(|known| known.word().eq_ignore_ascii_case(modifier))
}
