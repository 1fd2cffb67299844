//! Where things are: the repository, cargo's target directory, the user's cache.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The three directories that all commands work in, absolute.
pub(crate) struct Dirs {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
    /// Survives clean clones: tools built from source, kernels for the virtual machines.
    pub(crate) cache: PathBuf,
}

impl Dirs {
    pub(crate) fn find() -> Result<Self> {
        // Asked at run time: a target directory shared by two clones may hold the other one's binary.
        let manifest = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest.parent().context("xtask lies outside of the repository")?.to_owned();
        let cwd = env::current_dir().context("the current directory is gone")?;
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(dir) => cwd.join(dir),
            None => root.join("target"),
        };
        let cache = env::var_os("XDG_CACHE_HOME")
            .filter(|dir| Path::new(dir).is_absolute())
            .map(PathBuf::from)
            .or_else(|| env::home_dir().map(|home| home.join(".cache")))
            .context("neither XDG_CACHE_HOME nor HOME is set")?
            .join("saker");
        Ok(Self { root, target, cache })
    }

    /// Root of tools installed by `cargo install`; their binaries are in `bin`.
    pub(crate) fn tools(&self) -> PathBuf {
        self.cache.join("tools")
    }

    /// The rules that ship with the agent.
    pub(crate) fn rules(&self) -> PathBuf {
        self.root.join("deploy/rules")
    }
}
