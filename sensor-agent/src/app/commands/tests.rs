//! Answers of the commands, against what the people who call them expect.

use serde_json::{Value, json};

use super::{
    FileReport, Issue,
    describe::{self, Described},
    kernel::{Attached, Kernel},
    list_events,
    report::failure,
    version, wrap,
};
use crate::{
    app::{
        cli::{Cli, Format},
        config::RingSize,
        output::text,
    },
    border::ContextSource,
    capture::{CaptureError, HOOKS},
    rules::error::Location,
};

fn place(kind: &str, name: &str, file: &str, line: u64, column: u64) -> Location {
    Location { kind: kind.into(), name: name.into(), file: file.into(), line, column, offset: column }
}

/// An invalid file and one with warnings, as a loader tells of them.
fn reports() -> [FileReport; 3] {
    let error = Issue {
        code: "LOAD_ERR_COMPILE_CONDITION".into(),
        short: "Error compiling condition".into(),
        long: "unused".into(),
        message: "no such field".into(),
        locations: vec![
            place("rules content", "", "a.yaml", 0, 0),
            place("rule", "r1", "a.yaml", 0, 2),
            place("condition expression", "", "\"evt.type=open and...\"", 3, 32),
        ],
        place: "a.yaml:3:20".into(),
        snippet: "evt.type=open and proc.nope=x\n                            ^\n".into(),
        deprecated_field: None,
    };
    let warning = Issue {
        code: "LOAD_DEPRECATED_ITEM".into(),
        short: "Used deprecated item".into(),
        long: "A deprecated item is in use.".into(),
        message: "evt.dir".into(),
        locations: vec![place("rules content", "", "b.yaml", 0, 0)],
        place: "b.yaml:1:1".into(),
        snippet: "x\n^\n".into(),
        deprecated_field: Some("evt.dir".into()),
    };
    [
        FileReport { name: "a.yaml".into(), errors: vec![error], ..FileReport::default() },
        FileReport {
            name: "b.yaml".into(),
            warnings: vec![warning],
            schema: Some(vec!["failed for <root>".into()]),
            ..FileReport::default()
        },
        FileReport { name: "c.yaml".into(), ..FileReport::default() },
    ]
}

#[test]
fn reports_as_text() {
    let [a, b, c] = reports();
    assert_eq!((a.status(), b.status()), ("a.yaml: Invalid".into(), "b.yaml: Ok, with warnings".into()));
    assert_eq!(c.details(), "c.yaml: Ok");
    assert_eq!(
        a.details(),
        "a.yaml: Invalid\n1 Errors:\nIn rules content: (a.yaml:0:0)\n    rule 'r1': (a.yaml:0:2)\n    \
         condition expression: (\"evt.type=open and...\":3:32)\n------\n--> a.yaml:3:20\nevt.type=open and proc.nope=x\n                            \
         ^\n------\nLOAD_ERR_COMPILE_CONDITION (Error compiling condition): no such field"
    );
    assert_eq!(
        b.details(),
        "b.yaml: Ok, with warnings\n1 Schema warnings:\n------\nfailed for <root>\n------\n1 Warnings:\nIn rules \
         content: (b.yaml:0:0)\n------\n--> b.yaml:1:1\nx\n^\n------\nLOAD_DEPRECATED_ITEM (Used deprecated item: field 'evt.dir'): evt.dir"
    );
    let told = failure(&reports()).expect("one is invalid");
    assert_eq!(told, format!("{}\nb.yaml: Ok, with warnings\nc.yaml: Ok", a.details()));
    assert_eq!(failure(&[b, c]), None);
}

