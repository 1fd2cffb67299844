//! Programs of other people that a test needs.

use std::process::{Command, Stdio};

/// Whether it can be started here.
pub fn is_installed(mut program: Command) -> bool {
    program.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    program.status().is_ok()
}
