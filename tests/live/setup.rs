//! What the tests need of this machine, and where the programs are.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustix::process::geteuid;
use saker_tests::container::Container;
use saker_tests::kube::Kube;
use saker_tests::runtime::{Containerd, Crio, Kind};
use saker_tests::sensor::Start;

/// Performs acts: the binary of this package.
pub(crate) fn actor() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_saker-actor"))
}

/// The agent under test.
pub(crate) fn saker() -> Result<PathBuf> {
    env::var_os("SAKER_BIN").map(PathBuf::from).context("SAKER_BIN is not set")
}

/// The agent, to be started.
pub(crate) fn sensor() -> Result<Start> {
    Ok(Start::new(saker()?))
}

/// How long events wait for a runtime where a test is about what it tells: a runtime that has no CPU or disk for half a second, the
/// default, is told as `timed_out`, which is another test's.
pub(crate) const PATIENT: &str = "metadata.hold_ms=30000";

/// The agent, asking CRI at this socket with patience, and no other runtime.
pub(crate) fn beside(cri: &Path) -> Result<Start> {
    Ok(sensor()?
        .option(&format!("container_engines.cri.sockets[0]={}", cri.display()))
        .option("container_engines.docker.enabled=false")
        .option("container_engines.podman.enabled=false")
        .option(PATIENT))
}

/// The rules that ship.
pub(crate) fn bundled() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/rules/saker_rules.yaml")
}

/// Whether the agent cannot run here; says why.
pub(crate) fn is_skipped() -> bool {
    say(missing())
}

/// Whether the agent or a container cannot run here; says why.
pub(crate) fn is_skipped_without_container() -> bool {
    say(missing().or_else(Container::missing))
}

/// Whether the agent or containerd cannot run here; says why.
pub(crate) fn is_skipped_without_containerd() -> bool {
    say(missing().or_else(Containerd::missing))
}

/// Whether the agent, containerd or an API server cannot run here; says why.
pub(crate) fn is_skipped_without_kube() -> bool {
    say(missing().or_else(Containerd::missing).or_else(Kube::missing))
}

/// Whether the agent or CRI-O cannot run here; says why.
pub(crate) fn is_skipped_without_crio() -> bool {
    say(missing().or_else(Crio::missing))
}

/// Whether the agent, Docker or Podman cannot run here; says why.
pub(crate) fn is_skipped_without_engine(kind: Kind) -> bool {
    say(missing().or_else(|| kind.missing()))
}

/// A file or folder of what a real Falco answered, below `../shared/conformance`, where the agent can run and it is there;
/// else says why not.
pub(crate) fn conformance(path: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/conformance");
    let recorded = env::var_os("SAKER_CONFORMANCE").map_or_else(beside, PathBuf::from).join(path);
    if is_skipped() {
        return None;
    }
    if !recorded.exists() {
        println!("skipped: {} is not there", recorded.display());
        return None;
    }
    Some(recorded)
}

fn missing() -> Option<&'static str> {
    if env::var_os("SAKER_BIN").is_none() {
        Some("SAKER_BIN is not set: `cargo xtask test` sets it")
    } else if !geteuid().is_root() {
        Some("not root")
    } else if !Path::new("/sys/kernel/btf/vmlinux").is_file() {
        Some("this kernel has no BTF (/sys/kernel/btf/vmlinux)")
    } else {
        None
    }
}

fn say(reason: Option<&str>) -> bool {
    if let Some(reason) = reason {
        println!("skipped: {reason}");
    }
    reason.is_some()
}
