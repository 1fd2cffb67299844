//! The table against Falco's lists, and names.

mod ancestors;
mod hostile;
mod probes;
mod sockets;
mod values;

use std::{collections::HashSet, env, fs, path::PathBuf};

use super::{CLASSES, Class, FieldRef, flag, list, path};

/// `fd.matched_name`, and in the container plugin `container.metadata`, `k8s.pod.annotation` and `k8smeta.*`.
const OWN: [usize; 2] = [1, 2 + 26];

#[test]
fn the_table_is_complete_and_sound() {
    let fields: Vec<_> = CLASSES.iter().flat_map(Class::fields).collect();
    let names: HashSet<_> = fields.iter().map(|field| field.name).collect();
    assert_eq!(names.len(), fields.len(), "names are unique");
    // One row stands for all of `static.*`.
    let n_plugin = fields.iter().filter(|field| field.is(flag::PLUGIN)).count();
    assert_eq!((fields.len() - n_plugin, n_plugin), (233 + 1 + OWN[0], 61 + OWN[1]));
    assert!(fields.iter().all(|field| field.doc.ends_with('.') && !field.doc.contains('\n')));
    let count = |bit| fields.iter().filter(|field| field.is(bit)).count();
    assert_eq!((count(flag::DEPRECATED), count(flag::PRINT_ONLY), count(flag::SUGGESTED)), (7, 1, 6));
}

/// Falco's own lists, where the machine has them.
fn reference(file: &str) -> Option<String> {
    let Some(folder) = env::var_os("SAKER_CONFORMANCE") else {
        eprintln!("skipped: SAKER_CONFORMANCE does not name a folder with Falco's lists");
        return None;
    };
    Some(fs::read_to_string(PathBuf::from(folder).join("reference").join(file)).expect("Falco's list"))
}

#[test]
fn names_types_and_marks_are_those_of_falco() {
    let Some(text) = reference("list-fields.json") else { return };
    let theirs: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let ours = list::json();
    let strip = |classes: &serde_json::Value| -> Vec<serde_json::Value> {
        let classes = classes["fieldclasses"].as_array().expect("classes").iter();
        let fields = classes.flat_map(|class| class["fields"].as_array().expect("fields").clone());
        fields
            .map(|mut field| {
                field["desc"] = serde_json::Value::Null;
                field
            })
            .collect()
    };
    for (ours, theirs) in strip(&ours).into_iter().zip(strip(&theirs)) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(reference("list-field-names.txt").expect("as above"), list::names());
}

/// Everything of the text listing that is no free text.
#[test]
fn the_text_listing_has_falcos_shape() {
    let Some(text) = reference("list-fields-verbose.txt") else { return };
    let heads = |text: &str| -> Vec<String> {
        let of = |line: &str| -> Option<String> {
            let name = line.split(' ').next().filter(|name| !name.is_empty())?;
            let marks = line.split("(Type: ").nth(1)?;
            let marks: Vec<_> = marks.split(") ").take(2).filter(|m| !m.contains(' ')).collect();
            Some(format!("{name} {marks:?}"))
        };
        text.lines().filter_map(of).collect()
    };
    for (ours, theirs) in heads(&list::text(true)).into_iter().zip(heads(&text)) {
        assert_eq!(ours, theirs);
    }
    let starts = |text: &str, start: &str| text.lines().filter(|line| line.starts_with(start)).count();
    for start in ["-----", "Field Class: ", "Event Sources: "] {
        assert_eq!(starts(&list::text(true), start), starts(&text, start), "{start}");
    }
    assert!(list::text(true).lines().all(|line| line.len() <= 121 && (line.is_empty() || line.len() >= 29)));
}

