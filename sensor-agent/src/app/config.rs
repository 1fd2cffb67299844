//! Configuration in two stages: [`Raw`] is what was written, put together from file, included files and options;
//! [`Config`] is checked, with units in types. Nothing reads keys behind this module.
//!
//! Precedence, later wins: built-in defaults (only when there is no file at all) or the main file; the files of its
//! `config_files`, in order; `-o`; the flags `-r`, `-U`, `-p`. Falco's keys keep Falco's meaning and defaults. Stricter
//! than Falco: a value of the wrong kind is an error, with its place. An unknown key is told with the nearest known one.
//!
//! Saker's own keys: `rules_strict` (a fault in one rule refuses its file; default off: the other rules run),
//! `resolved_paths` (on or off), `metadata.hold_ms` (see [`crate::hold`]), `saker.ring_bytes` and `saker.reserve_bytes` (see [`RingSize`]).

mod check;
mod effective;
mod engines;
mod keys;
mod option;
mod raw;
mod read;
mod schema;
mod sections;
mod tree;
#[cfg(test)]
mod tests;

pub use effective::{Effective, effective};
pub use keys::{KEYS, Key, Shape, Use};
pub use raw::Raw;
pub use read::interval;
pub use schema::schema;
pub use sections::{
    AlertFormat, DropAction, Drops, Engine, FileOutput, Log, Metrics, Outputs, ProgramOutput, RingSize,
    Rules, Tuning, Webserver,
};
pub use tree::{Fault, Place, Variables};

use std::{fmt, path::PathBuf, time::Duration};

use super::{
    cli::Common,
    files::{FileError, Trust},
};
use crate::{border::facts::LoadedFile, context, enrich::Engines, rules::AppendOutput};

/// Everything that was decided before the sensor starts.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches of the configuration")]
pub struct Config {
    /// Configuration files in effect, the main file first; none: the built-in defaults.
    pub files: Vec<PathBuf>,
    /// Their names and hashes, for metrics.
    pub loaded: Vec<LoadedFile>,
    /// Files and directories that `config_files` names: watched with the files.
    pub includes: Vec<PathBuf>,
    /// Changed files cause a reload.
    pub watch_files: bool,
    /// What is worth a line in the log: keys without effect, deprecated options.
    pub notices: Vec<String>,
    /// Where records come from.
    pub engine: Engine,
    /// The ring.
    pub ring: RingSize,
    /// Bound of the process table.
    pub processes: usize,
    /// Which rules run.
    pub rules: Rules,
    /// Where alerts go.
    pub outputs: Outputs,
    /// The admin server.
    pub webserver: Option<Webserver>,
    /// The agent's own log.
    pub log: Log,
    /// Metric snapshots.
    pub metrics: Option<Metrics>,
    /// What is done about lost events.
    pub drops: Drops,
    /// Container runtimes that are asked.
    pub runtimes: context::Options,
    /// What counts as a container.
    pub engines: Engines,
    /// How long an event may wait for what they tell; zero: not at all.
    pub hold: Duration,
    /// Where an operator asks the running agent; `None`: nowhere.
    pub admin_socket: Option<PathBuf>,
    /// For the last events that each rule alerted for; 0: none are kept.
    pub explain_bytes: usize,
    /// Alerts carry the number of their rule set.
    pub stamps_generation: bool,
    /// Metrics tell what each rule costs.
    pub measures_rules: bool,
    /// Nothing is routed for a while, but counted.
    pub tuning: Option<Tuning>,
    /// `-v`: statistics at the end.
    pub is_verbose: bool,
    /// `-M`: the sensor stops after this time; `None`: never.
    pub stop_after: Option<Duration>,
    /// `FALCO_HOSTNAME`, where it is set.
    pub hostname: Option<String>,
}

impl Default for Config {
    /// What an empty file means.
    fn default() -> Self {
        let place = Place { source: "".into(), at: None };
        let root = tree::Node::empty(place);
        let mut reader = read::Reader { root: &root, faults: Vec::new() };
        reader.config(1)
    }
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file of it cannot be read, or must not be trusted.
    #[error(transparent)]
    File(#[from] FileError),
    /// What is wrong in it, each with its place.
    #[error("{}", Lines(faults))]
    Faults {
        /// At least one.
        faults: Vec<Fault>,
    },
    /// There is nothing to load.
    #[error(
        "You must specify at least one rules file: with -r, or with `rules_files` in the configuration (none of these exists: {})",
        looked_at.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
    )]
    NoRules {
        /// What the configuration names.
        looked_at: Vec<PathBuf>,
    },
    /// Alerts would go nowhere.
    #[error(
        "no output is enabled: set the enabled key of stdout_output, file_output, syslog_output, program_output or http_output to true"
    )]
    NoOutput,
    /// Every event source was turned off.
    #[error(
        "no event source is left: system calls are the only one, and `engine.kind: nodriver` or --disable-source turns them off"
    )]
    NoSource,
}

impl From<Fault> for ConfigError {
    fn from(fault: Fault) -> Self {
        Self::Faults { faults: vec![fault] }
    }
}

