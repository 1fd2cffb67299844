//! Programs of other people that a test needs.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where `cargo xtask cluster build` puts what Debian does not have.
const BUILT: &str = "SAKER_CLUSTER_BIN";

/// Whether it can be started here.
pub fn is_installed(mut program: Command) -> bool {
    program.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    program.status().is_ok()
}

/// A program that was built for the tests, or else the machine's.
pub fn built(name: &str) -> Command {
    let own = env::var_os(BUILT).map(|bin| Path::new(&bin).join(name)).filter(|path| path.exists());
    Command::new(own.unwrap_or_else(|| PathBuf::from(name)))
}
