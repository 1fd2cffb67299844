//! Terms with their types: fields and transformers.

use super::{Checker, Result, refuses_right};
use crate::rules::{
    error::{CheckError, Reason},
    fields::{FieldRef, Shape, flag},
    lang::{Check, Function, Op, Operand, Span},
    predicate::Term,
    value::Type,
};

/// A term and what is known of it.
pub(super) struct Typed {
    pub(super) term: Term,
    pub(super) ty: Type,
    pub(super) shape: Shape,
    /// As it is called in messages.
    pub(super) name: String,
    /// Name of the field, where it is one without a transformer around it.
    field: Option<&'static str>,
    takes_transformers: bool,
}

impl Typed {
    pub(super) fn is_field(&self, name: &str) -> bool {
        self.field == Some(name)
    }

    fn is_list(&self) -> bool {
        self.shape == Shape::List
    }
}

impl Checker<'_> {
    pub(super) fn operand(&mut self, operand: &Operand) -> Result<Typed> {
        match operand {
            Operand::Field { name, arg, span } => self.field(name, arg.as_deref(), *span),
            Operand::Text(literal) => Ok(Typed {
                term: Term::Text(literal.bytes.clone().into_boxed_slice()),
                ty: Type::CharBuf,
                shape: Shape::One,
                name: String::from_utf8_lossy(&literal.bytes).into_owned(),
                field: None,
                takes_transformers: true,
            }),
            Operand::List(items, _) => {
                let items = items.iter().map(|item| self.operand(item)).collect::<Result<Vec<_>>>()?;
                Ok(Typed {
                    term: Term::List(items.into_iter().map(|item| item.term).collect()),
                    ty: Type::CharBuf,
                    shape: Shape::List,
                    name: "the list".to_owned(),
                    field: None,
                    takes_transformers: true,
                })
            }
            Operand::Call { function, args, arg, span } => self.call(*function, args, arg.as_deref(), *span),
        }
    }

    fn field(&mut self, name: &str, arg: Option<&str>, span: Span) -> Result<Typed> {
        let field = FieldRef::resolve(name, arg).map_err(|error| (span, CheckError::Field(error).into()))?;
        let (ty, shape, row) = (field.ty, field.shape, field.field);
        Ok(Typed {
            name: field.key(),
            term: Term::Field(self.pool.field(field)),
            ty,
            shape,
            field: Some(row.name),
            takes_transformers: !row.is(flag::NO_TRANSFORMER)
                && !matches!(row.name, "evt.type" | "syscall.type"),
        })
    }

    fn call(&mut self, function: Function, args: &[Operand], arg: Option<&str>, span: Span) -> Result<Typed> {
        let typed = args.iter().map(|arg| self.operand(arg)).collect::<Result<Vec<_>>>()?;
        let word = function.word();
        let count = |wanted: &'static str| Err((span, Reason::from(CheckError::Arguments(word, wanted))));
        if let Some(refusing) = typed.iter().find(|it| !it.takes_transformers).filter(|_| function != Function::Val) {
            return Err((span, CheckError::NoTransformer(refusing.name.clone()).into()));
        }
        let wrong = |arg: &Typed| {
            let (name, ty) = (arg.name.clone(), arg.ty.name());
            Err((span, Reason::from(CheckError::Argument { function: word, name, ty })))
        };
        if arg.is_some() && function != Function::Getopt {
            return count("no argument in brackets");
        }
        let (ty, shape) = match (function, typed.as_slice()) {
            (Function::Val, [one]) => (one.ty, one.shape),
            (Function::Tolower | Function::Toupper | Function::Basename, [one]) if one.ty.is_text() => {
                (one.ty, one.shape)
            }
            (Function::B64, [one]) if one.ty.is_text() || one.ty == Type::ByteBuf => (one.ty, one.shape),
            (Function::Len, [one]) if one.is_list() || one.ty.is_text() || one.ty == Type::ByteBuf => {
                (Type::Uint64, Shape::One)
            }
            (Function::Tolower | Function::Toupper | Function::Basename | Function::B64 | Function::Len, [one]) => {
                return wrong(one);
            }
            (Function::Join, [separator, _]) if !separator.ty.is_text() || separator.is_list() => {
                return wrong(separator);
            }
            (Function::Join, [_, list]) if list.is_list() => (Type::CharBuf, Shape::One),
            (Function::Join, [_, other]) => return wrong(other),
            (Function::Concat, [_, _, ..]) => match typed.iter().find(|it| !it.ty.is_text() || it.is_list()) {
                Some(other) => return wrong(other),
                None => (Type::CharBuf, Shape::One),
            },
            (Function::Getopt, [list, _]) if !list.is_list() || !list.ty.is_text() => return wrong(list),
            (Function::Getopt, [_, spec]) if !spec.ty.is_text() || spec.is_list() => return wrong(spec),
            (Function::Getopt, [_, _]) => (Type::CharBuf, if arg.is_some() { Shape::One } else { Shape::List }),
            (Function::Join, _) => return count("a separator and a list"),
            (Function::Concat, _) => return count("two strings or more"),
            (Function::Getopt, _) => return count("a list and the options"),
            _ => return count("one argument"),
        };
        let terms = typed.into_iter().map(|it| it.term).collect();
        let term = match arg {
            Some(option) => Term::Option(terms, option.as_bytes().into()),
            None => Term::Call(function, terms),
        };
        Ok(Typed { term, ty, shape, name: word.to_owned(), field: None, takes_transformers: true })
    }

    /// A term on the right-hand side: of the same type as the left one, and both may be compared so.
    pub(super) fn right(&mut self, check: &Check, left: &Typed, operand: &Operand) -> Result<Term> {
        let (inner, is_val) = match operand {
            Operand::Call { function: Function::Val, args, .. } => (args.first().unwrap_or(operand), true),
            other => (other, false),
        };
        let right = self.operand(inner)?;
        let fail = |error: CheckError| Err((operand.span(), Reason::from(error)));
        if matches!(check.op, Op::Pmatch | Op::Regex) {
            return fail(CheckError::RightOperator(check.op));
        }
        if left.ty == Type::IpNet || left.is_field("evt.type") || refuses_right(&left.term, self.pool) {
            return fail(CheckError::LeftField(left.name.clone()));
        }
        if is_val && refuses_right(&right.term, self.pool) {
            return fail(CheckError::RightField(right.name));
        }
        if left.ty != right.ty || left.is_list() != right.is_list() {
            let (left, left_type, right_type) = (left.name.clone(), left.ty.name(), right.ty.name());
            return fail(CheckError::Types { left, left_type, right_type });
        }
        Ok(right.term)
    }
}
