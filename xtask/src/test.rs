//! `cargo xtask test`: the whole suite as named steps, each with its time; what is left out is said with the reason.

use std::env;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::dirs::Dirs;
use crate::failures::{self, FailedTests};
use crate::machine::Machine;
use crate::{agent, cluster, deb, docs, helm, image, setup, shell, tidy, vm};

/// Tells the live tests which binary and which image to run.
const BINARY_VARIABLE: &str = "SAKER_BIN";
const IMAGE_VARIABLE: &str = "SAKER_IMAGE";
/// Half an hour is what CI should take; the binaries of a cluster take 12 minutes of it, what comes after them 10.
const PREPARE_WITHIN: Duration = Duration::from_secs(8 * 60);
const LIVE_PACKAGE: &str = "saker-tests";

/// What may be left out or added.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Leave out the virtual machines.
    #[arg(long)]
    quick: bool,
    /// Boot arm64 machines, too; the agent and its libraries are built once more for it.
    #[arg(long)]
    arm64: bool,
}

/// Runs every step, also after a failure; fails if one did.
pub(crate) fn run(dirs: &Dirs, options: &Options) -> Result<()> {
    let host = Machine::host()?;
    let mut suite = Suite { start: Instant::now(), steps: Vec::new() };
    suite.step("setup", cannot_install(), || setup::everything(dirs));
    suite.step("format", missing_component("fmt", "rustfmt"), || format(dirs));
    suite.step("clippy", missing_component("clippy", "clippy"), || {
        let mut cargo = in_root(dirs);
        shell::run(cargo.args([
            "clippy",
            "--quiet",
            "--workspace",
            "--all-targets",
            "--",
            "--deny",
            "warnings",
        ]))
    });
    suite.step("tidy", None, || tidy::run(dirs));
    suite.step("dependencies", missing_program("cargo-deny"), || {
        // Advisories need a database from outside; they are for a release, not for each run.
        shell::run(in_root(dirs).args(["deny", "--offline", "check", "bans", "licenses", "sources"]))
    });
    suite.step("unit tests", None, || {
        let mut cargo = in_root(dirs);
        failures::run(cargo.args([
            "test",
            "--quiet",
            "--workspace",
            "--exclude",
            LIVE_PACKAGE,
            "--no-fail-fast",
        ]))
    });
    suite.step("chart", helm::missing(dirs), || helm::check(dirs, &helm::Options::default()));
    suite.step("build", None, || agent::build(dirs).map(drop));
    let mut archive = None;
    suite.step("image", None, || {
        archive = Some(image::run(dirs, &image::Options::default())?);
        Ok(())
    });
    suite.step("package", deb::check::missing(), || deb::check::run(&deb::run(dirs, host)?));
    let not_built = suite.in_ci_time(|| cluster::build_if_missing(dirs));
    let no_docs = docs::missing().or_else(|| cannot_run_live(dirs));
    suite.step("docs", no_docs, || docs::host(dirs, &dirs.target.join("release/saker")));
    suite.step("live tests", cannot_run_live(dirs), || live(dirs, archive.as_deref()));
    suite.step("cluster", not_built.or_else(|| cluster::missing(dirs)), || {
        cluster::run(dirs, &cluster::Options::Test)
    });
    let no_vm = if options.quick { Some("--quick".to_owned()) } else { vm::missing(host) };
    suite.step("virtual machines", no_vm, || vm::run(dirs, &vm::Options::default()));
    let no_arm64 = if options.arm64 { vm::missing(Machine::Arm64) } else { Some("no --arm64".to_owned()) };
    suite.step("arm64 virtual machines", no_arm64, || vm::run(dirs, &vm::Options::of(Machine::Arm64)));
    suite.close()
}

/// What is missing then is said by the step that needs it.
fn cannot_install() -> Option<String> {
    let can = shell::find_in_path("apt-get").is_some() && shell::as_root("true").is_some();
    (!can).then(|| "packages are installed by apt-get, as root or with sudo".to_owned())
}

fn format(dirs: &Dirs) -> Result<()> {
    shell::run(in_root(dirs).args(["fmt", "--all", "--check"]))?;
    for workspace in ["sensor-ebpf", "fuzz"] {
        let manifest = dirs.root.join(workspace).join("Cargo.toml");
        if manifest.is_file() {
            shell::run(in_root(dirs).args(["fmt", "--check", "--manifest-path"]).arg(manifest))?;
        }
    }
    Ok(())
}

