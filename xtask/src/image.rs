//! `cargo xtask image`: the container image as an OCI layout in one tar file, written without a container daemon. The
//! same input gives the same digest: entries are sorted, times and owners are zero.
//!
//! Beside it stand a list of what is inside (`CycloneDX`) and how it was made (SLSA provenance in an in-toto statement).

mod layer;
mod layout;
mod origin;
mod root;
mod sbom;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::agent;
use crate::dirs::Dirs;
use crate::machine::Machine;

pub(crate) use layer::{Entry, gzip, tar};

/// Name of the image without registry; `--tag` replaces all of it.
const NAME: &str = "localhost/saker";
/// Compressed layer and configuration of one architecture.
const MAX_BYTES: u64 = 25 << 20;

#[derive(Args, Default)]
pub(crate) struct Options {
    /// Whole reference of the image [default: localhost/saker:VERSION].
    #[arg(long)]
    tag: Option<String>,
    /// Builds for this machine, too, as rustc calls it (aarch64-unknown-linux-gnu); may be repeated.
    #[arg(long = "target", value_name = "TRIPLE")]
    targets: Vec<Machine>,
    /// Takes the other architectures of a layout that this command wrote on such a machine; may be repeated.
    #[arg(long, value_name = "TAR")]
    join: Vec<PathBuf>,
}

/// The files of the image for one machine.
struct Platform {
    machine: Machine,
    entries: Vec<Entry>,
}

/// Builds the agent and writes the image; returns the archive's path.
pub(crate) fn run(dirs: &Dirs, options: &Options) -> Result<PathBuf> {
    let version = agent::version(dirs)?;
    let commit = origin::commit(dirs);
    let reference = options.tag.clone().unwrap_or_else(|| format!("{NAME}:{version}"));
    let home = dirs.target.join("image");
    fs::create_dir_all(&home).with_context(|| format!("cannot make {}", home.display()))?;
    let mut machines = vec![Machine::host()?];
    machines.extend(options.targets.iter().filter(|machine| !machine.is_host()));
    machines.dedup();
    let (mut layout, mut platforms) = (layout::Layout::default(), Vec::new());
    for machine in machines {
        let binary = agent::build_for(dirs, machine)?;
        let entries = root::entries(dirs, machine, &binary)?;
        let architecture = machine.name();
        let command = &["/usr/bin/falco"];
        let config = layout::Config { version: &version, architecture, commit: &commit, command };
        let bytes = layout.platform(&config, &tar(&entries)?)?;
        println!("{:.1} MiB compressed for {architecture}", mib(bytes));
        ensure!(bytes <= MAX_BYTES, "the image has more than {} MiB for {architecture}", MAX_BYTES >> 20);
        let suffix = if machine.is_host() { String::new() } else { format!("-{architecture}") };
        let bill = home.join(format!("saker-{version}{suffix}.cdx.json"));
        write(&bill, &sbom::document(dirs, machine, &version, &entries)?)?;
        platforms.push(Platform { machine, entries });
    }
    for other in &options.join {
        layout.join(other).with_context(|| format!("cannot join {}", other.display()))?;
    }
    let (digest, archive) = layout.finish(&reference)?;
    let path = home.join(format!("saker-{version}.oci.tar"));
    write(&path, &archive)?;
    let statement = origin::statement(dirs, &reference, &digest, &platforms)?;
    write(&home.join(format!("saker-{version}.intoto.json")), &statement)?;
    println!("{reference} {digest}");
    println!("{}", path.display());
    Ok(path)
}

/// An image of these files for this machine, as an OCI layout in a tar file.
pub(crate) fn archive(reference: &str, entries: &[Entry], command: &[&str]) -> Result<Vec<u8>> {
    let mut layout = layout::Layout::default();
    let config = layout::Config { version: "1", architecture: Machine::host()?.name(), commit: "", command };
    layout.platform(&config, &tar(entries)?)?;
    layout.finish(reference).map(|(_, archive)| archive)
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

#[expect(clippy::cast_precision_loss, reason = "one decimal for people")]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// Whole numbers of hexadecimal digits of SHA-256.
fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    use std::fmt::Write;
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        // To a string it cannot fail.
        let _done = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
