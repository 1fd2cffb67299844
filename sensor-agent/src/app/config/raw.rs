//! A configuration as it is written, put together: the file, the files it includes, and the options of the command
//! line. What the keys mean is not known here.

use std::path::{Path, PathBuf};

use super::{
    ConfigError, Variables,
    option::Setting,
    tree::{self, Entry, Fault, Kind, Node},
};
use crate::{
    app::files::{self, TextFile, Trust},
    border::facts::LoadedFile,
};

/// Where a configuration is looked for when none is named, in this order.
pub(super) const LOCATIONS: [&str; 2] = ["/etc/saker/saker.yaml", "/etc/falco/falco.yaml"];

/// What holds when there is no file at all.
const BUILT_IN: &str = "
rules_files: [/etc/saker/saker_rules.yaml, /etc/saker/saker_rules.local.yaml, /etc/saker/rules.d]
stdout_output: {enabled: true}
webserver: {enabled: true, prometheus_metrics_enabled: true}
metrics: {enabled: true, interval: 1h}
";

/// A whole configuration, unchecked.
#[derive(Debug)]
pub struct Raw {
    /// Its values.
    pub root: Node,
    /// The files it came from, the main file first; empty when the built-in defaults hold.
    pub files: Vec<PathBuf>,
    /// Their names and hashes, in the same order.
    pub loaded: Vec<LoadedFile>,
    /// What is to be watched for changes: the included files and directories as they are named.
    pub includes: Vec<PathBuf>,
}

/// How two values of one top-level key become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strategy {
    /// Lists are joined, everything else is replaced.
    Append,
    /// The later file's value.
    Override,
    /// The earlier file's value.
    AddOnly,
}

impl Raw {
    /// Reads the named file, or the first of `locations` that is there, or the built-in defaults; then what
    /// `config_files` includes; then the options, which have the last word.
    pub fn read(
        named: Option<&Path>,
        locations: &[impl AsRef<Path>],
        options: &[String],
        trust: Trust,
        variables: Variables<'_>,
    ) -> Result<Self, ConfigError> {
        let found = locations.iter().map(AsRef::as_ref).find(|path| path.exists());
        let main = named.or(found).map(|path| files::read(path, trust)).transpose()?;
        let mut root = match &main {
            Some(file) => parse(file, variables)?,
            None => tree::parse(tree::BUILT_IN, BUILT_IN, variables)?,
        };
        let settings = options.iter().map(|option| Setting::parse(option, variables));
        let settings: Vec<Setting> = settings.collect::<Result<_, _>>()?;
        for setting in settings.iter().filter(|setting| setting.top() == "config_files") {
            setting.apply(&mut root)?;
        }
        let loaded = main.iter().map(TextFile::loaded).collect();
        let files = main.into_iter().map(|file| file.path).collect();
        let mut raw = Self { root, files, loaded, includes: Vec::new() };
        raw.include(trust, variables)?;
        for setting in settings.iter().filter(|setting| setting.top() != "config_files") {
            setting.apply(&mut raw.root)?;
        }
        Ok(raw)
    }

    fn include(&mut self, trust: Trust, variables: Variables<'_>) -> Result<(), ConfigError> {
        let entries: Vec<Node> =
            self.root.get("config_files").map(|node| node.items().to_vec()).unwrap_or_default();
        for entry in entries {
            let (named, strategy) = included(&entry)?;
            for path in files::expand(&named)? {
                if self.files.first().is_some_and(|main| same_file(main, &path)) {
                    let what = "`config_files` includes the file that it stands in".into();
                    return Err(Fault { place: entry.place, what }.into());
                }
                let text = files::read(&path, trust)?;
                let file = parse(&text, variables)?;
                if let Some(nested) = file.get("config_files") {
                    let what = "an included file cannot include others (`config_files`)".into();
                    return Err(Fault { place: nested.place.clone(), what }.into());
                }
                merge(&mut self.root, file, strategy)?;
                self.loaded.push(text.loaded());
                self.files.push(path);
            }
            self.includes.push(named);
        }
        Ok(())
    }
}

fn parse(file: &TextFile, variables: Variables<'_>) -> Result<Node, Fault> {
    tree::parse(&file.path.to_string_lossy(), &file.text, variables)
}

fn same_file(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

/// `path`, or `{path, strategy}`.
fn included(entry: &Node) -> Result<(PathBuf, Strategy), Fault> {
    let fault = |what: &str| Fault { place: entry.place.clone(), what: what.into() };
    if let Some(path) = entry.scalar() {
        return Ok((path.into(), Strategy::Append));
    }
    if let Some(other) = entry.entries().iter().find(|e| e.key != "path" && e.key != "strategy") {
        return Err(Fault {
            place: other.place.clone(),
            what: format!("unknown key `config_files.{}`", other.key),
        });
    }
    let path = entry.get("path").and_then(Node::scalar);
    let path = path.ok_or_else(|| fault("an item of `config_files` is a path, or has a `path`"))?;
    let strategy = match entry.get("strategy").and_then(Node::scalar) {
        None | Some("append") => Strategy::Append,
        Some("override") => Strategy::Override,
        Some("add-only") => Strategy::AddOnly,
        Some(_) => return Err(fault("`strategy` must be one of append, override, add-only")),
    };
    Ok((path.into(), strategy))
}

/// Merges the top-level keys of `file` into `root`.
fn merge(root: &mut Node, file: Node, strategy: Strategy) -> Result<(), Fault> {
    let Kind::Map(later) = file.kind else {
        return Err(Fault { place: file.place, what: "a configuration is a mapping of keys".into() });
    };
    let Kind::Map(entries) = &mut root.kind else {
        return Err(Fault { place: root.place.clone(), what: "a configuration is a mapping of keys".into() });
    };
    for entry in later {
        match entries.iter_mut().find(|earlier| earlier.key == entry.key) {
            None => entries.push(entry),
            Some(earlier) => combine(earlier, entry, strategy),
        }
    }
    Ok(())
}

fn combine(earlier: &mut Entry, later: Entry, strategy: Strategy) {
    match (strategy, &mut earlier.value.kind, later.value.kind) {
        (Strategy::AddOnly, ..) => {}
        (Strategy::Append, Kind::List(items), Kind::List(more)) => items.extend(more),
        (_, _, kind) => {
            earlier.value = Node { place: later.value.place, kind };
            earlier.place = later.place;
        }
    }
}
