//! The result as Markdown.

use std::fs;
use std::process::Command;

use anyhow::Result;

use crate::bench::Bench;
use crate::bench::targets::{self, Figure};
use crate::shell;

const HEAD: &str = "\
# What Saker costs

Written by `cargo xtask bench` and by nobody else; the best of alternating runs with the sensor off and on. Read the
ratios: absolute times are this machine's.
";

/// Facts about the machine, rows of loads, other figures.
pub(super) struct Table {
    machine: Vec<(&'static str, String)>,
    loads: Vec<[String; 7]>,
    facts: Vec<(&'static str, String)>,
    measured: Vec<(Figure, f64)>,
}

impl Table {
    /// Begins with what was measured where and when.
    pub(super) fn new(bench: &Bench) -> Result<Self> {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let cpus = read("/proc/cpuinfo");
        let value = |key: &str| {
            let line = cpus.lines().find(|line| line.starts_with(key))?;
            line.split_once(':').map(|(_, value)| value.trim().to_owned())
        };
        let n_cpus = cpus.lines().filter(|line| line.starts_with("processor")).count();
        let date = shell::stdout(Command::new("date").args(["-u", "+%F"]))?.trim().to_owned();
        let size = fs::metadata(&bench.saker)?.len();
        let rules = bench.rules.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let machine = vec![
            ("date", date),
            ("kernel", read("/proc/sys/kernel/osrelease").trim().to_owned()),
            ("processors", format!("{n_cpus} x {}", value("model name").unwrap_or_default())),
            ("rules", rules),
            ("size of the agent", mib(size)),
        ];
        Ok(Self { machine, loads: Vec::new(), facts: Vec::new(), measured: Vec::new() })
    }

    /// Adds a row: load, ns off, ns on, ns added, ratio, agent's ns per event, events per operation.
    pub(super) fn load(&mut self, row: [String; 7]) {
        self.loads.push(row);
    }

    /// Adds a figure.
    pub(super) fn fact(&mut self, name: &'static str, value: String) {
        println!("{name}: {value}");
        self.facts.push((name, value));
    }

    /// Keeps a figure that has a target, in its target's unit.
    pub(super) fn measured(&mut self, figure: Figure, value: f64) {
        self.measured.push((figure, value));
    }

    /// The document.
    pub(super) fn text(&self) -> String {
        let mut text = HEAD.to_owned();
        rows(&mut text, &["machine", ""], self.machine.iter().map(|(name, value)| [*name, value]));
        let head = [
            "load",
            "off, ns",
            "on, ns",
            "added, ns",
            "ratio",
            "agent, ns of processor time an event",
            "events an operation",
        ];
        rows(&mut text, &head, self.loads.iter().map(|row| row.each_ref().map(String::as_str)));
        rows(&mut text, &["figure", ""], self.facts.iter().map(|(name, value)| [*name, value]));
        text.push_str(&targets::section(&self.measured));
        text
    }
}

/// A table with its head.
pub(super) fn rows<'a, const N: usize>(
    text: &mut String,
    head: &[&str; N],
    rows: impl Iterator<Item = [&'a str; N]>,
) {
    let line = |cells: &[&str; N]| format!("| {} |", cells.join(" | "));
    let rule = vec!["---"; N].join("|");
    for part in ["\n", &line(head), "\n|", &rule, "|\n"] {
        text.push_str(part);
    }
    for row in rows {
        text.push_str(&line(&row));
        text.push('\n');
    }
}

/// A number with its thousands apart.
pub(super) fn number(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if value.round() < 0.0 { format!("-{text}") } else { text }
}

/// Bytes as mebibytes.
pub(super) fn mib(bytes: u64) -> String {
    let tenths = (bytes * 10 + (1 << 19)) >> 20;
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        for (value, expect) in
            [(0.4, "0"), (999.0, "999"), (1234.4, "1,234"), (-1_234_567.0, "-1,234,567"), (-0.2, "0")]
        {
            assert_eq!(number(value), expect);
        }
    }

    #[test]
    fn bytes_are_rounded() {
        for (bytes, expect) in
            [(0, "0.0 MiB"), (1 << 20, "1.0 MiB"), (3 << 19, "1.5 MiB"), (1_000_000, "1.0 MiB")]
        {
            assert_eq!(mib(bytes), expect);
        }
    }
}
