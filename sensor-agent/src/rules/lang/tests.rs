//! The grammar, case by case.

use proptest::prelude::*;

use super::{Expr, Operand, Rhs, parse};

/// A tree as text: parentheses around every chain, words in quotes.
fn show(expr: &Expr) -> String {
    let all = |parts: &[Expr], word: &str| {
        format!("({})", parts.iter().map(show).collect::<Vec<_>>().join(&format!(" {word} ")))
    };
    match expr {
        Expr::And(parts) => all(parts, "and"),
        Expr::Or(parts) => all(parts, "or"),
        Expr::Not(inner) => format!("not {}", show(inner)),
        Expr::Macro(name, _) => name.clone(),
        Expr::Check(check) => {
            let words = |list: &[super::Literal]| {
                let words = list.iter().map(|it| format!("'{}'", String::from_utf8_lossy(&it.bytes)));
                words.collect::<Vec<_>>().join(",")
            };
            let value = match &check.value {
                Rhs::None => String::new(),
                Rhs::One(literal) => words(std::slice::from_ref(literal)),
                Rhs::List(list) => format!("({})", words(list)),
                Rhs::Each(modifier, list) => format!("{modifier:?}({})", words(list)),
                Rhs::Operand(operand) => show_operand(operand),
            };
            format!("{} {} {value}", show_operand(&check.operand), check.op.word()).trim_end().to_owned()
        }
    }
}

fn show_operand(operand: &Operand) -> String {
    let bracket = |arg: &Option<String>| arg.as_ref().map(|arg| format!("[{arg}]")).unwrap_or_default();
    let list = |items: &[Operand]| items.iter().map(show_operand).collect::<Vec<_>>().join(",");
    match operand {
        Operand::Field { name, arg, .. } => format!("{name}{}", bracket(arg)),
        Operand::Call { function, args, arg, .. } => {
            format!("{}({}){}", function.word(), list(args), bracket(arg))
        }
        Operand::Text(literal) => format!("'{}'", String::from_utf8_lossy(&literal.bytes)),
        Operand::List(items, _) => format!("({})", list(items)),
    }
}

#[test]
fn what_parses_and_how() {
    for (text, tree) in [
        ("a.b=c", "a.b = 'c'"),
        ("a.b==c and not m", "(a.b = 'c' and not m)"),
        ("a.b=c or m and n or o", "(a.b = 'c' or (m and n) or o)"),
        ("not not m", "m"),
        ("not(m)", "not m"),
        ("not not not (m or n)", "not (m or n)"),
        ("m or(n)", "(m or n)"),
        ("order and nothing and android", "(order and nothing and android)"),
        ("and", "and"),
        ("a.b>=5and c.d=e", "(a.b >= '5' and c.d = 'e')"),
        ("a.b < -1.5e+3", "a.b < '-1.5e+3'"),
        ("a.b >= 0x1F", "a.b >= '0x1F'"),
        ("a.b in (x, \"y z\",\n'w')", "a.b in ('x','y z','w')"),
        ("a.b in x", "a.b in ('x')"),
        ("a.b in()", "a.b in ()"),
        ("a.b startswith oneof (x,y)", "a.b startswith Oneof('x','y')"),
        ("a.b startswith oneof", "a.b startswith 'oneof'"),
        ("a.b startswith anyof and m", "(a.b startswith 'anyof' and m)"),
        ("a.b = anyof x", "a.b = Anyof('x')"),
        ("a.b[\"c d\"] exists", "a.b[c d] exists"),
        ("a.b[-1] exists", "a.b[-1] exists"),
        ("a.b = tolower(c.d)", "a.b = tolower(c.d)"),
        ("a.b in val(c.d)", "a.b in val(c.d)"),
        ("a.b = c.d", "a.b = 'c.d'"),
        ("join(\",\", (a.b, 5, \"x\")) = y", "join(',',(a.b,'5','x')) = 'y'"),
        ("getopt(a.b, \"x:\")[x] = y", "getopt(a.b,'x:')[x] = 'y'"),
        ("len(()) = 0", "len(()) = '0'"),
        (r#"a.b = "\\x\x41\"\ q""#, "a.b = '\\xA\"\\q'"),
        ("a.b = ''", "a.b = ''"),
        ("a.b != <NA>", "a.b != '<NA>'"),
    ] {
        assert_eq!(parse(text).map(|expr| show(&expr)), Ok(tree.to_owned()), "{text}");
    }
}

#[test]
fn what_does_not_parse_and_where() {
    for (text, at, message) in [
        ("", 0, "empty"),
        ("  ", 2, "empty"),
        ("a.b", 3, "operator"),
        ("a.b =", 5, "needs a value"),
        ("a.b = x and", 11, "blank"),
        ("a.b = x andy", 11, "blank"),
        ("a.b = x y", 8, "only `and` or `or`"),
        ("a.b = \"x", 6, "no end"),
        ("a.b in \"x\"", 7, "list in parentheses"),
        ("a.b in (x, )", 11, "missing in the list"),
        ("a.b in (x y)", 10, "`)` is missing"),
        ("(a.b = x", 0, "is not closed"),
        ("a.b[ 2 ] = x", 4, "argument in brackets"),
        ("a.b[2 = x", 5, "`]` is missing"),
        ("a..b = x", 1, "only `and` or `or`"),
        ("a.b = \"x\\qy\"", 8, "escape"),
        ("a.b = '\\\"'", 7, "escape"),
        ("val(a.b) = x", 3, "only `and` or `or`"),
        ("a.b = val(\"x\")", 10, "takes one field"),
        ("tolower() = x", 8, "needs a field"),
        ("1=1", 0, "has to stand here"),
        ("a.b < x", 6, "needs a number"),
        ("a.b startswith", 4, "operator"),
    ] {
        let error = parse(text).expect_err(text);
        assert_eq!(error.at, at, "{text}: {error}");
        assert!(error.to_string().contains(message), "{text}: {error}");
    }
    let deep = format!("{}m{}", "(".repeat(5_000), ")".repeat(5_000));
    assert!(parse(&deep).is_err());
    let nots = format!("{}m", "not ".repeat(5_000));
    assert_eq!(parse(&nots).map(|expr| show(&expr)), Ok("m".to_owned()));
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,200}") {
        let _parsed = parse(&text);
    }

    #[test]
    fn arbitrary_tokens_never_panic(
        tokens in proptest::collection::vec(
            prop::sample::select(vec![
                "and", "or", "not", "(", ")", "a.b", "m", "=", "in", "exists", "\"", "'", "\\", ",", "[", "]",
                "tolower(", "val(", "<", "5", "0x", "-", "oneof", " ", "startswith ", "é", "é.b",
            ]),
            0..40,
        )
    ) {
        let _parsed = parse(&tokens.concat());
        let _parsed = parse(&tokens.join(" "));
    }
}