#[test]
fn reports_as_json() {
    let [a, b, c] = reports();
    assert_eq!(c.json(), json!({ "name": "c.yaml", "successful": true, "errors": [], "warnings": [] }));
    let a = a.json();
    assert_eq!(a["successful"], false);
    assert_eq!(a["errors"][0]["codedesc"], "Error compiling condition");
    assert_eq!(
        a["errors"][0]["context"]["locations"][1],
        json!({
            "item_name": "r1",
            "item_type": "rule",
            "position": { "name": "a.yaml", "line": 0, "column": 2, "offset": 2 },
        })
    );
    assert!(a.get("schema_valid").is_none() && a["errors"][0].get("deprecated_field").is_none());
    let b = b.json();
    assert_eq!((&b["successful"], &b["schema_valid"]), (&json!(true), &json!(false)));
    assert_eq!(b["warnings"][0]["codedesc"], "A deprecated item is in use.");
    assert_eq!(b["warnings"][0]["deprecated_field"], "evt.dir");
}

#[test]
fn fields_are_listed() {
    let listing = |args: &[&str]| {
        super::list(&Cli::parse(["saker"].iter().chain(args).map(Into::into)).expect("valid"))
    };
    let names = listing(&["--list", "-N"]);
    assert!(names.lines().any(|name| name == "proc.aname") && !names.contains(' '), "{names}");
    let all = listing(&["--list"]);
    assert!(all.lines().any(|line| line.starts_with("Field Class:") && line.ends_with("fd")), "{all}");
    assert!(listing(&["--list", "-v"]).contains("(Type: UINT64)"));
    assert!(listing(&["--list", "--format", "markdown"]).contains("`evt.type` | CHARBUF |"));
    let json: Value = serde_json::from_str(&listing(&["--list", "-N", "--format", "json"])).expect("JSON");
    assert_eq!(json["fieldnames"].as_array().expect("names").len(), names.lines().count());
}

#[test]
fn events_are_listed() {
    let all = text(|out| list_events::write(out, Format::Text));
    assert!(
        all.starts_with("The events below are valid for Falco *Schema Version*: 4.3.0\n## Syscall events\n")
    );
    assert!(all.contains("\n< kill(ERRNO **res**, PID **pid**, SIGTYPE **sig**)\n"), "{all}");
    assert!(all.contains("## Tracepoint events\n\n> procexit("), "{all}");
    let json: Value = serde_json::from_str(&text(|out| list_events::write(out, Format::Json))).expect("JSON");
    let calls = json["Syscall events"].as_array().expect("events");
    assert_eq!(calls.len(), sensor_common::syscalls::TABLE.len());
    assert!(
        text(|out| list_events::write(out, Format::Markdown))
            .contains("\nYes | `<` | `kill` | ERRNO **res**")
    );
    let ignored = text(list_events::ignored);
    assert!(ignored.starts_with("Ignored syscall(s):\n- ") && ignored.contains("\n- pread\n"));
}

#[test]
fn rules_are_described_in_two_columns() {
    let found = |note: Option<&str>| {
        let note = note.map(str::to_owned);
        let rule = Described { name: "A rule", description: "What it says.", note };
        text(|out| describe::write(out, [rule]))
    };
    let (pad, indent) = (" ".repeat(45), " ".repeat(51));
    let (plain, noted) = (found(None), found(Some("enabled, f.yaml:3")));
    assert!(plain.ends_with(&format!("\nA rule{pad}What it says. \n\n")), "{plain}");
    assert!(noted.ends_with(&format!("What it says. \n{indent}(enabled, f.yaml:3)\n\n")), "{noted}");
}

#[test]
fn long_words_and_names_keep_their_column() {
    for (name, words, expect) in [
        ("n", "aa bb cc", "n   aa bb \n    cc \n"),
        ("name", "aa", "name\n    aa \n"),
        ("n", "aaaaaaaaaaaaaaaa b", "n   aaaaaaaaaaaaaaaa \n    b \n"),
        ("n", "", "n   \n"),
    ] {
        assert_eq!(text(|out| wrap::row(out, name, words, 4, 10)), expect, "{name} {words}");
    }
}

fn kernel(attached: Result<Attached, CaptureError>) -> Kernel {
    Kernel {
        release: "6.12.1".into(),
        machine: "x86_64".into(),
        btf_bytes: Some(5 << 20),
        capabilities: vec![("CAP_BPF", true), ("CAP_PERFMON", false)],
        memlock_bytes: Some(8 << 20),
        attached,
    }
}

