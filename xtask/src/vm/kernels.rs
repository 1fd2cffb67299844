//! Debian's kernels: found through a private sources list, so that nothing of the host's apt changes, and
//! kept in the user's cache as one vmlinuz each. Packages are downloaded and unpacked, never installed.

use std::cmp::Ordering;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::dirs::Dirs;
use crate::machine::Machine;
use crate::shell;

/// One row of the matrix.
pub(super) struct Kernel {
    pub(super) name: &'static str,
    /// Debian suite that carries it.
    suite: &'static str,
    /// How the package's name begins; the newest that fits is taken.
    prefix: &'static str,
    /// How it ends.
    flavour: &'static str,
    pub(super) machine: Machine,
}

const fn amd64(name: &'static str, suite: &'static str, prefix: &'static str) -> Kernel {
    Kernel { name, suite, prefix, flavour: "-cloud-amd64", machine: Machine::Amd64 }
}

const fn arm64(
    name: &'static str,
    suite: &'static str,
    prefix: &'static str,
    flavour: &'static str,
) -> Kernel {
    Kernel { name, suite, prefix, flavour, machine: Machine::Arm64 }
}

/// Oldest supported, two stable releases, the newest there is.
pub(super) const KERNELS: [Kernel; 6] = [
    amd64("5.10", "bullseye", "linux-image-5.10.0-"),
    amd64("6.1", "bookworm", "linux-image-6.1.0-"),
    amd64("6.12", "trixie", "linux-image-6.12."),
    amd64("sid", "sid", "linux-binary-"),
    arm64("6.1-arm64", "bookworm", "linux-image-6.1.0-", "-cloud-arm64"),
    // Pages of 16 KiB.
    arm64("6.12-arm64", "trixie", "linux-image-6.12.", "-arm64-16k"),
];

/// Where Debian's packages come from, on a host that is not Debian.
const MIRROR_VARIABLE: &str = "SAKER_DEBIAN_MIRROR";
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// A kernel in the cache.
pub(super) struct Fetched {
    pub(super) vmlinuz: PathBuf,
    pub(super) package: String,
}

/// The kernel's image: the cached one, or the newest package of its suite.
pub(super) fn fetch(dirs: &Dirs, kernel: &Kernel, is_refresh: bool) -> Result<Fetched> {
    let home = dirs.cache.join("kernels").join(kernel.name);
    let (vmlinuz, label) = (home.join("vmlinuz"), home.join("package"));
    if !is_refresh && vmlinuz.is_file() {
        let package = fs::read_to_string(&label).unwrap_or_default();
        return Ok(Fetched { vmlinuz, package: package.trim().to_owned() });
    }
    // Beside its final place, so that taking it over is one rename.
    let work = dirs.cache.join("kernels").join(format!(".{}-{}", kernel.name, std::process::id()));
    fs::create_dir_all(&work).with_context(|| format!("cannot make {}", work.display()))?;
    let result = download(kernel, &work).and_then(|package| {
        fs::create_dir_all(&home).with_context(|| format!("cannot make {}", home.display()))?;
        fs::rename(work.join("vmlinuz"), &vmlinuz).context("cannot put the kernel into the cache")?;
        fs::write(&label, format!("{package}\n")).context("cannot label the kernel")?;
        Ok(Fetched { vmlinuz, package })
    });
    fs::remove_dir_all(&work).with_context(|| format!("cannot remove {}", work.display()))?;
    result.with_context(|| format!("no kernel {} from Debian {}", kernel.name, kernel.suite))
}

fn download(kernel: &Kernel, work: &Path) -> Result<String> {
    let apt = Apt::new(kernel, work)?;
    shell::run(apt.command("apt-get").args(["--quiet=2", "update"]))?;
    let names = shell::stdout(apt.command("apt-cache").args(["pkgnames", kernel.prefix]))?;
    let flavour = kernel.flavour;
    let newest = names.lines().filter(|name| name.ends_with(flavour)).max_by(|a, b| by_version(a, b));
    let package = newest.with_context(|| format!("no package {}*{flavour}", kernel.prefix))?;
    shell::run(apt.command("apt-get").args(["--quiet=2", "download", package]))?;
    let archive = find(work, &|name| Path::new(name).extension() == Some(OsStr::new("deb")))
        .context("apt-get left no package")?;
    let tree = work.join("tree");
    shell::run(Command::new("dpkg-deb").arg("--extract").arg(&archive).arg(&tree))?;
    let image = find(&tree, &|name| name.starts_with("vmlinuz"))
        .with_context(|| format!("{package} has no vmlinuz"))?;
    fs::rename(image, work.join("vmlinuz")).context("cannot move the kernel")?;
    let file = archive.file_stem().unwrap_or_default().to_string_lossy();
    // Name_version_architecture: the version says more than the name.
    Ok(file.split('_').take(2).collect::<Vec<_>>().join(" ").replace("%3a", ":"))
}