struct Lines<'a>(&'a [Fault]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n       ")?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

/// What a configuration depends on besides its text.
pub struct Surroundings<'a> {
    /// Environment variables.
    pub variables: Variables<'a>,
    /// Online CPUs: Falco's ring sizes are per some of them.
    pub cpus: usize,
    /// Whether files that others may write are refused.
    pub trust: Trust,
}

impl Config {
    /// Reads and checks the configuration that the command line names.
    pub fn load(common: &Common, surroundings: &Surroundings<'_>) -> Result<Self, ConfigError> {
        let mut config = Self::new(Self::raw(common, surroundings)?, surroundings)?;
        config.take(common);
        Ok(config)
    }

    /// Reads the configuration that the command line names, unchecked.
    pub fn raw(common: &Common, surroundings: &Surroundings<'_>) -> Result<Raw, ConfigError> {
        let named = common.config.as_deref();
        Raw::read(named, &raw::LOCATIONS, &common.options, surroundings.trust, surroundings.variables)
    }

    /// Checks a configuration.
    pub fn new(raw: Raw, surroundings: &Surroundings<'_>) -> Result<Self, ConfigError> {
        let checked = check::check(&raw.root);
        if !checked.faults.is_empty() {
            return Err(ConfigError::Faults { faults: checked.faults });
        }
        let mut reader = read::Reader { root: &raw.root, faults: Vec::new() };
        let mut config = reader.config(surroundings.cpus);
        if !reader.faults.is_empty() {
            return Err(ConfigError::Faults { faults: reader.faults });
        }
        config.notices.extend(checked.unknown.iter().map(|fault| format!("{fault}; it is ignored")));
        let unused = checked.unused.iter().map(|(why, keys)| format!("{} ({why})", keys.join(", ")));
        for (keys, what) in [
            (unused.collect::<Vec<_>>().join("; "), "without effect here"),
            (checked.retired.join(", "), "retired, without effect"),
        ] {
            if !keys.is_empty() {
                config.notices.push(format!("configuration keys {what}: {}", keys.replace("[]", "")));
            }
        }
        config.files = raw.files;
        config.loaded = raw.loaded;
        config.includes = raw.includes;
        config.hostname = (surroundings.variables)("FALCO_HOSTNAME").filter(|name| !name.is_empty());
        config.runtimes.kubernetes = engines::kubernetes(&raw.root, surroundings.variables);
        config.runtimes.api = engines::api(surroundings.variables);
        config.runtimes.host_root = (surroundings.variables)("HOST_ROOT").unwrap_or_default();
        Ok(config)
    }

    /// Flags that say more than the configuration.
    fn take(&mut self, common: &Common) {
        if !common.rules.is_empty() {
            self.rules.paths.clone_from(&common.rules);
            self.rules.are_explicit = true;
        }
        self.is_verbose = common.verbose;
        self.stop_after = (common.seconds > 0).then(|| Duration::from_secs(common.seconds));
        if common.unbuffered {
            self.outputs.is_buffered = false;
        }
        if let Some(print) = &common.print {
            let what =
                "The -p/--print option is deprecated and will be removed. Use -o append_output=... instead.";
            self.notices.push(what.into());
            if !matches!(print.as_str(), "c" | "container" | "k" | "kubernetes") {
                let text = Some(print.clone());
                self.rules.options.append_outputs.push(AppendOutput { text, ..AppendOutput::default() });
            }
        }
    }

    /// Parts in which `other` differs and which are read at start only: everything but the rules and what is added to
    /// their outputs.
    pub fn fixed_differences(&self, other: &Self) -> Vec<&'static str> {
        let parts = [
            ("engine", self.engine != other.engine),
            ("tuning", self.tuning != other.tuning),
            ("saker.alert_generation", self.stamps_generation != other.stamps_generation),
            ("saker.admin_socket", self.admin_socket != other.admin_socket),
            ("saker.explain_bytes", self.explain_bytes != other.explain_bytes),
            ("saker.rule_costs", self.measures_rules != other.measures_rules),
            ("static_fields", self.rules.static_fields != other.rules.static_fields),
            ("saker.ring_bytes", self.ring != other.ring),
            ("the process table", self.processes != other.processes),
            ("outputs", self.outputs != other.outputs),
            ("webserver", self.webserver != other.webserver),
            ("log", self.log != other.log),
            ("metrics", self.metrics != other.metrics),
            ("syscall_event_drops", self.drops != other.drops),
            ("container_engines", self.runtimes != other.runtimes || self.engines != other.engines),
            ("metadata", self.hold != other.hold),
            ("watch_config_files", self.watch_files != other.watch_files),
        ];
        parts.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }

    /// An error when alerts would go nowhere.
    pub fn require_output(&self) -> Result<(), ConfigError> {
        let Outputs { stdout, syslog, file, program, http, .. } = &self.outputs;
        let has_one = *stdout || syslog.is_some() || file.is_some() || program.is_some() || http.is_some();
        if has_one { Ok(()) } else { Err(ConfigError::NoOutput) }
    }
}
