//! A real Podman of the test's own: its service at a socket, and containers of this package's image.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use super::{IMAGE, USER, image};
use crate::program::is_installed;
use crate::sensor::{SOON, wait_for};

/// A running service.
pub struct Podman {
    directory: TempDir,
    service: Child,
}

impl Podman {
    /// Why there can be none here.
    pub fn missing() -> Option<&'static str> {
        (!["podman", "runc"].map(Command::new).into_iter().all(is_installed))
            .then_some("podman is not installed")
    }

    /// Starts one and loads the image.
    pub fn start(actor: &Path) -> Result<Self> {
        let directory = TempDir::new()?;
        let archive = image(directory.path(), actor)?;
        let mut load = podman(directory.path());
        super::run(load.arg("load").arg("--input").arg(archive))?;
        let socket = directory.path().join("podman.sock");
        let log = fs::File::create(directory.path().join("log"))?;
        let mut command = podman(directory.path());
        command.args(["system", "service", "--time", "0"]).arg(format!("unix://{}", socket.display()));
        let service = command.stderr(log).spawn().context("cannot start podman")?;
        let podman = Self { directory, service };
        wait_for("podman's socket", SOON, || Ok(podman.socket().exists().then_some(())))?;
        Ok(podman)
    }

    /// Its socket.
    pub fn socket(&self) -> PathBuf {
        self.directory.path().join("podman.sock")
    }

    /// Runs a container called `name` as user [`USER`], with the label `tier=name` and `/srv` at `/data`; gives its id.
    pub fn run(&self, name: &str, command: &[&str]) -> Result<String> {
        self.run_with(&[], name, command)
    }

    /// Starts the health check of a container; says whether it is well.
    pub fn check_health(&self, name: &str) -> Result<bool> {
        Ok(podman(self.directory.path()).args(["healthcheck", "run", name]).status()?.success())
    }

    /// As [`Self::run`], with more options.
    pub fn run_with(&self, options: &[&str], name: &str, command: &[&str]) -> Result<String> {
        let mut podman = podman(self.directory.path());
        podman.args([
            "run",
            "--detach",
            "--network",
            "none",
            "--volume",
            "/srv:/data:ro",
            "--entrypoint",
            "[]",
        ]);
        // A process without CAP_SYS_RESOURCE may not raise a limit, and lower ones do.
        podman.args(["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]);
        podman.args(["--user", &USER.to_string()]).args(options);
        podman.args(["--name", name, "--label", &format!("tier={name}"), IMAGE]).args(command);
        let output = podman.stdout(Stdio::piped()).output()?;
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        ensure!(output.status.success(), "{podman:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(said)
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        let mut remove = podman(self.directory.path());
        drop(remove.args(["rm", "--force", "--all"]).stderr(Stdio::null()).status());
        drop(self.service.kill());
        drop(self.service.wait());
    }
}

/// With storage below `directory`, and without systemd.
fn podman(directory: &Path) -> Command {
    let mut command = Command::new("podman");
    command.arg("--root").arg(directory.join("storage")).arg("--runroot").arg(directory.join("run"));
    command.args(["--storage-driver", "vfs", "--cgroup-manager", "cgroupfs"]);
    command.args(["--events-backend", "file", "--runtime", "runc"]);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}
