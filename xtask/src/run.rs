//! `cargo xtask run`: the agent with the bundled rules, in the foreground of this terminal.

use std::io::{self, IsTerminal};
use std::os::unix::process::CommandExt;

use anyhow::{Context, Result};

use crate::dirs::Dirs;
use crate::{agent, shell};

/// Builds, then becomes the agent; returns only if that fails.
pub(crate) fn run(dirs: &Dirs, args: &[String]) -> Result<()> {
    let binary = agent::build(dirs)?;
    let mut command = shell::as_root(&binary)
        .with_context(|| format!("the agent needs root: run `{}` as root", binary.display()))?;
    command.arg("-r").arg(dirs.rules().join("saker_rules.yaml"));
    if !io::stdout().is_terminal() {
        command.args(["-o", "json_output=true"]);
    }
    let error = command.args(args).exec();
    Err(error).with_context(|| format!("cannot start {}", binary.display()))
}
