//! What this program says it is: its own version, and the versions of Falco's that it keeps the contracts of. Rule files
//! ask for the engine version, dashboards and falcoctl for the others.

/// Saker's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The Falco release whose command line, configuration and outputs are kept.
pub const FALCO_VERSION: &str = "0.44.1";
/// Falco's rule engine version: `required_engine_version` up to this loads.
pub const ENGINE_VERSION: &str = "0.63.0";
/// The same as the number that older tools read.
pub const ENGINE_VERSION_MINOR: &str = "63";
/// Falco's plugin interface.
pub const PLUGIN_API_VERSION: &str = "3.12.0";
/// Falco's driver interface.
pub const DRIVER_API_VERSION: &str = "10.0.0";
/// Falco's event schema.
pub const SCHEMA_VERSION: &str = "4.3.0";

/// Keys and values of Falco's `/versions` and of `--version` with `json_output`.
pub fn versions() -> [(&'static str, &'static str); 9] {
    [
        ("default_driver_version", VERSION),
        ("driver_api_version", DRIVER_API_VERSION),
        ("driver_schema_version", SCHEMA_VERSION),
        ("engine_version", ENGINE_VERSION_MINOR),
        ("engine_version_semver", ENGINE_VERSION),
        ("falco_version", FALCO_VERSION),
        ("libs_version", VERSION),
        ("plugin_api_version", PLUGIN_API_VERSION),
        ("saker_version", VERSION),
    ]
}