#[test]
fn names_resolve_or_say_why_not() {
    let nonexistent = "filter_check called with nonexistent field";
    let cases: &[(&str, Option<&str>, &str)] = &[
        ("proc.name", None, "proc.name"),
        ("proc.aname", Some("2"), "proc.aname[2]"),
        ("proc.aname", Some("-1"), "proc.aname[4294967295]"),
        ("proc.env", Some("A=B"), "proc.env[A=B]"),
        ("proc.aenv", Some("PATH"), "proc.aenv[PATH]"),
        ("evt.arg.flags", None, "evt.arg.flags"),
        ("evt.arg", Some("99"), "evt.arg[99]"),
        ("evt.rawarg.res", None, "evt.rawarg.res"),
        ("evt.rawarg.addr", None, "evt.rawarg.addr"),
        ("evt.type.is.open", None, "evt.type.is.open"),
        ("evt.abspath", None, "evt.abspath"),
        ("evt.abspath.dst", None, "evt.abspath.dst"),
        ("evt.around", Some("5"), "evt.around[5]"),
        ("thread.cgroup.cpu", None, "thread.cgroup.cpu"),
        ("fd.types", Some("0"), "fd.types[0]"),
        ("container.mount", Some("/etc"), "container.mount[/etc]"),
        ("container.label", Some("a.b/c-d"), "container.label[a.b/c-d]"),
    ];
    for (name, arg, key) in cases {
        assert_eq!(FieldRef::resolve(name, *arg).map(|field| field.key()).as_deref(), Ok(*key));
    }
    let errors: &[(&str, Option<&str>, &str)] = &[
        ("evt.arg", None, "filter syntax error: evt.arg"),
        ("thread.cgroup", None, "filter syntax error: thread.cgroup"),
        ("evt.arg.nosuch", None, "unknown event argument nosuch"),
        ("evt.arg", Some("name"), "name is not a valid number"),
        ("fd.types", Some("a"), "a is not a valid number"),
        ("evt.rawarg", Some("0"), "evt.arg fields must be expressed explicitly"),
        ("evt.rawarg.sig", None, "wrong parameter type 19"),
        (
            "container.label",
            None,
            "filter 'container.label': container.label requires an argument but none provided",
        ),
        (
            "container.label.a",
            None,
            "filter 'container.label.a': container.label requires an argument but none provided",
        ),
        (
            "container.id",
            Some("1"),
            "filter 'container.id[1]': container.id does not allow nor require an argument but one is provided: 1",
        ),
    ];
    for (name, arg, text) in errors {
        assert_eq!(FieldRef::resolve(name, *arg).expect_err("an error").to_string(), *text);
    }
    for given in [
        "evt.arg.name.x",
        "proc.namex",
        "proc.nope",
        "k8s.foo",
        "proc.env.PATH",
        "fd.net.x",
        "evt.abspath.x",
        "",
    ] {
        let error = FieldRef::resolve(given, None).expect_err("an error").to_string();
        assert_eq!(error, format!("{nonexistent} {given}"));
    }
    for (name, arg) in [("proc.name", "1"), ("evt.args", "0"), ("proc.aname", "1.5"), ("proc.args", "a")] {
        let error = FieldRef::resolve(name, Some(arg)).expect_err("an error").to_string();
        assert_eq!(error, format!("{nonexistent} {name}[{arg}]"));
    }
}

#[test]
fn paths_are_joined_lexically() {
    let arena = bumpalo::Bump::new();
    let cases: &[(&str, &str, &str)] = &[
        ("/tmp/sc", "d/../f", "/tmp/sc/f"),
        ("/tmp/sc", "../../../x", "/x"),
        ("/", "a", "/a"),
        ("/", "..", "/"),
        ("/a", "/b//c/./", "/b/c"),
        ("/a", ".", "/a"),
        ("/a", "", ""),
    ];
    for (base, name, expect) in cases {
        assert_eq!(path::join(&arena, base.as_bytes(), name.as_bytes()), expect.as_bytes(), "{base} {name}");
    }
    assert_eq!(
        (path::directory(b"/a/b"), path::directory(b"/a"), path::directory(b"")),
        (&b"/a"[..], &b"/"[..], &b"/"[..])
    );
    assert_eq!(path::squeezed(&arena, b"//a///b"), b"/a/b");
}
