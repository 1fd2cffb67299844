//! A real container by runc: its own root directory, namespaces and control group, gone with the test.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tempfile::TempDir;

use crate::actor;
use crate::cases;
use crate::program::is_installed;
use crate::stage::{Stage, Step, fresh_id, short};

const SHELL: &str = "/bin/busybox";

/// A running container.
pub struct Container {
    directory: TempDir,
    id: String,
}

impl Container {
    /// Why there can be none here.
    pub fn missing() -> Option<&'static str> {
        (!is_installed(Command::new("runc"))).then_some("runc is not installed")
    }

    /// Starts one whose first process waits; its shell is busybox where the host has a static one.
    pub fn start(program: &Path) -> Result<Self> {
        let (directory, id) = (TempDir::new()?, fresh_id());
        furnish(&directory.path().join("rootfs"), program)?;
        let config = config(&format!("/docker/{id}"));
        fs::write(directory.path().join("config.json"), config.to_string())?;
        let container = Self { directory, id };
        let mut command = container.runc();
        command.args(["run", "--detach", "--bundle"]).arg(container.directory.path()).arg(&container.id);
        // The first process keeps what it gets, so it gets no pipes.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let status = command.status()?;
        ensure!(status.success(), "{command:?}: {status}");
        for address in cases::ADDRESSES {
            let act = ["address", address].map(str::to_owned);
            container.execute("actor", &act, "mark").context("cannot add an address")?;
        }
        Ok(container)
    }

    fn runc(&self) -> Command {
        let mut command = Command::new("runc");
        command.arg("--root").arg(self.directory.path().join("state"));
        command
    }

    fn root(&self) -> PathBuf {
        self.directory.path().join("rootfs")
    }

    fn execute(&self, program: &str, act: &[String], mark: &str) -> Result<()> {
        let link = self.root().join("bin").join(program);
        if !link.exists() && !link.is_symlink() {
            symlink("actor", link)?;
        }
        let mut command = self.runc();
        command.args(["exec", &self.id]).arg(format!("/bin/{program}")).args(act).arg(mark);
        actor::run(&mut command)
    }
}

impl Stage for Container {
    fn container_id(&self) -> String {
        short(&self.id)
    }

    fn perform(&self, step: &Step, mark: &str) -> Result<()> {
        let act: Vec<String> = step.act.iter().map(|word| (*word).to_owned()).collect();
        self.execute(step.program, &act, mark)
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let mut command = self.runc();
        command.args(["delete", "--force", &self.id]);
        drop(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status());
    }
}

/// A root directory: the actor with its libraries, a shell, and what the acts need.
fn furnish(root: &Path, program: &Path) -> Result<()> {
    for directory in ["bin", "dev", "proc", "sys"] {
        fs::create_dir_all(root.join(directory))?;
    }
    fs::copy(program, root.join("bin/actor")).context("no actor")?;
    for library in libraries(program)? {
        let inside = root.join(library.strip_prefix("/").unwrap_or(&library));
        fs::create_dir_all(inside.parent().context("a library without a directory")?)?;
        fs::copy(&library, inside)?;
    }
    if fs::copy(SHELL, root.join("bin/sh")).is_err() {
        symlink("actor", root.join("bin/sh"))?;
    }
    cases::furnish(root)
}

/// Shared libraries and the loader, as this host resolves them.
pub(crate) fn libraries(program: &Path) -> Result<Vec<PathBuf>> {
    let listing = Command::new("ldd").arg(program).output()?;
    let listing = String::from_utf8_lossy(&listing.stdout).into_owned();
    // "name => path (address)" or "path (address)".
    let paths = listing.lines().filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')));
    Ok(paths.map(PathBuf::from).collect())
}

/// A privileged container, as those that people break out of.
fn config(cgroup: &str) -> serde_json::Value {
    let capabilities = [
        "CAP_SYS_ADMIN",
        "CAP_SYS_MODULE",
        "CAP_NET_ADMIN",
        "CAP_NET_RAW",
        "CAP_NET_BIND_SERVICE",
        "CAP_DAC_OVERRIDE",
        "CAP_KILL",
    ];
    let sets = ["bounding", "effective", "permitted"].map(|set| (set.to_owned(), json!(capabilities)));
    let capabilities: serde_json::Map<_, _> = sets.into_iter().collect();
    let namespaces = ["pid", "ipc", "uts", "mount", "network"].map(|kind| json!({ "type": kind }));
    json!({
        "ociVersion": "1.0.2",
        "process": {
            "args": ["/bin/actor", "wait", "mark"],
            "env": ["PATH=/bin"],
            "cwd": "/",
            "user": { "uid": 0, "gid": 0 },
            "capabilities": capabilities,
        },
        "root": { "path": "rootfs" },
        "mounts": [
            { "destination": "/proc", "type": "proc", "source": "proc" },
            { "destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755"] },
            {
                "destination": "/dev/pts", "type": "devpts", "source": "devpts",
                "options": ["newinstance", "ptmxmode=0666", "mode=0620"],
            },
            { "destination": "/sys", "type": "sysfs", "source": "sysfs" },
        ],
        "linux": { "cgroupsPath": cgroup, "namespaces": namespaces },
    })
}
