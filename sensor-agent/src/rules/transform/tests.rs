//! Transformers over values.

use bumpalo::Bump;

use super::Transformer;
use crate::rules::{Type, Value};

fn applied(name: &str, args: &[Value<'_>], option: Option<&str>) -> String {
    let arena = Bump::new();
    let transformer = Transformer::parse(name).expect("a transformer");
    let args: Vec<Value<'_>> = args.to_vec();
    let result = transformer.apply(&arena, &args, option);
    result.map_or("-".to_owned(), |value| {
        let mut text = crate::rules::text::Text::new(&arena);
        crate::rules::output::write_value(&mut text, &value);
        String::from_utf8_lossy(text.bytes()).into_owned()
    })
}

#[test]
fn values_are_transformed() {
    let list = [Value::str("A/b"), Value::str("c")];
    let argv = [Value::str("-xa"), Value::str("-o"), Value::str("v"), Value::str("--"), Value::str("-x")];
    let cases: &[(&str, &[Value<'_>], &str)] = &[
        ("tolower", &[Value::str("AbÉ")], "abÉ"),
        ("toupper", &[Value::List(&list)], "(A/B,C)"),
        ("basename", &[Value::List(&list)], "(b,c)"),
        ("basename", &[Value::str("/")], ""),
        ("b64", &[Value::str("aGk=")], "hi"),
        ("b64", &[Value::str("aGk")], "hi"),
        ("b64", &[Value::str("%%")], "-"),
        ("len", &[Value::List(&list)], "2"),
        ("len", &[Value::str("abc")], "3"),
        ("len", &[Value::U64(1)], "-"),
        ("join", &[Value::str("-"), Value::List(&list)], "A/b-c"),
        ("join", &[Value::str("-"), Value::I64(5)], "5"),
        ("concat", &[Value::str("a"), Value::str("b")], "ab"),
        ("concat", &[Value::str("a"), Value::U64(1)], "-"),
        ("getopt", &[Value::List(&argv), Value::str("xo:")], "(x,?,o)"),
        ("tolower", &[Value::U64(1)], "-"),
        ("tolower", &[], "-"),
    ];
    for (name, args, expect) in cases {
        assert_eq!(applied(name, args, None), *expect, "{name} {args:?}");
    }
    let argv = [Value::List(&argv), Value::str("xo:")];
    for (option, expect) in [("o", "v"), ("x", ""), ("z", "-")] {
        assert_eq!(applied("getopt", &argv, Some(option)), expect, "{option}");
    }
}

#[test]
fn types_are_taken_or_not() {
    let cases = [
        (Transformer::ToLower, Type::CharBuf, false, Some((Type::CharBuf, false))),
        (Transformer::ToLower, Type::Int64, false, None),
        (Transformer::ToLower, Type::ByteBuf, false, None),
        (Transformer::B64, Type::ByteBuf, false, Some((Type::ByteBuf, false))),
        (Transformer::Len, Type::Int64, false, None),
        (Transformer::Len, Type::CharBuf, true, Some((Type::Uint64, false))),
        (Transformer::Getopt, Type::CharBuf, false, None),
    ];
    for (transformer, ty, is_list, expect) in cases {
        assert_eq!(transformer.result(ty, is_list), expect, "{transformer:?} {ty:?}");
    }
}
