//! A real Docker or Podman of the test's own: its service at a socket, and containers of this package's image. Both
//! have the same command line.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::{IMAGE, USER, image};
use crate::program::is_installed;
use crate::sensor::{SOON, wait_for};

/// Which one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// dockerd.
    Docker,
    /// `podman system service`.
    Podman,
}

/// A running service.
pub struct Engine {
    kind: Kind,
    directory: TempDir,
    service: Child,
}

impl Kind {
    /// Why there can be none here.
    pub fn missing(self) -> Option<&'static str> {
        let (programs, why): (&[_], _) = match self {
            Self::Docker => (&["docker", "dockerd"], "docker is not installed"),
            Self::Podman => (&["podman", "runc"], "podman is not installed"),
        };
        (!programs.iter().all(|program| is_installed(Command::new(program)))).then_some(why)
    }

    /// The key below `container_engines`, and `container.type`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
        }
    }

    /// The client, with storage below `directory`, and without systemd.
    fn client(self, directory: &Path) -> Command {
        let mut command = Command::new(self.name());
        match self {
            Self::Docker => {
                command.arg("--host").arg(url(directory));
            }
            Self::Podman => {
                command.arg("--root").arg(directory.join("storage")).arg("--runroot");
                command.arg(directory.join("run")).args(["--storage-driver", "vfs"]);
                command.args(["--cgroup-manager", "cgroupfs", "--events-backend", "file"]);
                command.args(["--runtime", "runc"]);
            }
        }
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    /// Its service; a process here may not lower its OOM score, and no network is touched.
    fn service(self, directory: &Path) -> Command {
        match self {
            Self::Docker => {
                let mut command = Command::new("dockerd");
                command.arg("--host").arg(url(directory)).args(["--bridge", "none", "--iptables=false"]);
                command.args(["--storage-driver", "vfs", "--oom-score-adjust", "0"]);
                for (option, name) in [("--data-root", "data"), ("--exec-root", "exec"), ("--pidfile", "pid")]
                {
                    command.arg(option).arg(directory.join(name));
                }
                command.stdin(Stdio::null()).stdout(Stdio::null());
                command
            }
            Self::Podman => {
                let mut command = self.client(directory);
                command.args(["system", "service", "--time", "0", &url(directory)]);
                command
            }
        }
    }
}

fn url(directory: &Path) -> String {
    format!("unix://{}", socket(directory).display())
}

fn socket(directory: &Path) -> PathBuf {
    directory.join("api.sock")
}

impl Engine {
    /// Starts one and loads the image.
    pub fn start(kind: Kind, actor: &Path) -> Result<Self> {
        let directory = TempDir::new()?;
        let archive = image(directory.path(), actor)?;
        let log = fs::File::create(directory.path().join("log"))?;
        let mut command = kind.service(directory.path());
        let service = command.stderr(log).spawn().with_context(|| format!("cannot start {command:?}"))?;
        let mut engine = Self { kind, directory, service };
        wait_for("the service's socket", SOON, || {
            let log = fs::read_to_string(engine.directory.path().join("log")).unwrap_or_default();
            ensure!(engine.service.try_wait()?.is_none(), "it ended: {log}");
            Ok(engine.socket().exists().then_some(()))
        })?;
        super::run(engine.client().arg("load").arg("--input").arg(archive).stderr(Stdio::piped()))?;
        Ok(engine)
    }

    fn client(&self) -> Command {
        self.kind.client(self.directory.path())
    }

    /// Its socket.
    pub fn socket(&self) -> PathBuf {
        socket(self.directory.path())
    }

    /// Runs a container called `name` as user [`USER`], with the label `tier=name`, `/srv` at `/data`, and more options;
    /// gives its id.
    pub fn run(&self, options: &[&str], name: &str, command: &[&str]) -> Result<String> {
        let mut client = self.client();
        client.args(["run", "--detach", "--network", "none", "--volume", "/srv:/data:ro"]);
        let (entry, arguments) = command.split_first().context("no command")?;
        // A process without CAP_SYS_RESOURCE may not raise a limit, and lower ones do.
        client.args(["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]);
        client.args(["--user", &USER.to_string(), "--entrypoint", entry]).args(options);
        client.args(["--name", name, "--label", &format!("tier={name}"), IMAGE]).args(arguments);
        let output = client.stdout(Stdio::piped()).stderr(Stdio::piped()).output()?;
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        ensure!(output.status.success(), "{client:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(said)
    }

    /// Starts the health check of a container, which Podman has systemd do.
    pub fn check_health(&self, name: &str) -> Result<()> {
        super::run(self.client().args(["healthcheck", "run", name]).stderr(Stdio::piped()))
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let mut list = self.client();
        list.args(["ps", "--all", "--quiet"]).stdout(Stdio::piped()).stderr(Stdio::null());
        let listed = list.output().map(|output| output.stdout).unwrap_or_default();
        let listed = String::from_utf8_lossy(&listed);
        let mut remove = self.client();
        remove.args(["rm", "--force"]).args(listed.split_whitespace()).stderr(Stdio::null());
        if !listed.trim().is_empty() {
            drop(remove.status());
        }
        if let Ok(pid) = i32::try_from(self.service.id())
            && let Some(pid) = Pid::from_raw(pid)
        {
            // It unmounts what it mounted, and ends the containerd of its own.
            kill_process(pid, Signal::TERM).ok();
        }
        let gone = wait_for("the service's end", SOON, || Ok(self.service.try_wait()?));
        if gone.is_err() {
            drop(self.service.kill());
            drop(self.service.wait());
        }
    }
}
