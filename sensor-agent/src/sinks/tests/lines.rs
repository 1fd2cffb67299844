//! Shapes of spec/rules.md 4.2 to 4.4, byte for byte.

use super::*;

const FIELDS: &str = concat!(
    r#""evt.is_open_read":true,"evt.num":18446744073709551615,"evt.time":1700000000000000001,"fd.cip":null,"#,
    r#""fd.num":-1,"fd.types":["file","ipv4"],"proc.aname[2]":"sshd","thread.cpu":2.0,"user.name":"root""#,
);
const OUTPUT: &str = r#""output":"00:13:20.000000001: Informational hi (user=root dir=<NA>)","#;
const MESSAGE: &str = r#""message":"hi (user=root dir=<NA>)","#;
const MIDDLE: &str = r#""priority":"Informational","rule":"R \"1\"","source":"syscall","#;
const TAGS: &str = r#""tags":["alpha","with space","zeta"],"#;
const TIME: &str = r#""time":"2023-11-14T22:13:20.000000001Z"}"#;

fn expect(parts: &[&str]) -> String {
    format!("{{\"hostname\":\"h1\",{}", parts.concat())
}

#[test]
fn json_line_and_its_switches() {
    let with = |output, message, fields, tags| Include { output, message, fields, tags };
    let fields = &format!("\"output_fields\":{{{FIELDS}}},");
    let cases = [
        (with(true, false, true, true), expect(&[OUTPUT, fields, MIDDLE, TAGS, TIME])),
        (with(true, true, true, true), expect(&[MESSAGE, OUTPUT, fields, MIDDLE, TAGS, TIME])),
        (with(false, true, true, true), expect(&[MESSAGE, fields, MIDDLE, TAGS, TIME])),
        (with(true, false, false, true), expect(&[OUTPUT, MIDDLE, TAGS, TIME])),
        (with(true, false, true, false), expect(&[OUTPUT, fields, MIDDLE, TIME])),
        (with(false, false, false, false), expect(&[MIDDLE, TIME])),
    ];
    for (include, line) in cases {
        assert_eq!(body(&Format { include, ..format(true) }, &alert()), line, "{include:?}");
    }
}

#[test]
fn iso_time_changes_the_output_and_the_key() {
    let fields = FIELDS.replace("evt.time", "evt.time.iso8601");
    let fields = format!("\"output_fields\":{{{fields}}},");
    let output = OUTPUT.replace("00:13:20.000000001", "2023-11-14T22:13:20.000000001+0000");
    let line = body(&Format { iso_time: true, ..format(true) }, &alert());
    assert_eq!(line, expect(&[&output, &fields, MIDDLE, TAGS, TIME]));
}

#[test]
fn a_rule_without_tags_or_fields() {
    let bare = Alert { tags: Vec::new(), fields: Vec::new(), ..alert() };
    let fields = r#""output_fields":{"evt.time":1700000000000000001},"#;
    assert_eq!(body(&format(true), &bare), expect(&[OUTPUT, fields, MIDDLE, r#""tags":[],"#, TIME]));
}

#[test]
fn text_line() {
    let iso = Format { iso_time: true, ..format(false) };
    let hostile = Alert { message: b"f=/tmp/\xff\n\x1b[2J \"a\\b\" \xc2\x9b".to_vec(), ..alert() };
    let cases = [
        (format(false), alert(), "00:13:20.000000001: Informational hi (user=root dir=<NA>)"),
        (iso, alert(), "2023-11-14T22:13:20.000000001+0000: Informational hi (user=root dir=<NA>)"),
        (
            format(false),
            hostile,
            "00:13:20.000000001: Informational f=/tmp/\u{fffd}\\n\\u001b[2J \\\"a\\\\b\\\" \\u009b",
        ),
    ];
    for (format, alert, line) in cases {
        assert_eq!(body(&format, &alert), line);
    }
}

#[test]
fn internal_messages() {
    let drops = internal(&[("n_evts", FieldValue::Text(b"9\n".into())), ("a", FieldValue::U64(2))]);
    let empty = internal(&[]);
    let message = "Falco internal: syscall event drop. 2 system calls dropped in last second.";
    let object = |fields: &str| {
        expect(&[
            &format!("\"output\":\"{message}\",\"output_fields\":{{{fields}}},\"priority\":\"Debug\","),
            r#""rule":"Falco internal: syscall event drop","source":"internal","#,
            TIME,
        ])
    };
    let none = Include { output: false, message: true, fields: false, tags: true };
    let json = Format { include: none, iso_time: true, ..format(true) };
    let text = Format { iso_time: true, ..format(false) };
    let cases = [
        (&json, &drops, object(r#""a":2,"n_evts":"9\n""#)),
        // Falco's is `{}`, which falcosidekick refuses.
        (&json, &empty, object(r#""evt.time":1700000000000000001"#)),
        (&text, &drops, format!("00:13:20.000000001: Debug {message} (a=2 n_evts=\"9\\n\")")),
        (&text, &empty, format!("00:13:20.000000001: Debug {message} ()")),
    ];
    for (format, alert, line) in cases {
        assert_eq!(body(format, alert), line);
    }
}

#[test]
fn floats_are_laid_out_as_falco_does() {
    let cases = [
        (0.0, "0.0"),
        (2.0, "2.0"),
        (-12.5, "-12.5"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (123_456_789_012_345.0, "123456789012345.0"),
        (1e15, "1e+15"),
        (1.5e20, "1.5e+20"),
        (f64::NAN, "null"),
        (f64::INFINITY, "null"),
    ];
    for (value, text) in cases {
        let alert = Alert { fields: vec![("x".to_owned(), FieldValue::F64(value))], ..alert() };
        let line = body(&format(true), &alert);
        assert!(line.contains(&format!("\"x\":{text}}}")), "{value}: {line}");
    }
}

#[test]
fn every_priority_is_written_in_full() {
    for priority in Priority::ALL {
        let line = body(&format(false), &Alert { priority, ..alert() });
        assert_eq!(line, format!("00:13:20.000000001: {} hi (user=root dir=<NA>)", priority.label()));
    }
}
