//! The kernel tool chain: which of two routes is there, and installing the first one where Debian has it.
//!
//! Route one is the distribution's rustc with a prebuilt `core` for BPF; route two is rustup's nightly with
//! rust-src. Both need bpf-linker and a clang. Nothing is installed before it has been named.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::dirs::Dirs;
use crate::shell;

const BPF_LINKER_VERSION: &str = "0.13.0";
const LLVM_PREFIX: &str = "/usr/lib/llvm-22";
const OLDEST_CLANG: u32 = 15;
const NEWEST_CLANG: u32 = 22;

/// Route one: a rustc that brings `core` for BPF, and what bpf-linker is built with.
const BUILD_PACKAGES: &[&str] = &[
    "rustc-web",
    "cargo-web",
    "rust-web-src",
    "libstd-rust-web-dev-bpf",
    "llvm-22-dev",
    "libpolly-22-dev",
    "clang-22",
    "zlib1g-dev",
    "libzstd-dev",
    "gcc",
    "g++",
    "libc6-dev",
];

/// What the tests start: virtual machines, containers, network namespaces; and who lists the tree's files.
const TEST_PACKAGES: &[&str] =
    &["qemu-system-x86", "containerd", "runc", "busybox-static", "iproute2", "debian-archive-keyring", "git"];

/// Real peers of the tests: runtimes, receivers, and what a node of a cluster consists of.
const PEER_PACKAGES: &[&str] = &[
    "podman",
    "docker.io",
    "rsyslog",
    "logrotate",
    "prometheus",
    "jq",
    "etcd-server",
    "containernetworking-plugins",
    "iptables",
    "openssl",
];

/// Formatter and linter where cargo is the distribution's; rustup brings its own.
const LINT_PACKAGES: &[&str] = &["rustfmt-web", "rust-web-clippy"];

const BY_HAND: &str = "install rustup's nightly with its sources (`rustup toolchain install nightly --component \
                       rust-src`), bpf-linker (`cargo install bpf-linker`) and clang 15 or newer, then run this again";

/// Everything that turns sensor-ebpf/ into an object.
pub(crate) struct ToolChain {
    pub(crate) route: Route,
    pub(crate) linker: PathBuf,
    pub(crate) clang: PathBuf,
}

/// Which compiler makes the object.
#[derive(Clone, Copy)]
pub(crate) enum Route {
    /// The distribution's rustc with a prebuilt `core`.
    Distribution,
    /// rustup's nightly, which builds `core` from source.
    Nightly,
}

pub(crate) const DISTRIBUTION_RUSTC: &str = "/usr/bin/rustc";
pub(crate) const DISTRIBUTION_CARGO: &str = "/usr/bin/cargo";

/// The kernel tool chain, installed if need be.
pub(crate) fn kernel_tools(dirs: &Dirs) -> Result<ToolChain> {
    if let Some(found) = detect(dirs) {
        return Ok(found);
    }
    install(dirs, BUILD_PACKAGES)?;
    detect(dirs).with_context(|| format!("the kernel tool chain is still incomplete: {BY_HAND}"))
}

/// `cargo xtask setup`, and the first step of `cargo xtask test`: the kernel tool chain and what the tests start.
pub(crate) fn everything(dirs: &Dirs) -> Result<()> {
    let has_tools = detect(dirs).is_some();
    if shell::find_in_path("apt-get").is_some() {
        let build: &[&str] = if has_tools { &[] } else { BUILD_PACKAGES };
        let is_distribution =
            shell::find_in_path("cargo").is_some_and(|cargo| cargo == Path::new(DISTRIBUTION_CARGO));
        let lint = if is_distribution { LINT_PACKAGES } else { &[] };
        install(dirs, &[build, TEST_PACKAGES, PEER_PACKAGES, lint].concat())?;
    }
    let tools = kernel_tools(dirs)?;
    println!("kernel tool chain: {}", tools.describe()?);
    Ok(())
}

impl ToolChain {
    /// Versions of all parts: what the object depends on besides its sources.
    pub(crate) fn describe(&self) -> Result<String> {
        let rustc = match self.route {
            Route::Distribution => shell::stdout(kernel_command(DISTRIBUTION_RUSTC).arg("--version"))?,
            Route::Nightly => shell::stdout(kernel_command("rustc").args(["+nightly", "--version"]))?,
        };
        let linker = shell::stdout(Command::new(&self.linker).arg("--version"))?;
        let clang = shell::stdout(Command::new(&self.clang).arg("--version"))?;
        let first_lines = [&rustc, &linker, &clang].map(|text| text.lines().next().unwrap_or_default());
        Ok(first_lines.join(", "))
    }
}

/// A command of the kernel side, free of the outer cargo's choices.
pub(crate) fn kernel_command(program: &str) -> Command {
    let mut command = Command::new(program);
    shell::without_cargo_env(&mut command);
    command
}