/// Attached but for the start-up scan.
fn degraded() -> Attached {
    let refusal = |program: &str| (program == "scan").then(|| "unknown func".to_owned());
    Attached {
        has_plain_loads: true,
        hooks: HOOKS.iter().map(|hook| (hook, refusal(hook.program))).collect(),
        scanned_bytes: 1536,
    }
}

#[test]
fn a_version_names_falcos_blocks_in_order() {
    let found = text(|out| version::write(out, &kernel(Ok(degraded()))));
    let mut rest = found.as_str();
    for part in [
        "Falco version: ",
        "Libs version:  ",
        "Plugin API:    3.12.0\n",
        "Engine:        0.63.0\n",
        "Driver:\n",
        "  API version:    10.0.0\n",
        "  Schema version: 4.3.0\n",
        "  Default driver: ",
        "Kernel:        6.12.1\n",
        "sys_exit\n",
        "Degraded:      scan: ",
    ] {
        rest = rest.split_once(part).unwrap_or_else(|| panic!("{part}\n{found}")).1;
    }
    let json: Value = serde_json::from_str(&version::json(&kernel(Ok(degraded())))).expect("JSON");
    assert_eq!((&json["engine_version"], &json["engine_version_semver"]), (&json!("63"), &json!("0.63.0")));
    assert_eq!(json["hooks"].as_array().map(Vec::len), Some(HOOKS.len() - 1));
    assert_eq!(json["degraded"][0]["hook"], "scan");
    let json: Value = serde_json::from_str(&version::json(&kernel(Err(CaptureError::Blind)))).expect("JSON");
    assert_eq!(json["hooks"], json!([]));
    assert!(json["hooks_error"].is_string());
}

#[test]
fn a_doctor_says_what_is_missing_and_what_that_costs() {
    let ring = RingSize { bytes: 8 << 20, reserve_bytes: 1 << 20 };
    let page = |kernel: &Kernel| text(|out| super::doctor::write(out, kernel, ring));
    let found = page(&kernel(Ok(degraded())));
    for part in [
        "on Linux 6.12.1 x86_64\n",
        "BTF           /sys/kernel/btf/vmlinux, 5 MiB\n",
        "capabilities  CAP_BPF yes, CAP_PERFMON no\n",
        "memlock       8 MiB ",
        "ring          8 MiB, the last 1 MiB for process events only\n",
        "processes     1.5 KiB of records",
        "  sys_exit         tp_btf/sys_exit             attached\n",
        "  scan             iter/task                   MISSING\n",
        "\ndegraded\n  scan: processes that started before the sensor are known from /proc only\n    because: unknown func\n",
    ] {
        assert!(found.contains(part), "{part}\n{found}");
    }
    let runtime = |place: &str, fault: Option<&str>| ContextSource {
        place: place.into(),
        kind: "CRI".into(),
        fault: fault.map(str::to_owned),
    };
    let runtimes = [runtime("/run/a.sock", None), runtime("/run/b.sock", Some("no answer"))];
    assert_eq!(
        text(|out| super::doctor::containers(out, &runtimes, false)),
        "\ncontainers\n  CRI         /run/a.sock  answers\n  CRI         /run/b.sock  DOES NOT ANSWER: no answer\n  \
         names of users: root only, others need CAP_SYS_PTRACE\n"
    );
    assert!(text(|out| super::doctor::containers(out, &[], true)).contains("no runtime's socket is there"));
    let whole = Attached { hooks: HOOKS.iter().map(|hook| (hook, None)).collect(), ..degraded() };
    assert!(page(&kernel(Ok(whole))).ends_with("\nNothing is degraded.\n"));
    let refused = CaptureError::NotPermitted { source: Box::new(std::io::Error::other("EPERM")) };
    let found = page(&Kernel { btf_bytes: None, ..kernel(Err(refused)) });
    assert!(found.contains("attach        failed: not permitted") && found.ends_with("EPERM\n"), "{found}");
    assert!(found.contains("BTF           missing"), "{found}");
}
