//! Which operators, constants and terms fit which types.

use super::Checker;
use crate::rules::{
    compile::Pool,
    error::{NameError, Reason},
    events::EventSet,
    lang,
};

fn check(text: &str) -> Result<(Pool, u32), Reason> {
    let expr = lang::parse(text).map_err(|error| error.kind)?;
    let mut pool = Pool::default();
    let mut none = |_: &mut Pool, name: &str| Err(NameError::Macro { name: name.to_owned() }.into());
    let mut checker = Checker { pool: &mut pool, macros: &mut none, warnings: Vec::new() };
    let condition = checker.condition(&expr).map_err(|(_, reason)| reason)?;
    Ok((pool, condition))
}

#[test]
fn what_fits() {
    for text in [
        "proc.name < 5",
        "proc.name regex \"a.*b\"",
        "proc.name startswith anyof (a, b)",
        "proc.pid = -1",
        "proc.pid = 99999999999999999999",
        "fd.sport = https",
        "fd.sip = 1.2.3.4",
        "fd.net = 10.0.0.0/8",
        "fd.snet in (10.0.0.0/8, fe80::/10)",
        "evt.is_open_read = true",
        "evt.buffer bcontains cafe",
        "fd.types intersects (file)",
        "proc.aname[2] in (a, b)",
        "evt.type in (open, nanosleep)",
        "evt.type pmatch (nosuch)",
        "proc.name = val(proc.pname)",
        "join(\"-\", (proc.name, 5)) = x",
        "concat(proc.name, \"x\") endswith x",
        "len(proc.name) > 3",
        "tolower(proc.name) = toupper(proc.pname)",
    ] {
        assert!(check(text).is_ok(), "{text}: {:?}", check(text).err());
    }
}

#[test]
fn what_does_not_fit() {
    for (text, message) in [
        ("proc.nmae = a", "proc.nmae"),
        ("proc.name bcontains 61", "`bcontains` does not work on `proc.name`"),
        ("proc.pid startswith 1", "`startswith` does not work"),
        ("proc.pid = 0x10", "no whole number"),
        ("fd.sport = nosuch", "no port or service"),
        ("fd.sip = 1.2.3", "no IP address"),
        ("fd.sip = ::ffff:1.2.3.4", "no IP address"),
        ("fd.net = 10.0.0.0", "no network"),
        ("fd.net = fe80::/0", "no network"),
        ("evt.is_open_read = 1", "no truth value"),
        ("evt.buffer bcontains caf", "hexadecimal"),
        ("fd.types = file", "`=` does not work"),
        ("evt.type = nosuch", "no event type `nosuch`"),
        ("proc.name regex \"a(\"", "regular expression"),
        ("proc.name regex \"a)|(b\"", "regular expression"),
        ("proc.name = val(proc.pid)", "right-hand side is INT64"),
        ("proc.name regex val(proc.pname)", "cannot compare two fields"),
        ("fd.ip = val(fd.sip)", "cannot be compared with a field"),
        ("tolower(proc.pid) = a", "`tolower` does not take `proc.pid`"),
        ("tolower(proc.aname) = a", "cannot be transformed"),
        ("join(\"-\") = a", "`join` takes a separator and a list"),
        ("nomacro", "no macro `nomacro`"),
    ] {
        let reason = check(text).map(|_| ()).expect_err(text);
        assert!(reason.to_string().contains(message), "{text}: {reason}");
    }
}

#[test]
fn event_sets_are_over_approximations() {
    let open = EventSet::of(["open"]);
    let both = EventSet::of(["open", "creat"]);
    for (text, events) in [
        ("evt.type = open", open),
        ("evt.type in (open, creat)", both),
        ("evt.type = open and proc.name = x", open),
        ("evt.type = open or proc.name = x", EventSet::ALL),
        ("not evt.type = open", open.complement()),
        ("evt.type != open", open.complement()),
        ("not (evt.type != open)", open),
        ("not (evt.type = open and proc.name = x)", EventSet::ALL),
        ("not (evt.type != open or proc.name = x)", open),
        ("evt.type = open and not evt.type exists", EventSet::NONE),
        ("evt.num = 0", EventSet::NONE),
        ("evt.num = 0 or evt.type = open", open),
        ("not evt.num = 0 and evt.type = open", open),
        ("evt.type startswith open", EventSet::ALL),
    ] {
        let (pool, node) = check(text).expect(text);
        assert_eq!(pool.events(node), events, "{text}");
    }
}

#[test]
fn what_is_the_same_exists_once() {
    let (pool, _) =
        check("proc.name = a or (proc.name = a and fd.name = b) or not fd.name = b").expect("valid");
    assert_eq!((pool.predicates.len(), pool.fields.len()), (2, 2));
}
