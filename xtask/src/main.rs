//! All automation of the repository: `cargo xtask <command>`. This file only parses and dispatches.
#![forbid(unsafe_code)]

mod dirs;
mod shell;
mod machine;
mod setup;
mod ebpf;
mod agent;
mod run;
mod tidy;
mod vm;
mod bench;
mod image;
mod deb;
mod docs;
mod helm;
mod cluster;
mod golden;
mod failures;
mod test;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::dirs::Dirs;
use crate::machine::Machine;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Builds, runs and tests Saker", disable_version_flag = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what building and testing need, saying first what that is.
    Setup,
    /// Build the kernel object and the agent that embeds it: target/release/saker.
    Build {
        /// The machine, as rustc calls it; with `aarch64-unknown-linux-gnu` in target/aarch64-unknown-linux-gnu/release/saker.
        #[arg(long, value_name = "TRIPLE", conflicts_with = "trace")]
        target: Option<Machine>,
        /// With log lines for `saker doctor --trace`, apart from what ships: target/trace/release/saker.
        #[arg(long)]
        trace: bool,
    },
    /// Build only the kernel object and print its path.
    Ebpf,
    /// Build, then run the agent with the bundled rules on this host (needs root).
    Run {
        /// What follows `--` is handed to the agent.
        #[arg(last = true)]
        args: Vec<String>,
    },
    /// Run the whole suite: what CI runs.
    Test(test::Options),
    /// Boot Debian kernels under QEMU and run the scenarios of `saker-vm-init` in each.
    Vm(vm::Options),
    /// Measure what the sensor costs on this host (needs root) and write docs/bench.md.
    Bench(bench::Options),
    /// Write the container image as an OCI layout, with bill of materials and provenance: target/image.
    Image(image::Options),
    /// Write the Debian package (target/debian) and try it with dpkg where that is there.
    Deb {
        /// The machine, as rustc calls it (aarch64-unknown-linux-gnu): only written then, not tried.
        #[arg(long, value_name = "TRIPLE")]
        target: Option<Machine>,
    },
    /// Run the commands of docs/ that are for a host (root).
    Docs,
    /// Lint and render the Helm chart, compare with the goldens in deploy/helm/tests.
    Chart(helm::Options),
    /// A real single-node Kubernetes, and the chart tried in it (root).
    #[command(subcommand)]
    Cluster(cluster::Options),
    /// Record the bundled rules' acts anew into tests/golden (needs root).
    Golden,
    /// Check layering, file sizes, headers and other house rules.
    Tidy,
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The chain of causes on one line; a backtrace would bury it.
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    let dirs = Dirs::find()?;
    match command {
        Command::Setup => setup::everything(&dirs),
        Command::Build { trace: true, .. } => {
            agent::build_traced(&dirs).map(|path| println!("{}", path.display()))
        }
        Command::Build { target, .. } => {
            let machine = target.map_or_else(Machine::host, Ok)?;
            agent::build_for(&dirs, machine).map(|path| println!("{}", path.display()))
        }
        Command::Ebpf => {
            let object = ebpf::build(&dirs, ebpf::Variant::Release, Machine::host()?);
            object.map(|path| println!("{}", path.display()))
        }
        Command::Run { args } => run::run(&dirs, &args),
        Command::Test(options) => test::run(&dirs, &options),
        Command::Vm(options) => vm::run(&dirs, &options),
        Command::Bench(options) => bench::run(&dirs, &options),
        Command::Image(options) => image::run(&dirs, &options).map(drop),
        Command::Chart(options) => helm::check(&dirs, &options),
        Command::Cluster(options) => cluster::run(&dirs, &options),
        Command::Deb { target } => {
            let machine = target.map_or_else(Machine::host, Ok)?;
            let package = deb::run(&dirs, machine)?;
            if machine.is_host() { deb::check::attempt(&package) } else { Ok(()) }
        }
        Command::Docs => agent::build(&dirs).and_then(|binary| docs::host(&dirs, &binary)),
        Command::Golden => golden::run(&dirs),
        Command::Tidy => tidy::run(&dirs),
    }
}
