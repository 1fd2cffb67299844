//! The agent in release, with the kernel object inside.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::dirs::Dirs;
use crate::{ebpf, shell};

/// Read by sensor-agent/build.rs; without it the agent embeds nothing and cannot load programs.
const OBJECT_VARIABLE: &str = "SAKER_EBPF_OBJECT";

/// Builds object and agent if need be; returns the binary's path.
pub(crate) fn build(dirs: &Dirs) -> Result<PathBuf> {
    let object = ebpf::build(dirs)?;
    let mut cargo = shell::cargo();
    cargo.args(["build", "--release", "--package", "sensor-agent", "--bin", "saker"]);
    cargo.current_dir(&dirs.root).env(OBJECT_VARIABLE, object).env("CARGO_TARGET_DIR", &dirs.target);
    shell::run(&mut cargo).context("cannot build the agent")?;
    Ok(dirs.target.join("release/saker"))
}
