//! The machines that the agent runs on: what each is called, and the cross compiler for the one that this host is not.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;

use anyhow::{Context, Error, Result, bail, ensure};

use crate::dirs::Dirs;
use crate::shell;

/// An architecture, with Linux and glibc.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Machine {
    Amd64,
    Arm64,
}

const ALL: [Machine; 2] = [Machine::Amd64, Machine::Arm64];

impl FromStr for Machine {
    type Err = Error;

    /// By its triple.
    fn from_str(triple: &str) -> Result<Self> {
        let found = ALL.into_iter().find(|machine| machine.triple() == triple);
        found.with_context(|| format!("the agent is built for {}", ALL.map(Self::triple).join(" and ")))
    }
}

impl Machine {
    /// This one.
    pub(crate) fn host() -> Result<Self> {
        match env::consts::ARCH {
            "x86_64" => Ok(Self::Amd64),
            "aarch64" => Ok(Self::Arm64),
            other => bail!("Saker does not run on {other}"),
        }
    }

    pub(crate) fn is_host(self) -> bool {
        Self::host().is_ok_and(|host| host == self)
    }

    /// As Debian, Go and OCI call it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }

    /// As rustc calls it.
    pub(crate) const fn triple(self) -> &'static str {
        match self {
            Self::Amd64 => "x86_64-unknown-linux-gnu",
            Self::Arm64 => "aarch64-unknown-linux-gnu",
        }
    }

    /// As the GNU tools call it; Debian's directories of libraries are named by it, too.
    const fn gnu(self) -> &'static str {
        match self {
            Self::Amd64 => "x86_64-linux-gnu",
            Self::Arm64 => "aarch64-linux-gnu",
        }
    }

    /// Where cargo puts what it builds for it.
    pub(crate) fn target(self, dirs: &Dirs) -> PathBuf {
        if self.is_host() { dirs.target.clone() } else { dirs.target.join(self.triple()) }
    }

    /// Why nothing can be built for it here.
    pub(crate) fn missing(self) -> Option<String> {
        if self.is_host() {
            return None;
        }
        let (compiler, triple) = (self.compiler(), self.triple());
        if shell::find_in_path(&compiler).is_none() {
            return Some(format!(
                "{compiler} is not installed (Debian: gcc-{})",
                self.gnu().replace('_', "-")
            ));
        }
        let libraries = ["--print", "target-libdir", "--target", triple];
        let has_std = shell::stdout(Command::new("rustc").args(libraries))
            .is_ok_and(|directory| Path::new(directory.trim()).is_dir());
        (!has_std).then(|| format!("rustc has no standard library for it (rustup target add {triple})"))
    }

    /// Makes a `cargo build` one for this machine.
    pub(crate) fn choose(self, cargo: &mut Command) -> Result<()> {
        if self.is_host() {
            return Ok(());
        }
        let triple = self.triple();
        if let Some(missing) = self.missing() {
            bail!("cannot build for {triple}: {missing}");
        }
        let variable = triple.to_uppercase().replace('-', "_");
        cargo.args(["--target", triple]);
        cargo.env(format!("CARGO_TARGET_{variable}_LINKER"), self.compiler());
        // Of crates that bring C.
        cargo.env(format!("CC_{}", triple.replace('-', "_")), self.compiler());
        Ok(())
    }

    fn compiler(self) -> String {
        format!("{}-gcc", self.gnu())
    }

    /// Shared libraries and the loader of a program: its path on such a machine, and the file here.
    pub(crate) fn libraries(self, program: &Path) -> Result<BTreeMap<PathBuf, PathBuf>> {
        if self.is_host() {
            let found = shell::libraries(program)?;
            return Ok(found.into_iter().map(|library| (library.clone(), library)).collect());
        }
        let (mut found, mut next) = (BTreeMap::new(), vec![program.to_owned()]);
        while let Some(file) = next.pop() {
            let mut readelf = Command::new(format!("{}-readelf", self.gnu()));
            let text = shell::stdout(readelf.args(["--wide", "--dynamic", "--program-headers"]).arg(&file))?;
            let loader = text.lines().find_map(|line| within(line, "program interpreter: ", "]"));
            let names = text.lines().filter_map(|line| within(line, "Shared library: [", "]"));
            let libraries = names.map(|name| PathBuf::from("/lib").join(self.gnu()).join(name));
            for inside in loader.map(PathBuf::from).into_iter().chain(libraries) {
                // The loader is a library, too, and has one place.
                let name = inside.file_name().unwrap_or_default().to_owned();
                if found.keys().any(|known: &PathBuf| known.file_name() == Some(&name)) {
                    continue;
                }
                let mut gcc = Command::new(self.compiler());
                gcc.arg(format!("-print-file-name={}", name.display()));
                let from = PathBuf::from(shell::stdout(&mut gcc)?.trim());
                ensure!(from.is_file(), "{} has no {}", self.compiler(), name.display());
                next.push(from.clone());
                found.insert(inside, from);
            }
        }
        Ok(found)
    }
}

/// What Debian appends to names of packages that are for cross compilers.
const CROSS: &str = "-cross";

impl Machine {
    /// The Debian package that brings a library of this machine, where dpkg knows it.
    pub(crate) fn owner(self, library: &Path) -> Option<String> {
        // Directories may be links (/lib → /usr/lib), so the path's end has to do.
        let pattern = format!("*/{}*/{}", self.gnu(), library.file_name()?.to_string_lossy());
        let found = shell::stdout(Command::new("dpkg-query").args(["--search", &pattern])).ok()?;
        found.split(": ").next().map(str::to_owned)
    }

    /// The name that a package has on such a machine.
    pub(crate) fn native_package(self, package: &str) -> &str {
        let package = package.split([':', ',']).next().unwrap_or_default();
        let bare =
            package.strip_suffix(CROSS).and_then(|name| name.strip_suffix(self.name())?.strip_suffix('-'));
        bare.unwrap_or(package)
    }
}

/// What stands between two texts.
fn within<'a>(line: &'a str, before: &str, after: &str) -> Option<&'a str> {
    line.split_once(before)?.1.split_once(after).map(|(text, _)| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_of_cross_compilers_are_those_of_the_machine() {
        for (package, expect) in
            [("libc6-arm64-cross", "libc6"), ("libgcc-s1:arm64", "libgcc-s1"), ("libc6", "libc6")]
        {
            assert_eq!(Machine::Arm64.native_package(package), expect);
        }
    }

    #[test]
    fn a_machine_has_one_triple() {
        for machine in ALL {
            assert_eq!(machine.triple().parse::<Machine>().unwrap(), machine);
        }
        assert!("riscv64gc-unknown-linux-gnu".parse::<Machine>().is_err());
    }
}
