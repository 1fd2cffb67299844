//! A real CRI-O of the test's own. Debian has none: `cargo xtask cluster build` builds it.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tempfile::TempDir;

use super::{Cri, IMAGE, image};
use crate::program::{built, is_installed};
use crate::sensor::{SOON, wait_for};

/// runc without what CRI-O wants for a sandbox and a process here may not: to lower its OOM score.
const RUNC: &str = r#"#!/bin/sh
for word; do
    [ ! -f "$word/config.json" ] || sed -i 's/"oomScoreAdj": -[0-9]*/"oomScoreAdj": 0/' "$word/config.json"
done
exec runc "$@"
"#;

/// A running CRI-O.
pub struct Crio {
    directory: TempDir,
    child: Child,
}

impl Crio {
    /// Why there can be none here.
    pub fn missing() -> Option<&'static str> {
        let debian = ["conmon", "podman", "runc"].map(Command::new);
        let all = debian.into_iter().chain([built("crio"), built("pinns")]).all(is_installed);
        (!all).then_some(
            "no crio and pinns (SAKER_CLUSTER_BIN names their directory), or no conmon, podman, runc",
        )
    }

    /// Starts one that has the image.
    pub fn start(actor: &Path) -> Result<Self> {
        let directory = TempDir::new()?;
        let root = directory.path();
        let archive = image(root, actor)?;
        // Both keep images in the same storage.
        let mut load = Command::new("podman");
        load.arg("--root").arg(root.join("storage")).arg("--runroot").arg(root.join("run"));
        load.args(["--storage-driver", "vfs", "--events-backend", "file", "load", "--input"]).arg(archive);
        super::run(&mut load)?;
        fs::write(
            root.join("policy.json"),
            json!({"default": [{"type": "insecureAcceptAnything"}]}).to_string(),
        )?;
        let runtime = root.join("runc.sh");
        fs::write(&runtime, RUNC)?;
        fs::set_permissions(&runtime, Permissions::from_mode(0o755))?;
        fs::write(root.join("crio.conf"), config(root))?;
        let log = fs::File::create(root.join("log"))?;
        let mut command = built("crio");
        command.arg("--config").arg(root.join("crio.conf")).args(["--config-dir", ""]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        let mut crio = Self { directory, child };
        wait_for("CRI-O's answer", SOON, || {
            let log = fs::read_to_string(crio.directory.path().join("log")).unwrap_or_default();
            ensure!(crio.child.try_wait()?.is_none(), "it ended: {log}");
            Ok(crio.cri().and_then(|mut cri| cri.version()).is_ok().then_some(()))
        })?;
        Ok(crio)
    }

    /// Its socket.
    pub fn socket(&self) -> PathBuf {
        self.directory.path().join("crio.sock")
    }

    /// A client.
    pub fn cri(&self) -> Result<Cri> {
        Cri::connect(&self.socket())
    }
}

impl Drop for Crio {
    fn drop(&mut self) {
        // What a failed test left behind.
        if let Ok(mut cri) = self.cri() {
            drop(cri.remove_all());
        }
        if let Ok(pid) = i32::try_from(self.child.id())
            && let Some(pid) = Pid::from_raw(pid)
        {
            kill_process(pid, Signal::TERM).ok();
        }
        if wait_for("CRI-O's end", SOON, || Ok(self.child.try_wait()?)).is_err() {
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}

/// Everything below one directory; no NRI, whose socket is the machine's.
fn config(directory: &Path) -> String {
    let pinns = built("pinns");
    let (directory, pinns) = (directory.display(), Path::new(pinns.get_program()).display());
    format!(
        r#"[crio]
root = "{directory}/storage"
runroot = "{directory}/run"
storage_driver = "vfs"
log_dir = "{directory}/pods"
version_file = "{directory}/version"
clean_shutdown_file = "{directory}/clean"
[crio.api]
listen = "{directory}/crio.sock"
stream_address = "127.0.0.1"
[crio.runtime]
cgroup_manager = "cgroupfs"
conmon_cgroup = "pod"
default_runtime = "runc"
pinns_path = "{pinns}"
namespaces_dir = "{directory}/namespaces"
container_exits_dir = "{directory}/exits"
container_attach_socket_dir = "{directory}/attach"
seccomp_profile = "unconfined"
apparmor_profile = "unconfined"
hooks_dir = []
[crio.runtime.runtimes.runc]
runtime_path = "{directory}/runc.sh"
runtime_root = "{directory}/runc"
[crio.image]
pause_image = "{IMAGE}"
pause_command = ""
signature_policy = "{directory}/policy.json"
[crio.network]
network_dir = "{directory}/cni"
plugin_dirs = ["{directory}/cni"]
[crio.nri]
enable_nri = false
"#
    )
}