fn detect(dirs: &Dirs) -> Option<ToolChain> {
    let linker = bpf_linker(dirs)?;
    let clang = clang()?;
    let route = [Route::Distribution, Route::Nightly].into_iter().find(|route| route.is_present())?;
    Some(ToolChain { route, linker, clang })
}

impl Route {
    fn is_present(self) -> bool {
        match self {
            // A distribution's usual rustc knows the target but has no `core` for it.
            Self::Distribution => {
                let libdir = ["--print", "target-libdir", "--target", "bpfel-unknown-none"];
                shell::stdout(kernel_command(DISTRIBUTION_RUSTC).args(libdir))
                    .is_ok_and(|dir| PathBuf::from(dir.trim()).is_dir())
            }
            Self::Nightly => shell::stdout(kernel_command("rustc").args(["+nightly", "--print", "sysroot"]))
                .is_ok_and(|dir| {
                    PathBuf::from(dir.trim()).join("lib/rustlib/src/rust/library/core").is_dir()
                }),
        }
    }
}

fn bpf_linker(dirs: &Dirs) -> Option<PathBuf> {
    let own = dirs.tools().join("bin/bpf-linker");
    let found = if shell::is_executable(&own) { Some(own) } else { shell::find_in_path("bpf-linker") }?;
    // A linker whose libLLVM went away with an upgrade is no linker.
    shell::succeeds(Command::new(&found).arg("--version")).then_some(found)
}

/// The newest clang whose bitcode bpf-linker's LLVM reads.
fn clang() -> Option<PathBuf> {
    let numbered = (OLDEST_CLANG..=NEWEST_CLANG).rev().map(|major| format!("clang-{major}"));
    numbered.chain(["clang".to_owned()]).filter_map(|name| shell::find_in_path(&name)).find(|clang| {
        shell::stdout(Command::new(clang).arg("-dumpversion")).is_ok_and(|version| {
            let major = version.trim().split('.').next().and_then(|major| major.parse().ok());
            major.is_some_and(|major: u32| (OLDEST_CLANG..=NEWEST_CLANG).contains(&major))
        })
    })
}

fn install(dirs: &Dirs, wanted: &[&str]) -> Result<()> {
    if shell::find_in_path("apt-get").is_none() {
        bail!("there is no kernel tool chain and no apt-get to install one: {BY_HAND}");
    }
    let packages: Vec<&str> = wanted.iter().copied().filter(|package| !is_installed(package)).collect();
    let needs_linker = bpf_linker(dirs).is_none();
    if packages.is_empty() && !needs_linker {
        return Ok(());
    }
    if !packages.is_empty() {
        println!("will be installed by apt-get: {}", packages.join(" "));
    }
    if needs_linker {
        println!(
            "will be built by cargo install: bpf-linker {BPF_LINKER_VERSION} into {}",
            dirs.tools().display()
        );
    }
    if !packages.is_empty() {
        apt_install(&packages)?;
    }
    if needs_linker {
        install_linker(dirs)?;
    }
    Ok(())
}

fn is_installed(package: &str) -> bool {
    shell::stdout(Command::new("dpkg-query").args(["--show", "--showformat=${db:Status-Status}", package]))
        .is_ok_and(|status| status == "installed")
}

fn apt_install(packages: &[&str]) -> Result<()> {
    let apt = || {
        let mut command = shell::as_root("apt-get").context("installing packages needs root or sudo")?;
        command.args(["--quiet=2", "-o", "Dpkg::Use-Pty=0"]);
        anyhow::Ok(command)
    };
    shell::run(apt()?.arg("update"))?;
    let missing: Vec<&str> = packages
        .iter()
        .copied()
        .filter(|package| !shell::succeeds(Command::new("apt-cache").args(["show", package])))
        .collect();
    if !missing.is_empty() {
        bail!("this distribution has no {}: {BY_HAND}", missing.join(", "));
    }
    let mut command = apt()?;
    command.args(["install", "--yes", "--no-install-recommends"]).args(packages);
    shell::run(command.env("DEBIAN_FRONTEND", "noninteractive"))
}

fn install_linker(dirs: &Dirs) -> Result<()> {
    if !PathBuf::from(LLVM_PREFIX).is_dir() {
        bail!("bpf-linker is built with LLVM 22, which is not at {LLVM_PREFIX}: {BY_HAND}");
    }
    let mut command = shell::cargo();
    let options =
        ["--version", BPF_LINKER_VERSION, "--no-default-features", "--features", "llvm-22", "--locked"];
    command.args(["install", "--quiet", "bpf-linker"]).args(options).arg("--root").arg(dirs.tools());
    command.env("LLVM_PREFIX", LLVM_PREFIX).env("LLVM_SYS_221_PREFIX", LLVM_PREFIX);
    command.env_remove("CARGO_TARGET_DIR");
    shell::run(&mut command).context("cannot build bpf-linker")
}
