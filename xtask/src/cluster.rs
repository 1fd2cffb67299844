//! `cargo xtask cluster`: a real single-node Kubernetes from package registries alone, and the chart tried in it.
//!
//! Servers listen on loopback inside a network namespace of their own, so no packet of a pod leaves the machine. Everything
//! is below the cache; the binaries are built once (`build`), which takes up to 25 minutes of CPU.

mod build;
mod crio;
mod down;
mod node;
mod pki;
mod rollout;
mod test;
mod up;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Subcommand;

use crate::dirs::Dirs;
use crate::shell;

const NETNS: &str = "saker-cluster";
/// Binaries that were built elsewhere by the same recipe.
pub(crate) const BIN_VARIABLE: &str = "SAKER_CLUSTER_BIN";
const BINARIES: [&str; 6] =
    ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "kubectl"];
/// From Debian.
const PROGRAMS: [&str; 11] = [
    "etcd",
    "containerd",
    "ctr",
    "runc",
    "busybox",
    "openssl",
    "iptables",
    "ip",
    "nsenter",
    "sysctl",
    "script",
];
const CNI: &str = "/usr/lib/cni";
/// A node whose name is its address: the API server finds its kubelet there.
const NODE: &str = "127.0.0.1";
const API_PORT: u16 = 6443;
/// For everything that a healthy machine does at once, also when it is busy.
const SOON: Duration = Duration::from_secs(120);

#[derive(Subcommand)]
pub(crate) enum Options {
    /// Build the six binaries, and CRI-O for the live tests, from their Go modules into the cache.
    Build,
    /// Start the cluster and print what to export.
    Up,
    /// Install the chart, look at alerts, reload, upgrade, roll back, uninstall; starts and stops a cluster of its own.
    Test,
    /// Stop it and remove what it has made.
    Down,
}

pub(crate) fn run(dirs: &Dirs, options: &Options) -> Result<()> {
    let cluster = Cluster::new(dirs);
    if let Options::Up | Options::Test = options
        && let Some(reason) = missing(dirs)
    {
        bail!("no cluster can run here: {reason}");
    }
    match options {
        Options::Build => build_if_missing(dirs),
        Options::Up => {
            up::run(&cluster)?;
            println!("export KUBECONFIG={}", cluster.kubeconfig("admin").display());
            println!(
                "nsenter --net=/run/netns/{NETNS} {} get pods -A",
                cluster.bin.join("kubectl").display()
            );
            Ok(())
        }
        Options::Test => test::run(dirs, &cluster),
        Options::Down => down::run(&cluster),
    }
}

/// The binaries that are not there yet, where a Go compiler is.
pub(crate) fn build_if_missing(dirs: &Dirs) -> Result<()> {
    let cluster = Cluster::new(dirs);
    build::run(&cluster)?;
    crio::build(&cluster)
}

/// Why there can be no cluster here.
pub(crate) fn missing(dirs: &Dirs) -> Option<String> {
    let cluster = Cluster::new(dirs);
    if !shell::is_root() {
        return Some("not root".to_owned());
    }
    if let Some(name) = BINARIES.iter().find(|name| !cluster.bin.join(name).is_file()) {
        return Some(format!(
            "no {name} in {}: `cargo xtask cluster build` takes up to 25 min, CI does it where there is time",
            cluster.bin.display()
        ));
    }
    if !Path::new(CNI).is_dir() {
        return Some(format!("no {CNI} (containernetworking-plugins)"));
    }
    let absent = PROGRAMS.iter().find(|name| shell::find_in_path(name).is_none());
    absent.map(|name| format!("{name} is not installed"))
}

/// Where its binaries are.
pub(crate) fn binaries(dirs: &Dirs) -> PathBuf {
    Cluster::new(dirs).bin
}

/// Where a cluster is.
struct Cluster {
    bin: PathBuf,
    run: PathBuf,
}

impl Cluster {
    fn new(dirs: &Dirs) -> Self {
        let home = dirs.cache.join("cluster");
        let bin = std::env::var_os(BIN_VARIABLE).map_or_else(|| home.join("bin"), PathBuf::from);
        Self { bin, run: home.join("run") }
    }

    fn kubeconfig(&self, name: &str) -> PathBuf {
        self.run.join(format!("{name}.kubeconfig"))
    }

    fn socket(&self) -> PathBuf {
        // In a directory of its own: pods get the directory.
        self.run.join("cri/containerd.sock")
    }

    /// A program inside the cluster's network, with the administrator's access.
    fn inside(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/run/netns/{NETNS}")).arg(program.as_ref());
        command.env("KUBECONFIG", self.kubeconfig("admin"));
        command
    }

    fn kubectl(&self, words: &[&str]) -> Command {
        let mut command = self.inside(self.bin.join("kubectl"));
        command.args(words);
        command
    }

    fn ctr(&self) -> Command {
        let mut command = Command::new("ctr");
        command.arg("--address").arg(self.socket()).args(["--namespace", "k8s.io"]);
        command
    }

    fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.run.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        }
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }
}

/// Looks until the condition holds; how long it took.
fn wait_for(what: &str, mut look: impl FnMut() -> Result<bool>) -> Result<Duration> {
    let start = Instant::now();
    while !look().with_context(|| what.to_owned())? {
        ensure!(start.elapsed() < SOON, "in {} s not seen: {what}", SOON.as_secs());
        thread::sleep(Duration::from_millis(100));
    }
    Ok(start.elapsed())
}
