//! Tests of values: the operators with their right-hand sides, typed and prepared when the rule is loaded.

use std::{cmp::Ordering, net::IpAddr};

use memchr::memmem::Finder;
use regex::bytes::Regex;

use super::{ByteSet, PathSet, Term, Values, contains_folded, glob};
use crate::rules::{
    fields::{FieldRef, Shape},
    lang::{Modifier, Op},
    value::Value,
};

/// What is asked of a value.
#[derive(Debug)]
pub enum Test {
    /// There is one.
    Exists,
    /// Nothing satisfies it.
    Never,
    /// Equal; of networks: in it.
    Equal(Scalar),
    /// Not that.
    Unequal(Scalar),
    /// `<`, `<=`, `>`, `>=`
    Order(Op, Scalar),
    /// One of these; a list: all of it.
    In(ScalarSet),
    /// One of these; a list: one of it.
    Intersects(ScalarSet),
    /// Has it inside.
    Contains(Box<Finder<'static>>),
    /// The same, whatever the case of ASCII letters.
    ContainsFolded(Box<[u8]>),
    /// Begins so.
    Prefix(Box<[u8]>),
    /// Ends so.
    Suffix(Box<[u8]>),
    /// A shell pattern; the flag: whatever the case of ASCII letters.
    Glob(Box<[u8]>, bool),
    /// A regular expression, anchored at both ends.
    Regex(Box<Regex>),
    /// Is or is below one of these paths.
    Paths(PathSet),
    /// So many of the tests hold.
    Each(Modifier, Vec<Test>),
    /// A comparison with what another term has.
    Term(Op, Term),
}

/// A typed constant.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// Boolean.
    Bool(bool),
    /// Any whole number.
    Number(i128),
    /// Number with a fraction.
    Double(f64),
    /// Text, path or buffer.
    Text(Box<[u8]>),
    /// Address.
    Ip(IpAddr),
    /// Network.
    Net(Net),
}

/// A network: address and length of the prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Net {
    /// Address in it.
    pub base: IpAddr,
    /// Bits that are the same for all of it.
    pub bits: u32,
}

