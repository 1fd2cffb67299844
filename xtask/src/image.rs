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

pub(crate) use layer::{Entry, gzip, tar};

/// Name of the image without registry; `--tag` replaces all of it.
const NAME: &str = "localhost/saker";
/// Compressed, all layers and configuration.
const MAX_BYTES: u64 = 25 << 20;

#[derive(Args, Default)]
pub(crate) struct Options {
    /// Whole reference of the image [default: localhost/saker:VERSION].
    #[arg(long)]
    tag: Option<String>,
    /// Takes the other architectures of a layout that this command wrote on such a machine; may be repeated.
    #[arg(long, value_name = "TAR")]
    join: Vec<PathBuf>,
}

/// Builds the agent and writes the image; returns the archive's path.
pub(crate) fn run(dirs: &Dirs, options: &Options) -> Result<PathBuf> {
    let binary = agent::build(dirs)?;
    let version = agent::version(dirs)?;
    let reference = options.tag.clone().unwrap_or_else(|| format!("{NAME}:{version}"));
    let entries = root::entries(dirs, &binary)?;
    let mut layout = layout::Layout::default();
    let architecture = layout::architecture()?;
    let command = &["/usr/bin/falco"];
    let config = layout::Config { version: &version, architecture, commit: &origin::commit(dirs), command };
    layout.platform(&config, &tar(&entries)?)?;
    for other in &options.join {
        layout.join(other).with_context(|| format!("cannot join {}", other.display()))?;
    }
    let bytes = layout.compressed_bytes();
    let (digest, archive) = layout.finish(&reference)?;

    let home = dirs.target.join("image");
    fs::create_dir_all(&home).with_context(|| format!("cannot make {}", home.display()))?;
    let path = home.join(format!("saker-{version}.oci.tar"));
    write(&path, &archive)?;
    write(&home.join(format!("saker-{version}.cdx.json")), &sbom::document(dirs, &version, &entries)?)?;
    let statement = origin::statement(dirs, &reference, &digest, &entries)?;
    write(&home.join(format!("saker-{version}.intoto.json")), &statement)?;
    println!("{reference} {digest}");
    println!("{} ({:.1} MiB compressed for {architecture})", path.display(), mib(bytes));
    ensure!(bytes <= MAX_BYTES, "the image has {:.1} MiB, more than {} allows", mib(bytes), MAX_BYTES >> 20);
    Ok(path)
}

/// An image of these files for this machine, as an OCI layout in a tar file.
pub(crate) fn archive(reference: &str, entries: &[Entry], command: &[&str]) -> Result<Vec<u8>> {
    let mut layout = layout::Layout::default();
    let config = layout::Config { version: "1", architecture: layout::architecture()?, commit: "", command };
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
