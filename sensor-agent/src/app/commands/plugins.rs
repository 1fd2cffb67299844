//! `--list-plugins` and `--plugin-info`: Falco's plugins whose fields are built in here. There are no others.

use std::fmt::{self, Write};

use crate::rules::file::{PLUGIN_VERSIONS, Plugin};

/// Writes the list.
pub(super) fn list(out: &mut String) -> fmt::Result {
    write!(out, "{} Plugins Loaded:\n\n", PLUGIN_VERSIONS.len())?;
    PLUGIN_VERSIONS.iter().try_for_each(|plugin| write(out, plugin))
}

/// Writes what is known of one; says whether there is such a one.
pub(super) fn info(out: &mut String, name: &str) -> Result<bool, fmt::Error> {
    let Some(plugin) = PLUGIN_VERSIONS.iter().find(|plugin| plugin.name == name) else { return Ok(false) };
    write(out, plugin)?;
    writeln!(out, "No init config schema available: `container_engines` and `metadata` configure it.")?;
    Ok(true)
}

fn write(out: &mut String, plugin: &Plugin) -> fmt::Result {
    writeln!(out, "Name: {}", plugin.name)?;
    writeln!(out, "Description: {} (built in)", plugin.description)?;
    writeln!(out, "Version: {}", plugin.version)?;
    write!(out, "Capabilities:\n  - Field Extraction\n\n")
}
