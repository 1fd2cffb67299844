//! `cargo xtask vm`: the agent in virtual machines, on the kernels that users run. Each machine boots an
//! initramfs whose /init (`saker-vm-init`) runs scenarios against /saker and prints the verdict on the console.

mod kernels;
mod initramfs;
mod boot;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::dirs::Dirs;
use crate::machine::Machine;
use crate::vm::kernels::{KERNELS, Kernel};
use crate::{agent, shell};

/// Which kernels, and how patiently.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only this kernel (repeatable): 5.10, 6.1, 6.12, sid, 6.1-arm64 or 6.12-arm64. Without it all of this host's machine.
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

impl Options {
    /// All kernels of a machine.
    pub(crate) fn of(machine: Machine) -> Self {
        let kernels = KERNELS.iter().filter(|kernel| kernel.machine == machine);
        Self { kernels: kernels.map(|kernel| kernel.name.to_owned()).collect(), ..Self::default() }
    }
}

/// Boots the kernels one after the other; fails if one did not end with a clean verdict.
pub(crate) fn run(dirs: &Dirs, options: &Options) -> Result<()> {
    let chosen = choose(&options.kernels)?;
    let mut n_bad = 0_usize;
    for machine in [Machine::Amd64, Machine::Arm64] {
        let mut kernels = chosen.iter().filter(|kernel| kernel.machine == machine).peekable();
        if kernels.peek().is_none() {
            continue;
        }
        if let Some(missing) = missing(machine) {
            bail!("no virtual machine for {}: {missing}", machine.name());
        }
        let image = image(dirs, machine)?;
        for kernel in kernels {
            n_bad += usize::from(!boot(dirs, options, kernel, &image)?);
        }
    }
    if n_bad > 0 {
        bail!("{n_bad} kernels without a clean verdict");
    }
    Ok(())
}

/// Why kernels of a machine cannot be booted here.
pub(crate) fn missing(machine: Machine) -> Option<String> {
    let emulator = boot::emulator(machine);
    let no_emulator = || format!("{emulator} is not installed");
    shell::find_in_path(emulator).is_none().then(no_emulator).or_else(|| machine.missing())
}

/// Builds what a machine needs; returns its initramfs.
fn image(dirs: &Dirs, machine: Machine) -> Result<PathBuf> {
    let saker = agent::build_for(dirs, machine)?;
    let probe = agent::build_probe(dirs, machine)?;
    let init = agent::build_init(dirs, machine)?;
    let home = machine.target(dirs).join("vm");
    fs::create_dir_all(&home).context("cannot make the directory of the image")?;
    let image = home.join("initramfs.cpio");
    let programs: [(&str, &Path); 3] = [("init", &init), ("saker", &saker), ("probe", &probe)];
    initramfs::write(&image, machine, &programs, &dirs.rules())?;
    Ok(image)
}

/// Whether the kernel's verdict was clean.
fn boot(dirs: &Dirs, options: &Options, kernel: &Kernel, image: &Path) -> Result<bool> {
    let fetched = kernels::fetch(dirs, kernel, options.refresh)?;
    println!("--- {} ({})", kernel.name, fetched.package);
    let guest = boot::Guest {
        machine: kernel.machine,
        vmlinuz: &fetched.vmlinuz,
        initramfs: image,
        filter: options.filter.as_deref(),
        deadline: Duration::from_secs(options.deadline_s),
        is_verbose: options.verbose,
    };
    let start = Instant::now();
    let report = guest.run()?;
    let seconds = start.elapsed().as_secs_f64();
    println!("{}: {} in {seconds:.1} s, booted {} times", kernel.name, report.verdict, report.n_boots);
    Ok(report.is_good)
}

fn choose(names: &[String]) -> Result<Vec<&'static Kernel>> {
    if names.is_empty() {
        return Ok(KERNELS.iter().filter(|kernel| kernel.machine.is_host()).collect());
    }
    let known = KERNELS.map(|kernel| kernel.name).join(", ");
    let find = |name: &String| KERNELS.iter().find(|kernel| kernel.name == name);
    names
        .iter()
        .map(|name| find(name).with_context(|| format!("no kernel {name}; there are {known}")))
        .collect()
}
