//! Rules about single files as text: headers, sizes, names that must not stand in the tree.

use super::{Fault, File};

const MAX_LINES: usize = 600;

/// Longer than the limit on purpose, with the reason.
const LONG: &[(&str, &str)] = &[("sensor-common/src/syscalls.rs", "one table, a row per system call")];

/// In two halves, so that this file does not name them either.
const HOSTS: &[(&str, &str)] = &[
    ("crates", ".io/"),
    ("static.crates", ".io"),
    ("index.crates", ".io"),
    ("deb.debian", ".org"),
    ("snapshot.debian", ".org"),
    ("ftp.debian", ".org"),
    ("security.debian", ".org"),
    ("archive.ubuntu", ".com"),
    ("pypi", ".org"),
    ("files.pythonhosted", ".org"),
    ("registry.npmjs", ".org"),
    ("proxy.golang", ".org"),
    ("sum.golang", ".org"),
    ("repo1.maven", ".org"),
    ("repo.maven.apache", ".org"),
];

/// Each Rust file says in its first line what it is.
pub(super) fn header(file: &File) -> Vec<Fault> {
    if !file.is_rust() || file.text.starts_with("//! ") {
        return Vec::new();
    }
    vec![file.fault(1, "a file begins with `//!`: what it does, and what it leaves to others")]
}

/// Files stay readable in one go; tests do not count.
pub(super) fn size(file: &File) -> Vec<Fault> {
    let is_long = LONG.iter().any(|(path, _)| *path == file.path);
    let is_code = file.is_rust() || file.has_extension("c");
    let n_lines = file.code().count();
    if !is_code || is_long || file.is_test() || n_lines <= MAX_LINES {
        return Vec::new();
    }
    vec![file.fault(0, format!("{n_lines} lines without tests; the limit is {MAX_LINES}"))]
}

/// Package registries are reached by their clients' own settings, never by name.
pub(super) fn no_registry_host(file: &File) -> Vec<Fault> {
    // Cargo writes its registry into lock files.
    if file.path.ends_with("Cargo.lock") {
        return Vec::new();
    }
    contains(file, HOSTS, "names a package registry's host")
}

/// A path of one machine tells nothing on another.
pub(super) fn no_machine_path(file: &File) -> Vec<Fault> {
    contains(
        file,
        &[("/work", "/main"), ("/work", "/shared"), ("/work", "/h/")],
        "names a path of one machine",
    )
}

fn contains(file: &File, needles: &[(&str, &str)], what: &str) -> Vec<Fault> {
    let needles: Vec<String> = needles.iter().map(|(head, tail)| format!("{head}{tail}")).collect();
    let lines = file.text.lines().enumerate();
    lines
        .filter(|(_, text)| needles.iter().any(|needle| text.contains(needle.as_str())))
        .map(|(index, _)| file.fault(index + 1, what))
        .collect()
}
