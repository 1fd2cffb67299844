//! `cargo xtask vm`: the agent in virtual machines, on the kernels that users run. Each machine boots an
//! initramfs whose /init (`saker-vm-init`) runs scenarios against /saker and prints the verdict on the console.

mod kernels;
mod initramfs;
mod boot;

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::dirs::Dirs;
use crate::vm::kernels::{KERNELS, Kernel};
use crate::{agent, shell};

/// Which kernels, and how patiently.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only this kernel (repeatable): 5.10, 6.1, 6.12 or sid. All without it.
    #[arg(long = "kernel", value_name = "NAME")]
    kernels: Vec<String>,
    /// Look for newer kernel packages instead of taking the cached ones.
    #[arg(long)]
    refresh: bool,
    /// Print each machine's whole console.
    #[arg(long)]
    verbose: bool,
    /// Seconds that the scenarios may take on one kernel.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    deadline_s: u64,
    /// Only scenarios whose name contains this.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self { kernels: Vec::new(), refresh: false, verbose: false, deadline_s: 300, filter: None }
    }
}

/// Boots the kernels one after the other; fails if one did not end with a clean verdict.
pub(crate) fn run(dirs: &Dirs, options: &Options) -> Result<()> {
    let chosen = choose(&options.kernels)?;
    let saker = agent::build(dirs)?;
    let probe = agent::build_probe(dirs)?;
    let mut cargo = shell::cargo();
    cargo.args(["build", "--package", "saker-tests", "--bin", "saker-vm-init"]);
    shell::run(cargo.current_dir(&dirs.root).env("CARGO_TARGET_DIR", &dirs.target))?;
    let init = dirs.target.join("debug/saker-vm-init");
    let image = dirs.target.join("vm/initramfs.cpio");
    fs::create_dir_all(dirs.target.join("vm")).context("cannot make the directory of the image")?;
    initramfs::write(&image, &[("init", &init), ("saker", &saker), ("probe", &probe)], &dirs.rules())?;

    let mut n_bad = 0_usize;
    for kernel in chosen {
        let fetched = kernels::fetch(dirs, kernel, options.refresh)?;
        println!("--- {} ({})", kernel.name, fetched.package);
        let machine = boot::Machine {
            vmlinuz: &fetched.vmlinuz,
            initramfs: &image,
            filter: options.filter.as_deref(),
            deadline: Duration::from_secs(options.deadline_s),
            is_verbose: options.verbose,
        };
        let start = Instant::now();
        let report = machine.run()?;
        let seconds = start.elapsed().as_secs_f64();
        println!("{}: {} in {seconds:.1} s, booted {} times", kernel.name, report.verdict, report.n_boots);
        n_bad += usize::from(!report.is_good);
    }
    if n_bad > 0 {
        bail!("{n_bad} kernels without a clean verdict");
    }
    Ok(())
}

fn choose(names: &[String]) -> Result<Vec<&'static Kernel>> {
    if names.is_empty() {
        return Ok(KERNELS.iter().collect());
    }
    let known = KERNELS.map(|kernel| kernel.name).join(", ");
    let find = |name: &String| KERNELS.iter().find(|kernel| kernel.name == name);
    names
        .iter()
        .map(|name| find(name).with_context(|| format!("no kernel {name}; there are {known}")))
        .collect()
}
