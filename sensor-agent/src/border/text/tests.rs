//! What is written out, and that nothing is lost by it.

use proptest::prelude::*;

use super::*;

fn escaped(text: &str) -> String {
    let mut out = String::new();
    push_escaped(&mut out, text);
    out
}

#[test]
fn table() {
    let cases = [
        ("plain \u{e9}\u{1f980}", "plain \u{e9}\u{1f980}", "plain \u{e9}\u{1f980}"),
        ("a\nb\r\t", "a\\nb\\r\\t", "a\\nb\\r\\t"),
        ("say \"hi\" \\", "say \"hi\" \\", "say \\\"hi\\\" \\\\"),
        ("\u{1b}[31m", "\\u001b[31m", "\\u001b[31m"),
        ("\u{7f}\u{85}\u{9b}2J", "\\u007f\\u0085\\u009b2J", "\\u007f\\u0085\\u009b2J"),
        ("a\u{2028}b\u{202e}c", "a\\u2028b\\u202ec", "a\\u2028b\\u202ec"),
        ("\0\u{8}\u{c}", "\\u0000\\b\\f", "\\u0000\\b\\f"),
    ];
    for (text, visible, inside) in cases {
        let mut out = String::new();
        push_visible(&mut out, text);
        assert_eq!(out, visible, "{text:?}");
        assert_eq!(escaped(text), inside, "{text:?}");
    }
}

proptest! {
    #[test]
    fn escaped_is_the_inside_of_a_json_string(text in any::<String>()) {
        let inside = escaped(&text);
        prop_assert!(!inside.chars().any(is_hidden));
        let decoded: String = serde_json::from_str(&format!("\"{inside}\"")).unwrap();
        prop_assert_eq!(decoded, text);
    }
}