/// Against the running kernel, one test at a time: they share it.
fn live(dirs: &Dirs, image: Option<&Path>) -> Result<()> {
    let binary = dirs.target.join("release/saker");
    let mut cargo = in_root(dirs);
    cargo.args(["test", "--quiet", "--package", LIVE_PACKAGE, "--no-fail-fast"]);
    // What a test says without failing is why it was skipped.
    cargo.args(["--", "--test-threads=1", "--show-output"]);
    if let Some(image) = image {
        cargo.env(IMAGE_VARIABLE, image);
    }
    cargo.env(cluster::BIN_VARIABLE, cluster::binaries(dirs));
    failures::run(cargo.env(BINARY_VARIABLE, binary))
}

fn cannot_run_live(dirs: &Dirs) -> Option<String> {
    if !shell::is_root() {
        return Some("not root".to_owned());
    }
    if !Path::new("/sys/kernel/btf/vmlinux").is_file() {
        return Some("this kernel has no BTF (/sys/kernel/btf/vmlinux)".to_owned());
    }
    let binary = dirs.target.join("release/saker");
    (!binary.is_file()).then(|| "there is no binary: the build failed".to_owned())
}

fn in_root(dirs: &Dirs) -> Command {
    let mut cargo = shell::cargo();
    cargo.current_dir(&dirs.root).env("CARGO_TARGET_DIR", &dirs.target);
    cargo
}

fn missing_component(subcommand: &str, name: &str) -> Option<String> {
    let is_there = shell::succeeds(shell::cargo().args([subcommand, "--version"]));
    (!is_there).then(|| format!("{name} is not installed"))
}

fn missing_program(name: &str) -> Option<String> {
    shell::find_in_path(name).is_none().then(|| format!("{name} is not installed"))
}

/// What has run so far.
struct Suite {
    start: Instant,
    steps: Vec<(&'static str, Outcome)>,
}

enum Outcome {
    Passed(Duration),
    Failed(Duration, anyhow::Error),
    Skipped(String),
}

impl Suite {
    /// Prepares what takes long and is kept for all later runs, where nobody waits and there is time for it; why it could not.
    fn in_ci_time(&self, prepare: impl FnOnce() -> Result<()>) -> Option<String> {
        if env::var_os("CI").is_none() || self.start.elapsed() > PREPARE_WITHIN {
            return None;
        }
        prepare().err().map(|error| format!("{error:#}"))
    }

    fn step(&mut self, name: &'static str, skip: Option<String>, act: impl FnOnce() -> Result<()>) {
        let outcome = if let Some(reason) = skip {
            Outcome::Skipped(reason)
        } else {
            println!("\n=== {name}");
            let start = Instant::now();
            match act() {
                Ok(()) => Outcome::Passed(start.elapsed()),
                Err(error) => Outcome::Failed(start.elapsed(), error),
            }
        };
        println!("=== {}", line(name, &outcome));
        self.steps.push((name, outcome));
    }

    fn close(&self) -> Result<()> {
        for (name, outcome) in &self.steps {
            let Outcome::Failed(_, error) = outcome else { continue };
            let Some(failed) = error.downcast_ref::<FailedTests>() else { continue };
            println!("\n=== {name}: what failed tests said");
            failed.said.iter().for_each(|line| println!("{line}"));
        }
        println!("\n=== summary");
        for (name, outcome) in &self.steps {
            println!("{}", line(name, outcome));
        }
        let failed = self.steps.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Failed(..)));
        let names: Vec<&str> = failed.map(|(name, _)| *name).collect();
        if names.is_empty() { Ok(()) } else { bail!("failed: {}", names.join(", ")) }
    }
}

fn line(name: &str, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Passed(time) => format!("{name}: passed in {:.1} s", time.as_secs_f64()),
        Outcome::Failed(time, error) => {
            format!("{name}: FAILED after {:.1} s: {error:#}", time.as_secs_f64())
        }
        Outcome::Skipped(reason) => format!("{name}: skipped: {reason}"),
    }
}
