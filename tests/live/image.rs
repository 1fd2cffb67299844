//! The image as it ships, in a real containerd: its names, its applets, and the sensor in a container that has two
//! capabilities, a read-only root and the seccomp profile that ships.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use saker_tests::refusal::{Finished, finish};
use saker_tests::runtime::Containerd;
use saker_tests::sensor::{SOON, wait_for};

use crate::setup;

const ID: &str = "sensor";
/// What `ctr run` gives to a container unasked.
const DEFAULTS: [&str; 14] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "FSETID",
    "FOWNER",
    "MKNOD",
    "NET_RAW",
    "SETGID",
    "SETUID",
    "SETFCAP",
    "SETPCAP",
    "NET_BIND_SERVICE",
    "SYS_CHROOT",
    "KILL",
    "AUDIT_WRITE",
];
const OWN: [&str; 2] = ["BPF", "PERFMON"];

#[test]
fn the_image_runs_with_two_capabilities() -> Result<()> {
    if setup::is_skipped_without_containerd() {
        return Ok(());
    }
    let Some(archive) = env::var_os("SAKER_IMAGE").map(PathBuf::from) else {
        println!("skipped: SAKER_IMAGE is not set: `cargo xtask test` sets it");
        return Ok(());
    };
    let containerd = Containerd::start(setup::actor())?;
    let mut import = containerd.ctr();
    import.args(["images", "import"]).arg(archive);
    let imported = succeed(import)?;
    let image = imported.output.split_whitespace().nth(1).context("no name")?.to_owned();
    let _sensor = Sensor::start(&containerd, &image)?;

    let health = wait_for("a healthy answer", SOON, || {
        let answer = exec(&containerd, &["curl", "-sf", "localhost:8765/healthz"])?;
        Ok(answer.status.success().then_some(answer.output))
    })?;
    ensure!(health.starts_with(r#"{"status":"ok""#), "{health}");
    let version = succeed(exec_command(&containerd, &["falco", "--version"]))?;
    ensure!(
        version.output.contains(r#""kernel_btf":true"#) && version.output.contains("sys_exit"),
        "{version:?}"
    );
    // As the first process, by the name that people look for.
    let status = succeed(exec_command(&containerd, &["curl", "-s", "localhost:8765/versions"]))?;
    ensure!(status.output.contains("falco_version"), "{status:?}");
    let tasks = succeed(command(&containerd, &["task", "ps", ID]))?;
    let first = tasks.output.lines().nth(1).and_then(|line| line.split_whitespace().next());
    let comm = std::fs::read_to_string(format!("/proc/{}/comm", first.context("no process")?))?;
    ensure!(comm == "falco\n", "its name is {comm:?}");

    succeed(exec_command(&containerd, &["kill", "-HUP", "1"]))?;
    wait_for("the reload", SOON, || {
        let metrics = exec(&containerd, &["curl", "-s", "localhost:8765/metrics"])?;
        let is_done = |line: &str| line == r#"saker_reloads_total{result="done"} 1"#;
        Ok(metrics.output.lines().any(is_done).then_some(()))
    })?;
    // Nothing else is there, and nothing but this host is reached.
    ensure!(!exec(&containerd, &["sh", "-c", "true"])?.status.success(), "there is a shell");
    ensure!(!exec(&containerd, &["curl", "http://10.0.0.1/"])?.status.success(), "curl leaves the host");
    let unmade = exec(&containerd, &["falco", "-o", "a=1", "-V", "/nowhere.yaml"])?;
    ensure!(!unmade.status.success(), "{unmade:?}");
    let valid = exec(&containerd, &["falco", "-V", "/etc/falco/falco_rules.yaml"])?;
    ensure!(valid.status.success(), "{valid:?}");

    succeed(exec_command(&containerd, &["kill", "-TERM", "1"]))?;
    wait_for("its end", SOON, || {
        let list = succeed(command(&containerd, &["task", "list"]))?;
        Ok(list.output.lines().any(|line| line.starts_with(ID) && line.contains("STOPPED")).then_some(()))
    })
}

/// A container that is gone with the test.
struct Sensor<'a>(&'a Containerd);

impl<'a> Sensor<'a> {
    fn start(containerd: &'a Containerd, image: &str) -> Result<Self> {
        let profile = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/seccomp/saker.json");
        let mut run =
            command(containerd, &["run", "--detach", "--read-only", "--seccomp", "--seccomp-profile"]);
        run.arg(profile);
        for capability in DEFAULTS {
            run.args(["--cap-drop", &format!("CAP_{capability}")]);
        }
        for capability in OWN {
            run.args(["--cap-add", &format!("CAP_{capability}")]);
        }
        run.args([image, ID]).stdout(Stdio::null());
        let status = run.status()?;
        ensure!(status.success(), "{run:?}: {status}");
        Ok(Self(containerd))
    }
}

impl Drop for Sensor<'_> {
    fn drop(&mut self) {
        for words in [&["task", "delete", "--force", ID][..], &["container", "delete", ID]] {
            drop(command(self.0, words).stdout(Stdio::null()).status());
        }
    }
}

fn command(containerd: &Containerd, words: &[&str]) -> Command {
    let mut command = containerd.ctr();
    command.args(words);
    command
}

fn exec_command(containerd: &Containerd, words: &[&str]) -> Command {
    let mut command = command(containerd, &["task", "exec", "--exec-id", "by-hand", ID]);
    command.args(words);
    command
}

fn exec(containerd: &Containerd, words: &[&str]) -> Result<Finished> {
    finish(&mut exec_command(containerd, words), SOON)
}

fn succeed(mut command: Command) -> Result<Finished> {
    let finished = finish(&mut command, SOON)?;
    ensure!(finished.status.success(), "{command:?}: {finished:?}");
    Ok(finished)
}
