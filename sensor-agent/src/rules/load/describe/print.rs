//! Conditions as Falco prints them: one blank between words, parentheses around every `and` and `or`, strings in
//! quotes only where they need them.

use crate::rules::lang::{Check, Expr, Literal, Operand, Rhs, spelled};

/// A leaf of a condition.
pub(in crate::rules::load) enum Part<'e> {
    /// A macro's name.
    Macro(&'e str),
    /// A comparison.
    Check(&'e Check),
}

/// A condition; `each` is told of every leaf and may give what stands in the place of a macro.
pub(in crate::rules::load) fn expr(
    expr: &Expr,
    text: &str,
    each: &mut dyn FnMut(Part<'_>) -> Option<String>,
) -> String {
    let mut join = |parts: &[Expr], word: &str| {
        let parts: Vec<_> = parts.iter().map(|part| self::expr(part, text, each)).collect();
        format!("({})", parts.join(word))
    };
    match expr {
        Expr::And(parts) => join(parts, " and "),
        Expr::Or(parts) => join(parts, " or "),
        Expr::Not(inner) => format!("not {}", self::expr(inner, text, each)),
        Expr::Macro(name, _) => each(Part::Macro(name)).unwrap_or_else(|| name.clone()),
        Expr::Check(check) => {
            each(Part::Check(check));
            self::check(check, text)
        }
    }
}

/// A comparison.
pub(in crate::rules::load) fn check(check: &Check, text: &str) -> String {
    format!("{} {}{}", operand(&check.operand), operator(check, text), value(check, text))
}

/// The operator as it was written, with its modifier.
pub(super) fn operator(check: &Check, text: &str) -> String {
    let word = text.get(check.op_span.start..check.op_span.end).unwrap_or(check.op.word());
    match &check.value {
        Rhs::Each(modifier, _) => format!("{word} {}", modifier.word()),
        _ => word.to_owned(),
    }
}

fn value(check: &Check, text: &str) -> String {
    let list = |words: &[Literal]| {
        format!(" ({})", words.iter().map(|word| spelled(&word.bytes)).collect::<Vec<_>>().join(", "))
    };
    match &check.value {
        Rhs::None => String::new(),
        Rhs::One(word) => format!(" {}", spelled(&word.bytes)),
        // A single name may stand in the place of a list.
        Rhs::List(words) | Rhs::Each(_, words) => match words.as_slice() {
            [word] if !text.get(check.op_span.end..word.span.start).unwrap_or_default().contains('(') => {
                format!(" {}", spelled(&word.bytes))
            }
            words => list(words),
        },
        Rhs::Operand(right) => format!(" {}", operand(right)),
    }
}

/// A field or transformer.
pub(super) fn operand(it: &Operand) -> String {
    let bracket = |arg: &Option<String>| {
        arg.as_ref().map_or(String::new(), |arg| format!("[{}]", spelled(arg.as_bytes())))
    };
    let join = |args: &[Operand]| args.iter().map(operand).collect::<Vec<_>>().join(",");
    match it {
        Operand::Field { name, arg, .. } => format!("{name}{}", bracket(arg)),
        Operand::Call { function, args, arg, .. } => {
            format!("{}({}){}", function.word(), join(args), bracket(arg))
        }
        Operand::Text(literal) => spelled(&literal.bytes),
        Operand::List(items, _) => format!("({})", join(items)),
    }
}
