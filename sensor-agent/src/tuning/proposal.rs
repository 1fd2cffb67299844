//! Exceptions for what is seen again and again, as a rules file. Base rules are never repeated, and what an attacker could have
//! brought about is only listed: see [`Reason`].

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
};

use crate::border::{
    Priority,
    tally::{Group, Place, Seen, Tally},
};

/// Why a group is listed and nothing is proposed for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// Seen once: whoever acts in the window must not be excepted.
    Once,
    /// Rules of priority Critical and above are never silenced.
    Critical,
    /// Path of the executable, parent or image are not all known; a process name alone says nothing.
    Unidentified,
    /// Anybody may write the executable's directory.
    Writable,
    /// The executable was written into its container after the start of it.
    Dropped,
    /// A rules file cannot hold the names without quoting that somebody else chose.
    Unusual,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Once => "seen once",
            Self::Critical => "critical",
            Self::Unidentified => "executable, parent or image unknown",
            Self::Writable => "executable where anybody may write",
            Self::Dropped => "executable added to its container",
            Self::Unusual => "unusual characters in its names",
        })
    }
}

/// A proposed rules file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proposal {
    /// Its text; empty: nothing is proposed.
    pub yaml: String,
    /// Alerts that it silences, by rule.
    pub claims: BTreeMap<String, u64>,
}

/// Directories that anybody, or a user of his own, may write.
const WRITABLE: [&str; 8] = ["/tmp/", "/var/tmp/", "/dev/", "/run/", "/proc/", "/home/", "/root/", "/mnt/"];

/// Why nothing is proposed for a group; `None`: it may be excepted.
pub(super) fn reason(group: &Group, seen: &Seen) -> Option<Reason> {
    let image = match &group.place {
        Place::Host => "host",
        Place::Image(image) => image,
        Place::Unknown => "",
    };
    let names = [&group.rule, &group.exe, &group.parent, &group.prefix];
    let is_plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._/+@:=-".contains(&b));
    if seen.priority <= Priority::Critical {
        Some(Reason::Critical)
    } else if seen.count < 2 {
        Some(Reason::Once)
    } else if !group.exe.starts_with('/') || group.parent.is_empty() || image.is_empty() {
        Some(Reason::Unidentified)
    } else if WRITABLE.iter().any(|directory| group.exe.starts_with(directory)) {
        Some(Reason::Writable)
    } else if seen.is_dropped {
        Some(Reason::Dropped)
    } else if !names.iter().skip(1).all(|name| is_plain(name)) || !is_plain(image) {
        Some(Reason::Unusual)
    } else {
        None
    }
}

/// An exception: its fields, operators and rows of values.
type Exceptions = BTreeMap<(bool, bool), Vec<Vec<String>>>;

/// Proposes exceptions. `name` tells this proposal's exceptions from those of others: letters, digits and `_`.
pub fn propose(tally: &Tally, name: &str) -> Proposal {
    let mut rules: BTreeMap<&str, Exceptions> = BTreeMap::new();
    let mut proposal = Proposal::default();
    for (group, seen) in tally.groups.iter().filter(|(group, seen)| reason(group, seen).is_none()) {
        let (is_host, place) = match &group.place {
            Place::Image(image) => (false, image.as_str()),
            Place::Host | Place::Unknown => (true, "host"),
        };
        let has_path = !group.prefix.is_empty();
        let mut row = vec![place.to_owned(), group.exe.clone(), group.parent.clone()];
        row.extend(has_path.then(|| group.prefix.clone()));
        rules.entry(&group.rule).or_default().entry((is_host, has_path)).or_default().push(row);
        *proposal.claims.entry(group.rule.clone()).or_default() += seen.count;
    }
    if !rules.is_empty() {
        // Writing to a string cannot fail.
        let _never_fails = write(&mut proposal.yaml, &rules, name);
    }
    proposal
}

fn write(out: &mut String, rules: &BTreeMap<&str, Exceptions>, name: &str) -> fmt::Result {
    writeln!(
        out,
        "# Proposed by `saker tune`: read each line before you load it. It stands behind the base files and only adds\n# exceptions; delete a row to hear of it again."
    )?;
    for (rule, exceptions) in rules {
        writeln!(out, "- rule: {}\n  exceptions:", quoted(rule))?;
        for ((is_host, has_path), rows) in exceptions {
            let (place, kind) =
                if *is_host { ("container.id", "host") } else { ("container.image.repository", "image") };
            let (suffix, field, comp) =
                if *has_path { ("_path", ", fd.name", ", startswith") } else { ("", "", "") };
            writeln!(out, "    - name: {name}_{kind}{suffix}")?;
            writeln!(out, "      fields: [{place}, proc.exepath, proc.pname{field}]")?;
            writeln!(out, "      comps: [=, =, ={comp}]\n      values:")?;
            for row in rows {
                let row: Vec<String> = row.iter().map(|value| quoted(value)).collect();
                writeln!(out, "        - [{}]", row.join(", "))?;
            }
        }
        writeln!(out, "  override:\n    exceptions: append")?;
    }
    Ok(())
}

/// A double-quoted YAML scalar, which a JSON string is.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
