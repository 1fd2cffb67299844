//! What was recorded gives, without any privilege, the alerts that it gave live.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use saker_tests::alert::Alert;
use saker_tests::refusal::finish;
use saker_tests::sensor::{SOON, wait_for};
use saker_tests::stage::{Host, Stage, Step};
use tempfile::TempDir;

use crate::setup;

const STEP: Step = Step { program: "reader", act: &["read", "/etc/shadow"] };
/// Growths of the recording behind which it certainly records system calls.
const N_GROWTHS: u32 = 3;

/// A recorder that does not outlive the test.
struct Recorder(Child);

impl Drop for Recorder {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn a_recording_gives_the_same_alerts() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let directory = TempDir::new()?;
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755))?;
    let path = |name: &str| directory.path().join(name);
    fs::copy(setup::saker()?, path("saker"))?;
    fs::copy(setup::bundled(), path("rules.yaml"))?;
    fs::write(path("saker.yaml"), "json_output: true\nstdout_output: {enabled: true}\nlog_syslog: false\n")?;

    let host = Host::new(setup::actor())?;
    let mut sensor = setup::sensor()?.rule_file(setup::bundled()).ready()?;
    let mut command = Command::new(path("saker"));
    command.arg("record").arg(path("recording")).arg("-c").arg(path("saker.yaml"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut recorder = Recorder(command.spawn()?);
    wait_until_recording(&host, &path("recording"))?;

    let mut said = String::new();
    let live = sensor.observe(|mark| {
        mark.clone_into(&mut said);
        host.perform(&STEP, mark)
    })?;
    ensure!(!live.is_empty(), "no alert live");
    kill_process(Pid::from_raw(i32::try_from(recorder.0.id())?).context("process 0")?, Signal::TERM)?;
    let status = wait_for("the recorder's end", SOON, || Ok(recorder.0.try_wait()?))?;
    ensure!(status.success(), "saker record: {status}");

    fs::set_permissions(path("recording"), fs::Permissions::from_mode(0o644))?;
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(path("saker")).arg("replay");
    command.arg(path("recording")).arg("-c").arg(path("saker.yaml")).arg("-r").arg(path("rules.yaml"));
    let finished = finish(&mut command, SOON)?;
    ensure!(finished.status.success(), "saker replay: {finished:?}");
    let lines = finished.output.lines().map(Alert::parse).collect::<Result<Vec<_>>>()?;
    let replayed: Vec<Alert> = lines.into_iter().filter(|alert| alert.mentions(&said)).collect();
    // Two sensors saw the act, each with its own clock reading; everything else is the same.
    let timeless = |alerts: &[Alert]| alerts.iter().map(Alert::timeless).collect::<Vec<_>>();
    ensure!(timeless(&replayed) == timeless(&live), "replayed: {replayed:#?}\nlive: {live:#?}");
    Ok(())
}

/// The recorder says nothing, but its file grows.
pub(crate) fn wait_until_recording(host: &Host, recording: &Path) -> Result<()> {
    let size = || fs::metadata(recording).map_or(0, |meta| meta.len());
    let (mut n_growths, mut last) = (0, 0);
    wait_for("a growing recording", SOON, || {
        host.perform(&STEP, "before")?;
        let now = size();
        n_growths += u32::from(now > last);
        last = now;
        Ok((n_growths >= N_GROWTHS).then_some(()))
    })
}
