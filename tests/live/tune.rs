//! Tuning routes nothing, and what it proposes silences what it claims and nothing else.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use saker_tests::http;
use saker_tests::sensor::{SOON, free_port, rule, wait_for};
use saker_tests::stage::Host;
use tempfile::TempDir;

use crate::replay::wait_until_recording;
use crate::setup;

const RULE: &str = "A read of passwd";
const CONDITION: &str = "evt.type in (open, openat) and fd.name = /etc/passwd and evt.is_open_read = true \
                         and proc.aname = saker-noise";

/// The directory and how it is used.
struct Scene(TempDir);

impl Scene {
    fn new() -> Result<Self> {
        let scene = Self(TempDir::new()?);
        fs::write(scene.path("rules.yaml"), rule(RULE, CONDITION, "%proc.name"))?;
        fs::write(
            scene.path("saker.yaml"),
            "json_output: true\nstdout_output: {enabled: true}\nlog_stderr: true\n",
        )?;
        Ok(scene)
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn saker(&self, words: &[&str]) -> Result<Command> {
        let mut command = Command::new(setup::saker()?);
        command.args(words).args(["-c", &self.path("saker.yaml"), "-r", &self.path("rules.yaml")]);
        command.args(["-o", &format!("saker.admin_socket={}", self.path("admin.sock"))]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Ok(command)
    }

    /// Ten reads by cat, one by head: below a process whose name the rule asks for.
    fn act(&self) -> Result<()> {
        let shell = self.path("saker-noise");
        if !Path::new(&shell).exists() {
            std::os::unix::fs::symlink("/bin/sh", &shell)?;
        }
        let script =
            "i=0; while [ $i -lt 10 ]; do cat /etc/passwd; i=$((i+1)); done; head -c1 /etc/passwd; :";
        let status = Command::new(&shell).args(["-c", script]).stdout(Stdio::null()).status()?;
        ensure!(status.success(), "the acts: {status}");
        Ok(())
    }

    /// Runs the command around the acts; standard output and standard error.
    fn around_acts(&self, words: &[&str], more: &[&str]) -> Result<(String, String)> {
        let port = free_port()?;
        let mut command = self.saker(words)?;
        command.args(more).args(["-o", "webserver.enabled=true", "-o", "webserver.listen_address=127.0.0.1"]);
        let mut child = command.args(["-o", &format!("webserver.listen_port={port}")]).spawn()?;
        let ran = wait_for("a healthy answer", SOON, || {
            ensure!(child.try_wait()?.is_none(), "{command:?} ended");
            Ok(http::get(port, "/healthz").is_ok_and(|(status, _)| status == 200).then_some(()))
        });
        finish(child, ran.and_then(|()| self.act()))
    }
}

fn finish(child: Child, ran: Result<()>) -> Result<(String, String)> {
    kill_process(Pid::from_raw(i32::try_from(child.id())?).context("process 0")?, Signal::TERM)?;
    let output = child.wait_with_output()?;
    let texts = (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    );
    ran.with_context(|| texts.1.clone())?;
    ensure!(output.status.success(), "{}: {}", output.status, texts.1);
    Ok(texts)
}

fn alerts(output: &str) -> usize {
    output.lines().filter(|line| line.contains(RULE) && line.starts_with('{')).count()
}

#[test]
fn a_window_is_counted_reported_and_silenced() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let scene = Scene::new()?;
    let out = scene.path("out");
    let (said, errors) = scene.around_acts(&["tune", "--for", "1h", "--out", &out], &[])?;
    ensure!(alerts(&said) == 0, "tuning routed alerts: {said}");
    ensure!(said.contains("11 alerts, 10 of them would be silent with the proposal"), "{said}{errors}");
    ensure!(said.contains("listed only: seen once"), "{said}");
    let run = fs::read_dir(&out)?.next().context("no report")??.path();
    for name in ["report.json", "report.md", "falco_rules.local.yaml"] {
        ensure!(run.join(name).is_file(), "{name} is missing in {}", run.display());
    }
    let (said, _) = scene.around_acts(&[], &[])?;
    ensure!(alerts(&said) == 11, "{} alerts without the proposal", alerts(&said));
    let local = run.join("falco_rules.local.yaml").display().to_string();
    let (said, errors) = scene.around_acts(&[], &["-r", &local])?;
    ensure!(alerts(&said) == 1, "{} alerts with the proposal: {errors}", alerts(&said));
    Ok(())
}

#[test]
fn a_recording_shows_what_the_proposal_does() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let scene = Scene::new()?;
    let file = scene.path("acts.rec");
    let child = scene.saker(&["record", &file])?.spawn()?;
    let watched = wait_until_recording(&Host::new(setup::actor())?, Path::new(&file));
    finish(child, watched.and_then(|()| scene.act()))?;
    let output = scene.saker(&["tune", "--out", &scene.path("out"), &file])?.output()?;
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "{errors}");
    ensure!(errors.contains("11 alerts before, 1 after, 10 claimed"), "{errors}");
    Ok(())
}
