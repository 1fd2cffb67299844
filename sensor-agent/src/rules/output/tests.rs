//! Formats, their errors, and whole alerts.

use crate::{
    border::{FieldValue, Priority},
    enrich::Side,
    rules::{
        fixture::{Names, TIME_NS, call, file, process, within},
        output::{Extra, Format, FormatError, alert, suggested_output},
    },
};

fn open() -> Vec<u8> {
    file("open", 3, [0; 6], Names { name: [Some(b"/tmp/sc/f"), None], ..Names::default() })
}

fn renders(format: &str, expect: &str) {
    let format = Format::parse(format).unwrap_or_else(|error| panic!("{format}: {error}"));
    let text = within(&open(), &process(), Side::Caller, |c| format.render(c));
    assert_eq!(String::from_utf8_lossy(&text), expect);
}

#[test]
fn formats_render() {
    let cases: &[(&str, &str)] = &[
        ("a %proc.name b", "a sh b"),
        ("%proc.namex", "shx"),
        ("%proc.name.", "sh."),
        ("%proc.name[1]", "sh[1]"),
        ("%proc.aname[x]|", "[x]|"),
        ("%proc.aname[0]]", "sh]"),
        ("%evt.type.is", "open.is"),
        ("%evt.arg.name.x", "/tmp/sc/f.x"),
        ("%proc.name %fd.name%evt.type", "sh /tmp/sc/fopen"),
        ("* %fd.cip", " <NA>"),
        ("*", ""),
        ("|%20evt.type|%3evt.type|%10fd.num|%0proc.name", "|open                |ope|3         |sh"),
        ("%toupper(evt.type) %10toupper(evt.type)|", "OPEN OPEN      |"),
        ("%basename(fd.name).x %tolower(toupper(proc.name))", "f.x sh"),
        ("%len(proc.name)", "2"),
        ("%concat(proc.name, \"-\", evt.type) %join(\"+\", (proc.name, fd.num))", "sh-open sh+3"),
        ("%getopt((\"-a\", \"1\", \"-bz\"), \"a:b\")[a]", "1"),
        ("%getopt((\"-a\", \"1\", \"-bz\"), \"a:b\")", "(a,b,?)"),
        ("%proc.env[B] %proc.env[\"PATH\"]", "two words /bin"),
        ("%fd.ip %evt.around[5] %fd.types", "<NA> <NA> <NA>"),
        ("a %container.info b", "a  b"),
        ("%evt.is_open_read %evt.latency.human", "true 0ns"),
        ("no field", "no field"),
        ("é %proc.name √", "é sh √"),
        ("%evt.abspath|", "<NA>|"),
    ];
    for (format, expect) in cases {
        renders(format, expect);
    }
}

#[test]
fn what_is_refused() {
    let unknown = [
        "% proc.name",
        "%%proc.name",
        "%nosuch.field",
        "%proc.",
        "%proc",
        "%evt.arg",
        "%evt.arg.nosuch",
        "%evt.arg[0",
        "%-5proc.name",
        "%tolower(fd.num)",
        "%tolower(proc.name",
        "%tolower()",
        "%val(proc.name)",
        "%container.label",
        "%{proc.name}",
        "%PROC.name",
        "%tolower(proc.aname)",
    ];
    for format in unknown {
        let refused = Format::parse(format).map(|_| ());
        assert!(matches!(refused, Err(FormatError::UnknownField { .. })), "{format}");
    }
    assert_eq!(Format::parse("x %").map(|_| ()), Err(FormatError::TrailingPercent));
    for empty in ["", "%container.info"] {
        assert_eq!(Format::parse(empty).map(|_| ()), Err(FormatError::Empty));
    }
}

#[test]
fn an_alert_has_text_and_native_values() {
    let output = "%proc.name %fd.num %fd.cip %evt.time %basename(fd.name) %fd.name %proc.name %user.uid %fd.dev %proc.aname[2]";
    let format = Format::parse(output).expect("a format");
    let extra = [
        Extra::field("evt.is_open_read").expect("a field"),
        Extra::format("num", "n=%fd.num").expect("a format"),
    ];
    let tags = ["zeta".to_owned(), "alpha".to_owned()];
    let alert = within(&open(), &process(), Side::Caller, |c| {
        alert("R", Priority::Notice, "syscall", &tags, &format, &extra, c)
    });
    let text = |text: &str| FieldValue::Text(text.as_bytes().to_vec());
    let expect = [
        ("proc.name", text("sh")),
        ("fd.num", FieldValue::I64(3)),
        ("fd.cip", FieldValue::Null),
        ("evt.time", FieldValue::U64(TIME_NS)),
        ("fd.name", text("/tmp/sc/f")),
        ("user.uid", FieldValue::U64(0)),
        ("fd.dev", text("100801")),
        ("proc.aname[2]", FieldValue::Null),
        ("evt.is_open_read", FieldValue::Bool(true)),
        ("num", text("n=3")),
    ];
    assert_eq!(alert.fields, expect.map(|(key, value)| (key.to_owned(), value)));
    assert_eq!(
        String::from_utf8_lossy(&alert.message),
        "sh 3 <NA> 23:13:20.123456789 f /tmp/sc/f sh 0 100801 <NA>"
    );
    assert_eq!((alert.tags, alert.time_ns), (vec!["alpha".to_owned(), "zeta".to_owned()], TIME_NS));
}

#[test]
fn suggested_fields_are_a_format() {
    let suggested = suggested_output(&[]);
    let format = Format::parse(&suggested).expect("a format");
    let text = within(&call("kill", 0, [0; 6]), &process(), Side::Caller, |c| format.render(c));
    assert_eq!(
        String::from_utf8_lossy(&text),
        "container_id=host container_name=host container_image_repository= container_image_tag= \
         k8s_pod_name=<NA> k8s_ns_name=<NA>"
    );
}

proptest::proptest! {
    #[test]
    fn any_format_is_parsed_or_refused(text in "[%a-z0-9.()\\[\\]\", é-]{0,40}") {
        if let Ok(format) = Format::parse(&text) {
            within(&open(), &process(), Side::Caller, |c| format.render(c));
        }
    }
}
