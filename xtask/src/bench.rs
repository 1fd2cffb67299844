//! `cargo xtask bench`: what the sensor costs, measured on this host with the agent that ships. Loads run with the
//! sensor off and on in alternation and the best run of each counts, because a shared machine only ever adds time.
//! The table goes to the terminal and to docs/bench.md.

mod agent;
mod empty;
mod latency;
mod loads;
mod operate;
mod receiver;
mod table;
mod targets;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::bench::table::Table;
use crate::dirs::Dirs;
use crate::ebpf::{self, Variant};
use crate::machine::Machine;
use crate::{agent as build, shell};

/// How long and how often.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Rule file.
    #[arg(short, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Pairs of runs of each load.
    #[arg(long, value_name = "N", default_value_t = 6)]
    pairs: u32,
    /// Seconds of each run.
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
    seconds: f64,
    /// Alerts whose latency is measured.
    #[arg(long, value_name = "N", default_value_t = 200)]
    alerts: u32,
    /// Starts that are timed.
    #[arg(long, value_name = "N", default_value_t = 10)]
    starts: u32,
    /// Reloads that are timed.
    #[arg(long, value_name = "N", default_value_t = 50)]
    reloads: u32,
    /// Seconds of idleness that are watched.
    #[arg(long, value_name = "SECONDS", default_value_t = 20.0)]
    idle_s: f64,
    /// Print the table only.
    #[arg(long)]
    no_file: bool,
}

/// What every measurement needs.
struct Bench {
    saker: PathBuf,
    load: PathBuf,
    rules: PathBuf,
    empty: EmptyProgram,
}

/// The object with the empty program, and what attaches it.
struct EmptyProgram {
    object: PathBuf,
    loader: PathBuf,
}

/// Builds, measures, writes.
pub(crate) fn run(dirs: &Dirs, options: &Options) -> Result<()> {
    if !shell::is_root() {
        bail!("the sensor needs root: run the benchmark as root");
    }
    let saker = build::build(dirs)?;
    let mut cargo = shell::cargo();
    cargo.args(["build", "--release", "--package", "saker-tests", "--bin", "saker-load"]);
    shell::run(cargo.current_dir(&dirs.root).env("CARGO_TARGET_DIR", &dirs.target))?;
    let bench = Bench {
        saker,
        load: dirs.target.join("release/saker-load"),
        empty: EmptyProgram {
            object: ebpf::build(dirs, Variant::Empty, Machine::host()?)?,
            loader: build::build_empty_loader(dirs)?,
        },
        rules: options.rules.clone().unwrap_or_else(|| dirs.rules().join("saker_rules.yaml")),
    };
    let mut table = Table::new(&bench)?;
    loads::added(&bench, options, &mut table)?;
    loads::resolved(&bench, options, &mut table)?;
    loads::rest_and_memory(&bench, options, &mut table)?;
    loads::until_loss(&bench, options, &mut table)?;
    latency::starts(&bench, options.starts, &mut table)?;
    latency::alerts(&bench, options.alerts, &mut table)?;
    operate::reloads(&bench, options.reloads, &mut table)?;
    operate::outputs(&bench, &mut table)?;
    operate::json(dirs, &mut table)?;
    let text = table.text();
    println!("\n{text}");
    if options.no_file {
        return Ok(());
    }
    let path = dirs.root.join("docs/bench.md");
    fs::create_dir_all(dirs.root.join("docs")).context("cannot make docs/")?;
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}
