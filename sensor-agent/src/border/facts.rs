//! What the sensor half knows about itself and its host: said at start and again after each reload.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Facts that change with a reload at most.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// `/versions` under Falco's keys (`falco_version`, `engine_version`, `engine_version_semver`, `libs_version`,
    /// `driver_api_version`, …: spec/rules.md 6.1) and our own.
    pub versions: BTreeMap<String, String>,
    /// Plugin versions by name; the key `plugin_versions` is left out when there is none.
    pub plugins: BTreeMap<String, String>,
    /// Falco's name of the kernel side: `modern_bpf`; `nodriver` in replay.
    pub engine: String,
    /// `FALCO_HOSTNAME`, or the host's name.
    pub hostname: String,
    /// `uname -r`.
    pub kernel_release: String,
    /// CPUs online.
    pub cpus: u32,
    /// When the host booted, ns since the epoch.
    pub boot_ns: u64,
    /// When the agent started, ns since the epoch.
    pub start_ns: u64,
    /// When rules and configuration were last loaded, ns since the epoch.
    pub reload_ns: u64,
    /// How long the last load took, from the files to the rule set, ns.
    pub reload_took_ns: u64,
    /// Reloads since the start that took effect.
    pub reloads_done: u64,
    /// Reloads since the start that were refused.
    pub reloads_refused: u64,
    /// Rule files in force.
    pub rule_files: Vec<LoadedFile>,
    /// Configuration files in force.
    pub config_files: Vec<LoadedFile>,
    /// Hooks that are attached, by program.
    pub hooks: Vec<String>,
    /// What this kernel or host cannot do, a sentence each.
    pub degraded: Vec<String>,
    /// Rules that were left out, as the loader says it: file, line, column, text.
    pub rule_faults: Vec<String>,
}

/// A file as it was when it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadedFile {
    /// Base name.
    pub name: String,
    /// SHA-256 of what was parsed, hexadecimal.
    pub sha256: String,
}
