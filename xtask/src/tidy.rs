//! `cargo xtask tidy`: house rules that no compiler checks. Each rule looks at one file's text and nothing else.

mod layers;
mod text;

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::dirs::Dirs;
use crate::shell;

/// One tracked text file.
struct File {
    /// Relative to the repository, with forward slashes.
    path: String,
    text: String,
}

/// A rule that a file breaks.
struct Fault {
    path: String,
    /// From 1; 0 is the file as a whole.
    line: usize,
    what: String,
}

type Rule = fn(&File) -> Vec<Fault>;

const RULES: &[Rule] = &[
    layers::flow_order,
    layers::only_capture_knows_aya,
    layers::only_accessors_know_kernel_structs,
    text::header,
    text::size,
    text::no_registry_host,
    text::no_machine_path,
];

/// Prints every broken rule; fails if there is one.
pub(crate) fn run(dirs: &Dirs) -> Result<()> {
    let files = tracked(dirs)?;
    let faults: Vec<Fault> =
        files.iter().flat_map(|file| RULES.iter().flat_map(move |rule| rule(file))).collect();
    for fault in &faults {
        println!("{fault}");
    }
    if !faults.is_empty() {
        bail!("tidy: {} broken rules in {} files", faults.len(), files.len());
    }
    println!("tidy: {} files, {} rules", files.len(), RULES.len());
    Ok(())
}

/// Files that git knows or would take; what is not text is left out.
fn tracked(dirs: &Dirs) -> Result<Vec<File>> {
    let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"];
    let names = shell::stdout(Command::new("git").args(list).current_dir(&dirs.root))?;
    let mut files = Vec::new();
    for path in names.split('\0').filter(|name| !name.is_empty()) {
        let full = dirs.root.join(path);
        // Deleted but not yet committed, or a link.
        if !full.symlink_metadata().is_ok_and(|meta| meta.is_file()) {
            continue;
        }
        let bytes = fs::read(&full).with_context(|| format!("cannot read {path}"))?;
        if let Ok(text) = String::from_utf8(bytes) {
            files.push(File { path: path.to_owned(), text });
        }
    }
    Ok(files)
}

impl File {
    fn is_rust(&self) -> bool {
        self.has_extension("rs")
    }

    fn has_extension(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|found| found == extension)
    }

    fn is_test(&self) -> bool {
        self.path.starts_with("tests/") || self.path.ends_with("/tests.rs") || self.path.contains("/tests/")
    }

    /// Numbered lines above the file's own test module.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().take_while(|line| line.trim() != "#[cfg(test)]");
        lines.enumerate().map(|(index, line)| (index + 1, line))
    }

    fn fault(&self, line: usize, what: impl Into<String>) -> Fault {
        Fault { path: self.path.clone(), line, what: what.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, what } = self;
        if *line == 0 { write!(f, "{path}: {what}") } else { write!(f, "{path}:{line}: {what}") }
    }
}

#[cfg(test)]
mod tests;
