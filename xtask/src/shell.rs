//! Running other programs: every failure names the command that failed.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsStr;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Runs to the end with this process's input and output.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start `{}`", text(command)))?;
    if !status.success() {
        bail!("`{}` failed: {status}", text(command));
    }
    Ok(())
}

/// Runs to the end and returns what was printed; standard error is part of the failure.
pub(crate) fn stdout(command: &mut Command) -> Result<String> {
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("cannot start `{}`", text(command)))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` failed: {}\n{}", text(command), output.status, errors.trim_end());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether the command runs and succeeds, quietly.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// The cargo that runs this program, for everything on the user side.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // A variable about this package must not leak into the build of another.
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(is_about_one_package) {
            command.env_remove(name);
        }
    }
    command
}

/// Takes away whatever an outer cargo or rustup chose: the kernel build has its own compiler and flags.
pub(crate) fn without_cargo_env(command: &mut Command) -> &mut Command {
    for (name, _) in env::vars_os() {
        let Some(name) = name.to_str() else { continue };
        let keep = ["CARGO_HOME", "RUSTUP_HOME"].contains(&name)
            || ["CARGO_NET_", "CARGO_HTTP_", "CARGO_REGISTR", "CARGO_SOURCE_"]
                .iter()
                .any(|prefix| name.starts_with(prefix));
        let drop = name == "LD_LIBRARY_PATH"
            || ["CARGO", "RUSTC", "RUSTFLAGS", "RUSTDOC", "RUSTUP_"].iter().any(|p| name.starts_with(p));
        if drop && !keep {
            command.env_remove(name);
        }
    }
    command
}

fn is_about_one_package(name: &str) -> bool {
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"].iter().any(|p| name.starts_with(p))
}

/// First executable file of that name on PATH.
pub(crate) fn find_in_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|dir| dir.join(name)).find(|file| is_executable(file))
}

pub(crate) fn is_executable(file: &Path) -> bool {
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// Effective user is root.
pub(crate) fn is_root() -> bool {
    Path::new("/proc/self").metadata().is_ok_and(|meta| meta.uid() == 0)
}

/// A command that runs as root: as it is when this process is root, else by sudo; `None` without either.
pub(crate) fn as_root(program: impl AsRef<OsStr>) -> Option<Command> {
    if is_root() {
        return Some(Command::new(program));
    }
    let mut command = Command::new(find_in_path("sudo")?);
    command.arg(program);
    Some(command)
}

/// Shared libraries and the loader of a program, as this host resolves them; none for a static one.
pub(crate) fn libraries(program: &Path) -> Result<BTreeSet<PathBuf>> {
    if !succeeds(Command::new("ldd").arg(program)) {
        return Ok(BTreeSet::new());
    }
    let listing = stdout(Command::new("ldd").arg(program))?;
    // "name => path (address)" or "path (address)".
    let paths = listing.lines().filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')));
    Ok(paths.map(PathBuf::from).collect())
}

/// The command as one would type it, for messages.
pub(crate) fn text(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}
