//! A real containerd of the test's own, with an image of this package's actor, and pods by CRI. Everything is below one
//! directory and gone with the test; the pods use the host's network, so that no CNI plugin is needed.

mod cri;
mod crio;
mod engine;

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tempfile::TempDir;

pub use cri::{Cri, Pod};
pub use crio::Crio;
pub use engine::{Engine, Kind};

use crate::container::libraries;
use crate::program::is_installed;
use crate::sensor::{SOON, wait_for};

/// The image of sandboxes and of containers.
pub const IMAGE: &str = "localhost/saker-actor:1";

/// containerd's namespace of what CRI makes.
const CRI_NAMESPACE: &str = "k8s.io";

/// Id of its user `app` and of its group `staff`.
pub const USER: u32 = 4242;

/// A running containerd.
pub struct Containerd {
    directory: TempDir,
    child: Child,
    /// The image.
    archive: PathBuf,
}

impl Containerd {
    /// Why there can be none here.
    pub fn missing() -> Option<&'static str> {
        (!["containerd", "ctr", "runc"].map(Command::new).into_iter().all(is_installed))
            .then_some("containerd is not installed")
    }

    /// Starts one and puts the image there.
    pub fn start(actor: &Path) -> Result<Self> {
        let directory = TempDir::new()?;
        let config = config(directory.path());
        fs::write(directory.path().join("config.toml"), config)?;
        let child = spawn(directory.path())?;
        let mut containerd = Self { directory, child, archive: PathBuf::new() };
        containerd.wait_ready()?;
        containerd.archive = image(containerd.directory.path(), actor)?;
        containerd.import(CRI_NAMESPACE)?;
        Ok(containerd)
    }

    /// Runs a container without CRI, called `name` and labelled `tier=name`, until it ends.
    pub fn run_native(&self, namespace: &str, name: &str, command: &[&str]) -> Result<()> {
        self.import(namespace)?;
        let mut ctr = self.ctr_in(namespace);
        ctr.args(["run", "--rm", "--label", &format!("tier={name}")]);
        ctr.args(["--mount", "type=bind,src=/srv,dst=/data,options=rbind:ro", IMAGE, name]).args(command);
        run(&mut ctr)
    }

    fn import(&self, namespace: &str) -> Result<()> {
        run(self.ctr_in(namespace).args(["images", "import"]).arg(&self.archive))
    }

    /// Its socket.
    pub fn socket(&self) -> PathBuf {
        self.directory.path().join("containerd.sock")
    }

    /// `ctr` in CRI's namespace.
    pub fn ctr(&self) -> Command {
        self.ctr_in(CRI_NAMESPACE)
    }

    fn ctr_in(&self, namespace: &str) -> Command {
        let mut command = Command::new("ctr");
        command.arg("--address").arg(self.socket()).args(["--namespace", namespace]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }

    /// A client.
    pub fn cri(&self) -> Result<Cri> {
        Cri::connect(&self.socket())
    }

    /// Stops or continues it: its socket takes connections, and nobody answers.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let pid = Pid::from_raw(i32::try_from(self.child.id())?).context("process 0")?;
        Ok(kill_process(pid, signal)?)
    }

    /// Kills it; containers go on.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts it again.
    pub fn restart(&mut self) -> Result<()> {
        self.child = spawn(self.directory.path())?;
        self.wait_ready()
    }

    fn wait_ready(&mut self) -> Result<()> {
        wait_for("containerd's answer", SOON, || {
            ensure!(self.child.try_wait()?.is_none(), "containerd ended: {}", self.log());
            let cri = Cri::connect(&self.socket());
            Ok(cri.and_then(|mut cri| cri.version()).is_ok().then_some(()))
        })
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Containerd {
    fn drop(&mut self) {
        // What a failed test left behind: pods first, then their parent.
        drop(self.signal(Signal::CONT));
        if let Ok(mut cri) = self.cri() {
            drop(cri.remove_all());
        }
        drop(self.child.kill());
        drop(self.child.wait());
        let mut unmount = Command::new("umount");
        unmount.arg("--lazy").arg(self.directory.path().join("state")).stderr(Stdio::null());
        drop(unmount.status());
    }
}

fn spawn(directory: &Path) -> Result<Child> {
    let log = fs::File::options().create(true).append(true).open(directory.join("log"))?;
    let mut command = Command::new("containerd");
    command.arg("--config").arg(directory.join("config.toml"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    // Signals of a terminal are the test's.
    command.process_group(0);
    command.spawn().context("cannot start containerd")
}

/// No plugin that needs more than this kernel and this directory; a process here may not lower its OOM score.
fn config(directory: &Path) -> String {
    let directory = directory.display();
    format!(
        r#"version = 2
root = "{directory}/root"
state = "{directory}/state"
[grpc]
  address = "{directory}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{IMAGE}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    conf_dir = "{directory}/cni"
[plugins."io.containerd.internal.v1.opt"]
  path = "{directory}/opt"
"#
    )
}

/// An archive as `docker save` makes it: one layer with the actor and its libraries.
fn image(directory: &Path, actor: &Path) -> Result<PathBuf> {
    let (root, parts) = (directory.join("image/root"), directory.join("image"));
    fs::create_dir_all(root.join("bin"))?;
    fs::copy(actor, root.join("bin/actor"))?;
    for name in ["sh", "reader", "runner", "debugfs"] {
        symlink("actor", root.join("bin").join(name))?;
    }
    for library in libraries(actor)? {
        let inside = root.join(library.strip_prefix("/").unwrap_or(&library));
        fs::create_dir_all(inside.parent().context("a library without a directory")?)?;
        fs::copy(&library, inside)?;
    }
    fs::create_dir_all(root.join("etc"))?;
    fs::write(
        root.join("etc/passwd"),
        format!("root:x:0:0:root:/root:/bin/sh\napp:x:{USER}:{USER}::/srv/app:/bin/sh\n"),
    )?;
    fs::write(root.join("etc/group"), format!("root:x:0:\nstaff:x:{USER}:\n"))?;
    run(Command::new("tar")
        .args(["--owner=0", "--group=0", "-cf"])
        .arg(parts.join("layer.tar"))
        .arg("-C")
        .arg(&root)
        .arg("."))?;
    let digest = Command::new("sha256sum").arg(parts.join("layer.tar")).output()?;
    let digest = String::from_utf8(digest.stdout)?;
    let digest = digest.split(' ').next().context("no digest")?;
    let config = json!({
        "architecture": "amd64",
        "os": "linux",
        "config": { "Env": ["PATH=/bin"], "Entrypoint": ["/bin/actor", "wait", "pause"] },
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{digest}")] },
    });
    fs::write(parts.join("config.json"), config.to_string())?;
    let manifest = json!([{ "Config": "config.json", "RepoTags": [IMAGE], "Layers": ["layer.tar"] }]);
    fs::write(parts.join("manifest.json"), manifest.to_string())?;
    let archive = directory.join("image.tar");
    let names = ["manifest.json", "config.json", "layer.tar"];
    run(Command::new("tar").arg("-cf").arg(&archive).arg("-C").arg(&parts).args(names))?;
    Ok(archive)
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
