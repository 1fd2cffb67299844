//! The agent in release, with the kernel object inside.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::dirs::Dirs;
use crate::ebpf::Variant;
use crate::{ebpf, shell};

/// Read by sensor-agent/build.rs; without it the agent embeds nothing and cannot load programs.
const OBJECT_VARIABLE: &str = "SAKER_EBPF_OBJECT";

/// Builds object and agent if need be; returns the binary's path.
pub(crate) fn build(dirs: &Dirs) -> Result<PathBuf> {
    cargo_build(dirs, &["--bin", "saker"])?;
    Ok(dirs.target.join("release/saker"))
}

/// Builds object and agent with the log lines of `doctor --trace`, apart from what ships; returns the binary's path.
pub(crate) fn build_traced(dirs: &Dirs) -> Result<PathBuf> {
    let target = dirs.target.join("trace");
    compile(dirs, Variant::Trace, &target, &["--bin", "saker", "--features", "trace"])?;
    Ok(target.join("release/saker"))
}

/// Version of the packages.
pub(crate) fn version(dirs: &Dirs) -> Result<String> {
    let id =
        shell::stdout(shell::cargo().args(["pkgid", "--package", "sensor-agent"]).current_dir(&dirs.root))?;
    let version = id.trim().rsplit(['#', '@']).next();
    version.map(str::to_owned).with_context(|| format!("no version in `{}`", id.trim()))
}

/// Builds object and probe, which tries the kernel side without the rest of the agent.
pub(crate) fn build_probe(dirs: &Dirs) -> Result<PathBuf> {
    cargo_build(dirs, &["--example", "probe"])?;
    Ok(dirs.target.join("release/examples/probe"))
}

/// Builds what attaches the empty program of `bench`.
pub(crate) fn build_empty_loader(dirs: &Dirs) -> Result<PathBuf> {
    cargo_build(dirs, &["--example", "empty"])?;
    Ok(dirs.target.join("release/examples/empty"))
}

fn cargo_build(dirs: &Dirs, what: &[&str]) -> Result<()> {
    compile(dirs, Variant::Release, &dirs.target, what)
}

fn compile(dirs: &Dirs, variant: Variant, target: &Path, what: &[&str]) -> Result<()> {
    let object = ebpf::build(dirs, variant)?;
    let mut cargo = shell::cargo();
    cargo.args(["build", "--release", "--package", "sensor-agent"]).args(what);
    cargo.current_dir(&dirs.root).env(OBJECT_VARIABLE, object).env("CARGO_TARGET_DIR", target);
    shell::run(&mut cargo).context("cannot build the agent")
}
