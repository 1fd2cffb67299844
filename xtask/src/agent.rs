//! The agent in release, with the kernel object inside.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::dirs::Dirs;
use crate::ebpf::Variant;
use crate::machine::Machine;
use crate::{ebpf, shell};

/// Read by sensor-agent/build.rs; without it the agent embeds nothing and cannot load programs.
const OBJECT_VARIABLE: &str = "SAKER_EBPF_OBJECT";

/// Builds object and agent for this host if need be; returns the binary's path.
pub(crate) fn build(dirs: &Dirs) -> Result<PathBuf> {
    build_for(dirs, Machine::host()?)
}

/// The same for any machine.
pub(crate) fn build_for(dirs: &Dirs, machine: Machine) -> Result<PathBuf> {
    cargo_build(dirs, machine, &["--bin", "saker"])?;
    Ok(machine.target(dirs).join("release/saker"))
}

/// Builds object and agent with the log lines of `doctor --trace`, apart from what ships; returns the binary's path.
pub(crate) fn build_traced(dirs: &Dirs) -> Result<PathBuf> {
    let target = dirs.target.join("trace");
    let what = ["--bin", "saker", "--features", "trace"];
    compile(dirs, Variant::Trace, Machine::host()?, &target, &what)?;
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
pub(crate) fn build_probe(dirs: &Dirs, machine: Machine) -> Result<PathBuf> {
    cargo_build(dirs, machine, &["--example", "probe"])?;
    Ok(machine.target(dirs).join("release/examples/probe"))
}

/// Builds the first process of virtual machines: for this host as the tests are built, for others as the agent is, whose libraries
/// are there then.
pub(crate) fn build_init(dirs: &Dirs, machine: Machine) -> Result<PathBuf> {
    let mut cargo = shell::cargo();
    cargo.args(["build", "--package", "saker-tests", "--bin", "saker-vm-init"]);
    machine.choose(&mut cargo)?;
    let mut profile = "debug";
    if !machine.is_host() {
        profile = "release";
        // With another object the agent's library would be built anew, each time.
        cargo.arg("--release").env(OBJECT_VARIABLE, ebpf::build(dirs, Variant::Release, machine)?);
    }
    shell::run(cargo.current_dir(&dirs.root).env("CARGO_TARGET_DIR", &dirs.target))?;
    Ok(machine.target(dirs).join(profile).join("saker-vm-init"))
}

/// Builds what attaches the empty program of `bench`.
pub(crate) fn build_empty_loader(dirs: &Dirs) -> Result<PathBuf> {
    cargo_build(dirs, Machine::host()?, &["--example", "empty"])?;
    Ok(dirs.target.join("release/examples/empty"))
}

fn cargo_build(dirs: &Dirs, machine: Machine, what: &[&str]) -> Result<()> {
    compile(dirs, Variant::Release, machine, &dirs.target, what)
}

fn compile(dirs: &Dirs, variant: Variant, machine: Machine, target: &Path, what: &[&str]) -> Result<()> {
    let object = ebpf::build(dirs, variant, machine)?;
    let mut cargo = shell::cargo();
    cargo.args(["build", "--release", "--package", "sensor-agent"]).args(what);
    machine.choose(&mut cargo)?;
    cargo.current_dir(&dirs.root).env(OBJECT_VARIABLE, object).env("CARGO_TARGET_DIR", target);
    shell::run(&mut cargo).context("cannot build the agent")
}
