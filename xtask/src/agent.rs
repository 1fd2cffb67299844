//! The agent in release, with the kernel object inside.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::dirs::Dirs;
use crate::{ebpf, shell};

/// Read by sensor-agent/build.rs; without it the agent embeds nothing and cannot load programs.
const OBJECT_VARIABLE: &str = "SAKER_EBPF_OBJECT";

/// Builds object and agent if need be; returns the binary's path.
pub(crate) fn build(dirs: &Dirs) -> Result<PathBuf> {
    cargo_build(dirs, &["--bin", "saker"])?;
    Ok(dirs.target.join("release/saker"))
}

/// Builds object and probe, which tries the kernel side without the rest of the agent.
pub(crate) fn build_probe(dirs: &Dirs) -> Result<PathBuf> {
    cargo_build(dirs, &["--example", "probe"])?;
    Ok(dirs.target.join("release/examples/probe"))
}

fn cargo_build(dirs: &Dirs, what: &[&str]) -> Result<()> {
    let object = ebpf::build(dirs)?;
    let mut cargo = shell::cargo();
    cargo.args(["build", "--release", "--package", "sensor-agent"]).args(what);
    cargo.current_dir(&dirs.root).env(OBJECT_VARIABLE, object).env("CARGO_TARGET_DIR", &dirs.target);
    shell::run(&mut cargo).context("cannot build the agent")
}
