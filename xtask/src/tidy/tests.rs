//! Rules against small texts.

use super::{File, RULES};

fn check(path: &str, text: &str, expect: &[&str]) {
    let file = File { path: path.to_owned(), text: text.to_owned() };
    let found: Vec<String> = RULES
        .iter()
        .flat_map(|rule| rule(&file))
        .map(|fault| format!("{}: {}", fault.line, fault.what))
        .collect();
    assert_eq!(found, expect, "{path}");
}

#[test]
fn imports_go_leftwards() {
    let text =
        "//! X.\nuse crate::decode::Record;\nuse crate::{rules, sinks::Alert};\nuse crate::telemetry::M;\n";
    check(
        "sensor-agent/src/enrich/process.rs",
        text,
        &[
            "3: `enrich` must not import `rules`",
            "3: `enrich` must not import `sinks`",
            "4: `enrich` must not import `telemetry`",
        ],
    );
    check("sensor-agent/src/app.rs", text, &[]);
    check("sensor-agent/src/border.rs", "//! X.\nuse crate::border::alert;\n", &[]);
    check(
        "sensor-agent/src/sinks/file.rs",
        "//! X.\nfn f(r: crate::decode::Record) {}\n",
        &["2: `sinks` must not import `decode`"],
    );
    check(
        "sensor-agent/src/decode.rs",
        "//! X.\n// crate::sinks\nuse crate::app;\n",
        &["3: `decode` must not import `app`"],
    );
}

#[test]
fn tests_may_import_anything() {
    check("sensor-agent/src/decode.rs", "//! X.\n#[cfg(test)]\nmod t { use crate::sinks::X; }\n", &[]);
}

#[test]
fn a_module_has_a_place() {
    let expect = "0: module `misc` has no place in xtask/src/tidy/layers.rs";
    check("sensor-agent/src/misc.rs", "//! X.\n", &[expect]);
}

#[test]
fn aya_stays_in_capture() {
    check("sensor-agent/src/capture/load.rs", "//! X.\nuse aya::Ebpf;\n", &[]);
    check(
        "sensor-agent/src/app.rs",
        "//! X.\nuse aya::Ebpf;\nuse malaya::X;\n",
        &["2: only `capture` may know aya"],
    );
}

#[test]
fn kernel_structs_stay_in_one_file() {
    check("sensor-ebpf/src/kernel.rs", "//! X.\nunsafe extern \"C\" {\n}\n", &[]);
    check(
        "sensor-ebpf/src/path.rs",
        "//! X.\nunsafe extern \"C\" {\n}\n",
        &["2: accessors are declared in kernel.rs only"],
    );
    check("sensor-ebpf/more.c", "", &["0: C code belongs into accessors.c"]);
}

#[test]
fn files_have_headers_and_an_end() {
    check(
        "xtask/src/x.rs",
        "fn main() {}\n",
        &["1: a file begins with `//!`: what it does, and what it leaves to others"],
    );
    let long = format!("//! X.\n{}", "x\n".repeat(600));
    check("xtask/src/x.rs", &long, &["0: 601 lines without tests; the limit is 600"]);
    check("xtask/src/x/tests.rs", &long, &[]);
}

#[test]
fn registries_are_not_named() {
    let line = format!("see http://deb.debian{}\n", ".org/");
    check("README.md", &line, &["1: names a package registry's host"]);
    check("Cargo.lock", &line, &[]);
}