/// apt with lists, cache and sources of its own.
struct Apt {
    work: PathBuf,
    architecture: &'static str,
}

impl Apt {
    fn new(kernel: &Kernel, work: &Path) -> Result<Self> {
        for dir in ["lists/partial", "cache", "archives/partial"] {
            fs::create_dir_all(work.join(dir)).with_context(|| format!("cannot make {dir}"))?;
        }
        let source = format!("deb [signed-by={KEYRING}] {} {} main\n", mirror()?, kernel.suite);
        fs::write(work.join("sources.list"), source).context("cannot write the private sources list")?;
        Ok(Self { work: work.to_owned(), architecture: kernel.machine.name() })
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.work);
        // An own archive directory: a clean-up hook of the host would empty the shared one under another apt.
        let dirs = [
            ("Dir::Etc::SourceList", "sources.list"),
            ("Dir::State::Lists", "lists"),
            ("Dir::Cache", "cache"),
            ("Dir::Cache::Archives", "archives"),
        ];
        for (option, dir) in dirs {
            command.arg("-o").arg(format!("{option}={}", self.work.join(dir).display()));
        }
        command.args(["-o", "Dir::Etc::SourceParts=/dev/null", "-o", "Acquire::Languages=none"]);
        for option in ["APT::Architecture", "APT::Architectures"] {
            command.arg("-o").arg(format!("{option}={}", self.architecture));
        }
        // The user _apt may not enter a private cache.
        command.args(["-o", "APT::Sandbox::User=root"]);
        command
    }
}

/// The mirror that the host itself uses, when it is a Debian.
fn mirror() -> Result<String> {
    if let Ok(mirror) = env::var(MIRROR_VARIABLE) {
        return Ok(mirror);
    }
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    if !release.lines().any(|line| line == "ID=debian") {
        bail!(
            "the kernels are Debian's: set {MIRROR_VARIABLE} to a mirror and install debian-archive-keyring"
        );
    }
    let format = ["indextargets", "--format", "$(RELEASE) $(REPO_URI)", "Created-By: Packages"];
    let sources = shell::stdout(Command::new("apt-get").args(format))?;
    let is_main =
        |release: &str| !["-security", "-updates", "-backports"].iter().any(|tail| release.ends_with(tail));
    let found = sources.lines().filter_map(|line| line.split_once(' ')).find(|(release, _)| is_main(release));
    let (_, uri) = found.with_context(|| format!("apt has no Debian mirror: set {MIRROR_VARIABLE}"))?;
    Ok(uri.to_owned())
}

fn find(dir: &Path, fits: &dyn Fn(&str) -> bool) -> Option<PathBuf> {
    let entries = fs::read_dir(dir).ok()?;
    let paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    let file = paths
        .iter()
        .find(|path| path.is_file() && path.file_name().is_some_and(|name| fits(&name.to_string_lossy())));
    file.cloned().or_else(|| paths.iter().filter(|path| path.is_dir()).find_map(|path| find(path, fits)))
}

/// Numbers in names compare as numbers: 6.12.90 comes before 6.12.107.
fn by_version(a: &str, b: &str) -> Ordering {
    let numbers = |name: &str| -> Vec<u64> {
        name.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
    };
    numbers(a).cmp(&numbers(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        let names = ["linux-image-6.12.90+deb12.1-cloud-amd64", "linux-image-6.12.107+deb13-cloud-amd64"];
        assert_eq!(by_version(names[0], names[1]), Ordering::Less);
        assert_eq!(names.into_iter().max_by(|a, b| by_version(a, b)), Some(names[1]));
    }
}
