//! sensor-ebpf/ and its C accessors → one BPF object. Does nothing when neither sources nor tools changed.

use std::ffi::OsStr;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::dirs::Dirs;
use crate::machine::Machine;
use crate::setup::{self, DISTRIBUTION_CARGO, DISTRIBUTION_RUSTC, Route, ToolChain};
use crate::shell;

const TARGET: &str = "bpfel-unknown-none";
const CPU: &str = "v3";
/// Folders that the object is made of.
const SOURCES: &[&str] = &["sensor-common", "sensor-ebpf"];
/// Changes when this file changes how it builds.
const RECIPE: u32 = 3;

/// Which object.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variant {
    /// What ships.
    Release,
    /// With log lines, for `saker doctor --trace`.
    Trace,
    /// One empty program, for `bench`.
    Empty,
}

impl Variant {
    /// Folder below the target directory.
    fn folder(self, machine: Machine) -> String {
        let folder = match self {
            Self::Release => "ebpf",
            Self::Trace => "ebpf-trace",
            Self::Empty => "ebpf-empty",
        };
        if machine.is_host() { folder.to_owned() } else { format!("{folder}-{}", machine.name()) }
    }

    /// cargo's target.
    const fn bin(self) -> &'static str {
        match self {
            Self::Release | Self::Trace => "saker",
            Self::Empty => "empty",
        }
    }
}

/// The map that log calls write to.
const LOGS: &[u8] = b"AYA_LOGS";

/// Builds the object for a machine if need be; returns its path.
pub(crate) fn build(dirs: &Dirs, variant: Variant, machine: Machine) -> Result<PathBuf> {
    let tools = setup::kernel_tools(dirs)?;
    let out = dirs.target.join(variant.folder(machine));
    let object = out.join("saker.bpf.o");
    let stamp = out.join("saker.bpf.stamp");
    let wanted = fingerprint(dirs, &tools)?;
    if object.is_file() && fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(object);
    }
    fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
    let accessors = compile_accessors(dirs, &tools, &out, machine)?;
    let built = compile(dirs, &tools, &out, &accessors, (variant, machine))?;
    // The agent embeds the copy: an unchanged object keeps its time, so the agent is not built again.
    let bytes = fs::read(&built).with_context(|| format!("no object at {}", built.display()))?;
    let has_logs = bytes.windows(LOGS.len()).any(|window| window == LOGS);
    if has_logs != (variant == Variant::Trace) {
        bail!("{}: log calls belong into the traced object, and into no other", built.display());
    }
    if !fs::read(&object).is_ok_and(|old| old == bytes) {
        fs::write(&object, &bytes).with_context(|| format!("cannot write {}", object.display()))?;
    }
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(object)
}

fn compile_accessors(dirs: &Dirs, tools: &ToolChain, out: &Path, machine: Machine) -> Result<PathBuf> {
    // cargo does not look into what the linker is given: another source needs another name.
    let source = dirs.root.join("sensor-ebpf/accessors.c");
    let mut hasher = DefaultHasher::new();
    fs::read(&source).with_context(|| format!("cannot read {}", source.display()))?.hash(&mut hasher);
    let bitcode = out.join(format!("accessors-{:016x}.bc", hasher.finish()));
    let mut clang = Command::new(&tools.clang);
    clang.args([
        "-target",
        "bpfel",
        &format!("-mcpu={CPU}"),
        "-O2",
        "-g",
        "-Wall",
        "-Werror",
        "-emit-llvm",
        "-c",
    ]);
    if machine == Machine::Arm64 {
        clang.arg("-DSAKER_ARM64");
    }
    clang.arg(source).arg("-o").arg(&bitcode);
    shell::run(&mut clang).context("cannot compile the C accessors")?;
    Ok(bitcode)
}

fn compile(
    dirs: &Dirs,
    tools: &ToolChain,
    out: &Path,
    accessors: &Path,
    (variant, machine): (Variant, Machine),
) -> Result<PathBuf> {
    let (linker, accessors) = (tools.linker.display(), accessors.display());
    let flags = [
        format!("-Clinker={linker}"),
        format!("-Clink-arg={accessors}"),
        "-Clink-arg=--btf".to_owned(),
        "-Cdebuginfo=2".to_owned(),
        format!("-Ctarget-cpu={CPU}"),
    ];
    let mut cargo = match tools.route {
        Route::Distribution => {
            let mut cargo = setup::kernel_command(DISTRIBUTION_CARGO);
            cargo.env("RUSTC", DISTRIBUTION_RUSTC).env("RUSTC_BOOTSTRAP", "1").arg("build");
            cargo
        }
        Route::Nightly => {
            let mut cargo = setup::kernel_command("cargo");
            cargo.args(["+nightly", "build", "-Zbuild-std=core"]);
            cargo
        }
    };
    // The encoded form allows spaces in paths.
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
    if variant == Variant::Trace {
        cargo.args(["--features", "trace"]);
    }
    if machine == Machine::Arm64 {
        cargo.args(["--features", "arm64"]);
    }
    cargo.args(["--release", "--bin", variant.bin(), "--target", TARGET, "--target-dir"]).arg(out);
    cargo.current_dir(dirs.root.join("sensor-ebpf"));
    shell::run(&mut cargo).context("cannot build the kernel programs")?;
    Ok(out.join(TARGET).join("release").join(variant.bin()))
}

/// Sources, tools and recipe in one line of text.
fn fingerprint(dirs: &Dirs, tools: &ToolChain) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    let mut n_files = 0_usize;
    for folder in SOURCES {
        let mut files = Vec::new();
        collect(&dirs.root.join(folder), &mut files)?;
        files.sort();
        n_files += files.len();
        for file in files {
            file.strip_prefix(&dirs.root).unwrap_or(&file).hash(&mut hasher);
            fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?.hash(&mut hasher);
        }
    }
    // Dependency versions of sensor-common come from the root.
    fs::read(dirs.root.join("Cargo.toml")).context("cannot read Cargo.toml")?.hash(&mut hasher);
    Ok(format!("recipe {RECIPE}, {n_files} files {:016x}, {}\n", hasher.finish(), tools.describe()?))
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if !dir.is_dir() {
        bail!("there is no {}", dir.display());
    }
    for entry in fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            if path.file_name() != Some(OsStr::new("target")) {
                collect(&path, files)?;
            }
        } else {
            files.push(path);
        }
    }
    Ok(())
}
