//! Exceptions of a rule: what may be written, and the condition text it stands for.

use std::{collections::BTreeSet, rc::Rc};

use super::{
    decode::{Map, Result, fail},
    place::{Source, Spot},
    yaml::{Data, Node},
};
use crate::rules::{
    error::{ExceptionError, Faults, ItemError, Warning},
    lang::{Modifier, Op},
};

/// A condition longer than this is refused: aliases make large texts out of small files.
pub(super) const MAX_TEXT: usize = 4 << 20;

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
    let Some(items) = node.items() else {
        return fail(node.spot(), ItemError::NoSequence { key: "exceptions" });
    };
    let mut names = BTreeSet::new();
    let mut exceptions = Vec::new();
    for item in items {
        let map = Map(item);
        let name = map.required("name")?;
        if !names.insert(name.text().to_owned()) {
            faults.warn(name.spot(), Warning::ExceptionTwice { name: name.text().to_owned() });
        }
        let values = match item.get("values") {
            None => &[][..],
            Some(node) => match node.items() {
                Some(items) => items,
                None => return fail(node.spot(), ItemError::NoSequence { key: "values" }),
            },
        };
        let values: Vec<Value> = values.iter().map(Value::new).collect();
        if let Some(Value::Word(empty)) =
            values.iter().find(|v| matches!(v, Value::Word(w) if w.text().is_empty()))
        {
            return fail(empty.spot(), ItemError::Empty { key: "values" });
        }
        exceptions.push(Exception {
            name,
            fields: item.get("fields").map(fields).transpose()?,
            comps: item.get("comps").map(Value::new),
            has_values: map.has("values"),
            values,
            spot: item.spot(),
        });
    }
    Ok(Some(exceptions))
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
        _ => Err((node.spot(), ExceptionError::Fields.into())),
    }
}

impl Exception {
    /// Checks a new exception: it needs fields, and operators and values that fit them.
    pub(super) fn check_new(&self) -> Result<()> {
        self.clause().map(|_| ())
    }

    /// Takes over the values of a later item that only adds some.
    pub(super) fn add_values(&mut self, later: &Self, faults: &mut Faults<'_>) -> Result<()> {
        if later.fields.is_some() || later.comps.is_some() {
            return Err((later.spot, ExceptionError::FieldsAgain.into()));
        }
        if !later.has_values {
            faults.warn(later.spot, Warning::NoValues { name: self.name.text().to_owned() });
        }
        self.values.extend(later.values.iter().cloned());
        self.check_new()
    }

    /// The condition that the exception excludes; `None` without values.
    pub(super) fn clause(&self) -> Result<Option<String>> {
        match &self.fields {
            Some(ExceptionFields::One(field)) => self.one(field.text()),
            Some(ExceptionFields::Many(fields)) => self.many(fields),
            None => Err((self.spot, ExceptionError::Fields.into())),
        }
    }

    fn one(&self, field: &str) -> Result<Option<String>> {
        let comp = match &self.comps {
            None => "in",
            Some(Value::Word(word)) => word.text().trim(),
            Some(other) => return Err((other.spot(), ExceptionError::OneComp.into())),
        };
        if !["in", "pmatch", "intersects"].contains(&comp) && !is_modified(comp) {
            return Err((self.spot, ExceptionError::ListComp { found: comp.to_owned() }.into()));
        }
        let mut words = Vec::new();
        for value in &self.values {
            match value {
                Value::Word(word) => words.push(quoted(word.text())),
                Value::List(_, spot) => return Err((*spot, ExceptionError::OneValues.into())),
                Value::Other(_) => {}
            }
        }
        let has_values = !self.values.is_empty();
        Ok(has_values.then(|| format!("({field} {comp} ({}))", words.join(", "))))
    }

    fn many(&self, fields: &[Source]) -> Result<Option<String>> {
        let comps: Vec<&str> = match &self.comps {
            None => vec!["="; fields.len()],
            Some(Value::List(comps, spot)) => {
                let words = comps.iter().map(|comp| match comp {
                    Value::Word(word) => Some(word.text().trim()),
                    Value::List(..) | Value::Other(_) => None,
                });
                words.collect::<Option<_>>().ok_or((*spot, ExceptionError::Comps.into()))?
            }
            Some(other) => return Err((other.spot(), ExceptionError::Comps.into())),
        };
        if comps.len() != fields.len() {
            return Err((self.spot, ExceptionError::Comps.into()));
        }
        if let Some(comp) = comps.iter().find(|comp| !is_operator(comp) && !is_modified(comp)) {
            return Err((self.spot, ExceptionError::Operator { found: (*comp).to_owned() }.into()));
        }
        let mut text = String::new();
        for row in &self.values {
            let Value::List(cells, spot) = row else { return Err((row.spot(), ExceptionError::Row.into())) };
            if cells.len() != fields.len() {
                return Err((*spot, ExceptionError::Row.into()));
            }
            let checks = fields.iter().zip(&comps).zip(cells);
            let checks: Vec<_> = checks
                .map(|((field, comp), cell)| format!("{} {comp} {}", field.text(), operand(comp, cell)))
                .collect();
            text.push_str(if text.is_empty() { "(" } else { " or (" });
            text.push_str(&checks.join(" and "));
            text.push(')');
            if text.len() > MAX_TEXT {
                return Err((*spot, ExceptionError::Long.into()));
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
    known && modifiers.iter().any(|known| format!("{known:?}").eq_ignore_ascii_case(modifier))
}