impl Net {
    /// Whether `ip` is in it; of the other family it never is.
    pub fn has(&self, ip: IpAddr) -> bool {
        let shift = |width: u32| width.saturating_sub(self.bits);
        match (self.base, ip) {
            (IpAddr::V4(base), IpAddr::V4(ip)) => {
                (base.to_bits() ^ ip.to_bits()).checked_shr(shift(32)).unwrap_or(0) == 0
            }
            (IpAddr::V6(base), IpAddr::V6(ip)) => {
                (base.to_bits() ^ ip.to_bits()).checked_shr(shift(128)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

/// A set of constants of one type.
#[derive(Clone, Debug)]
pub enum ScalarSet {
    /// Texts.
    Text(ByteSet),
    /// Sorted numbers.
    Numbers(Box<[i128]>),
    /// Everything else.
    Other(Box<[Scalar]>),
}

impl ScalarSet {
    fn has(&self, value: &Value<'_>) -> bool {
        match self {
            Self::Text(set) => matches!(value, Value::Text(text) if set.has(text)),
            Self::Numbers(set) => number(value).is_some_and(|number| set.binary_search(&number).is_ok()),
            Self::Other(set) => set.iter().any(|scalar| scalar.equals(value)),
        }
    }
}

impl Scalar {
    fn equals(&self, value: &Value<'_>) -> bool {
        match (self, value) {
            (Self::Text(a), Value::Text(b)) => **a == **b,
            (Self::Bool(a), Value::Bool(b)) => a == b,
            (Self::Ip(a), Value::Ip(b)) => a == b,
            (Self::Net(net), Value::Ip(ip)) => net.has(*ip),
            (Self::Double(a), _) => double(value).is_some_and(|b| a.total_cmp(&b).is_eq()),
            (Self::Number(a), _) => number(value) == Some(*a),
            _ => false,
        }
    }

    /// How `value` stands to it.
    fn order(&self, value: &Value<'_>) -> Option<Ordering> {
        match (self, value) {
            (Self::Text(a), Value::Text(b)) => Some((*b).cmp(a)),
            (Self::Double(a), _) => double(value).map(|b| b.total_cmp(a)),
            (Self::Number(a), _) => number(value).map(|b| b.cmp(a)),
            _ => None,
        }
    }
}

/// A whole number of any kind.
fn number(value: &Value<'_>) -> Option<i128> {
    match value {
        Value::I64(number) => Some(i128::from(*number)),
        Value::U64(number) => Some(i128::from(*number)),
        _ => None,
    }
}

fn double(value: &Value<'_>) -> Option<f64> {
    match value {
        Value::F64(number) => Some(*number),
        _ => None,
    }
}

impl Test {
    /// Whether what it compares with is a field with these bits.
    pub fn asks(&self, bits: u16, fields: &[FieldRef]) -> bool {
        match self {
            Self::Term(_, term) => term.asks(bits, fields),
            Self::Each(_, tests) => tests.iter().any(|test| test.asks(bits, fields)),
            _ => false,
        }
    }

    /// Whole texts that it compares with.
    pub fn texts(&self) -> Vec<&[u8]> {
        match self {
            Self::Equal(Scalar::Text(text)) | Self::Unequal(Scalar::Text(text)) => vec![text],
            Self::In(ScalarSet::Text(set)) | Self::Intersects(ScalarSet::Text(set)) => set.iter().collect(),
            Self::Each(_, tests) => tests.iter().flat_map(Self::texts).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether it holds for a value of this shape.
    pub fn holds<'a>(&'a self, value: &Value<'a>, shape: Shape, values: &mut Values<'a, '_>) -> bool {
        match self {
            Self::Exists => return shape != Shape::Names || *value != Value::List(&[]),
            Self::Each(modifier, tests) => {
                let mut hits = tests.iter().map(|test| test.holds(value, shape, values));
                return match modifier {
                    Modifier::Anyof => hits.any(|hit| hit),
                    Modifier::Allof => !tests.is_empty() && hits.all(|hit| hit),
                    Modifier::Oneof => hits.filter(|hit| *hit).count() == 1,
                };
            }
            Self::Term(op, term) => {
                return term.value(values).is_some_and(|right| compare(*op, value, &right));
            }
            _ => {}
        }
        match (value, self) {
            // Both ends differ; of a descriptor without ends nothing is known.
            (Value::List(ends), Self::Unequal(_)) if shape == Shape::Either => {
                !ends.is_empty() && ends.iter().all(|end| self.scalar(end))
            }
            // An address that has none of the names is none of theirs.
            (Value::List(names), Self::Unequal(_)) if shape == Shape::Names => {
                names.iter().all(|name| self.scalar(name))
            }
            (Value::List(items), Self::In(_)) if shape == Shape::List => {
                !items.is_empty() && items.iter().all(|item| self.scalar(item))
            }
            (Value::List(items), _) => items.iter().any(|item| self.scalar(item)),
            _ => self.scalar(value),
        }
    }

    /// Whether it holds for one value, without looking at another term.
    pub fn scalar(&self, value: &Value<'_>) -> bool {
        match (self, value) {
            (Self::Exists, _) => true,
            (Self::Equal(scalar), _) => scalar.equals(value),
            (Self::Unequal(scalar), _) => !scalar.equals(value),
            (Self::Order(op, scalar), _) => scalar.order(value).is_some_and(|order| in_order(*op, order)),
            (Self::In(set) | Self::Intersects(set), _) => set.has(value),
            (Self::Contains(finder), Value::Text(text)) => finder.find(text).is_some(),
            (Self::ContainsFolded(needle), Value::Text(text)) => contains_folded(needle, text),
            (Self::Prefix(prefix), Value::Text(text)) => text.starts_with(prefix),
            (Self::Suffix(suffix), Value::Text(text)) => text.ends_with(suffix),
            (Self::Glob(pattern, fold), Value::Text(text)) => glob(pattern, text, *fold),
            (Self::Regex(regex), Value::Text(text)) => regex.is_match(text),
            (Self::Paths(paths), Value::Text(text)) => paths.covers(text),
            (Self::Each(modifier, tests), _) => {
                let hits = tests.iter().filter(|test| test.scalar(value)).count();
                match modifier {
                    Modifier::Anyof => hits > 0,
                    Modifier::Allof => hits > 0 && hits == tests.len(),
                    Modifier::Oneof => hits == 1,
                }
            }
            _ => false,
        }
    }
}

fn in_order(op: Op, order: Ordering) -> bool {
    match op {
        Op::Lt => order.is_lt(),
        Op::Le => order.is_le(),
        Op::Gt => order.is_gt(),
        Op::Ge => order.is_ge(),
        _ => false,
    }
}

/// Compares two values of the same type; the left one may be a list where the right one is.
fn compare(op: Op, left: &Value<'_>, right: &Value<'_>) -> bool {
    match (op, left, right) {
        (Op::In, Value::List(left), Value::List(right)) => {
            !left.is_empty() && left.iter().all(|item| right.contains(item))
        }
        (Op::Intersects, Value::List(left), Value::List(right)) => {
            left.iter().any(|item| right.contains(item))
        }
        (Op::Lt | Op::Le | Op::Gt | Op::Ge, _, _) => {
            let order = match (left, right) {
                (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
                (Value::F64(left), Value::F64(right)) => left.partial_cmp(right),
                _ => number(left).zip(number(right)).map(|(left, right)| left.cmp(&right)),
            };
            order.is_some_and(|order| in_order(op, order))
        }
        (Op::Eq | Op::In | Op::Intersects, _, _) => equal(left, right),
        (Op::Ne, _, _) => !equal(left, right),
        (_, Value::Text(left), Value::Text(right)) => match op {
            Op::Contains | Op::Bcontains => memchr::memmem::find(left, right).is_some(),
            Op::Icontains => contains_folded(right, left),
            Op::Startswith | Op::Bstartswith => left.starts_with(right),
            Op::Endswith => left.ends_with(right),
            Op::Glob => glob(right, left, false),
            Op::Iglob => glob(right, left, true),
            _ => false,
        },
        _ => false,
    }
}

fn equal(left: &Value<'_>, right: &Value<'_>) -> bool {
    match (number(left), number(right)) {
        (Some(left), Some(right)) => left == right,
        _ => left == right,
    }
}
