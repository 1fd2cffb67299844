//! Terms with their types: fields and transformers.

use super::{Checker, SpanResult as Result, refuses_right};
use crate::rules::{
    error::{CheckError, Reason, Warning},
    fields::{FieldError, FieldRef, Shape, Supply, flag},
    lang::{Check, Function, Op, Operand, Span},
    predicate::Term,
    transform::Transformer,
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
        if !self.pool.has(&field) {
            return Err((span, CheckError::Field(FieldError::Unknown { given: field.key() }).into()));
        }
        if let Supply::Absent(why) = row.supply {
            self.warnings.push((span.into(), Warning::Absent { field: field.key(), why }));
        }
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

    fn call(
        &mut self,
        function: Function,
        args: &[Operand],
        option: Option<&str>,
        span: Span,
    ) -> Result<Typed> {
        let args = args.iter().map(|arg| self.operand(arg)).collect::<Result<Vec<_>>>()?;
        let fail = |error: CheckError| Err((span, Reason::from(error)));
        let Function::Transform(transformer) = function else {
            // The grammar has `val` on the right-hand side only, which looks into it itself.
            return fail(CheckError::Arguments("val", "one field"));
        };
        if !transformer.takes(args.len()) {
            return fail(CheckError::Arguments(transformer.name(), arguments(transformer)));
        }
        if option.is_some() && transformer != Transformer::Getopt {
            return fail(CheckError::Arguments(transformer.name(), "no argument in brackets"));
        }
        if let Some(refusing) = args.iter().find(|arg| !arg.takes_transformers) {
            return fail(CheckError::NoTransformer(refusing.name.clone()));
        }
        let is_text = |arg: &Typed| arg.ty.is_text() && !arg.is_list();
        let misfit = match transformer {
            Transformer::Join => {
                args.first().filter(|it| !is_text(it)).or(args.get(1).filter(|it| !it.is_list()))
            }
            Transformer::Concat => args.iter().find(|arg| !is_text(arg)),
            Transformer::Getopt => {
                let list = args.first().filter(|it| !it.is_list() || !it.ty.is_text());
                list.or(args.get(1).filter(|it| !is_text(it)))
            }
            _ => None,
        };
        let first = args.first().filter(|_| misfit.is_none());
        let result = first.and_then(|first| transformer.result(first.ty, first.is_list()));
        let Some((ty, is_list)) = result else {
            let (name, ty) =
                misfit.or(args.first()).map_or(("", ""), |arg| (arg.name.as_str(), arg.ty.name()));
            return fail(CheckError::Argument { function: transformer.name(), name: name.to_owned(), ty });
        };
        let shape = if is_list && option.is_none() { Shape::List } else { Shape::One };
        let terms = args.into_iter().map(|arg| arg.term).collect();
        let term = Term::Call(transformer, terms, option.map(str::to_owned));
        Ok(Typed {
            term,
            ty,
            shape,
            name: transformer.name().to_owned(),
            field: None,
            takes_transformers: true,
        })
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

/// What a transformer takes, for messages.
const fn arguments(transformer: Transformer) -> &'static str {
    match transformer {
        Transformer::Join => "a separator and a list",
        Transformer::Concat => "two strings or more",
        Transformer::Getopt => "a list and the options",
        _ => "one argument",
    }
}
