//! `saker-golden SAKER ACTOR DIRECTORY`: performs the bundled rules' acts and near misses while `saker record` listens, and
//! writes what was recorded of them to `DIRECTORY/host.rec` and `container.rec`. Root. Only its own processes are kept, so that
//! nothing of the machine gets into the tree; `cargo xtask golden` starts it with an empty environment.

use std::{
    collections::BTreeSet,
    env, fs,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::{self, Child, Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use saker_tests::{
    cases::{CASES, Place},
    container::Container,
    sensor::{SOON, wait_for},
    stage::{Host, Stage},
};
use sensor_agent::decode::{
    Body, Record,
    recording::{Frame, HostFacts, Reader, Writer},
};

/// Growths of the file behind which the recorder certainly records system calls.
const N_GROWTHS: u32 = 3;

fn main() -> Result<()> {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let mut next = || arguments.next().context("usage: saker-golden SAKER ACTOR DIRECTORY");
    let (saker, actor, to) = (next()?, next()?, next()?);
    if let Some(missing) = Container::missing() {
        anyhow::bail!("{missing}");
    }
    fs::create_dir_all(&to)?;
    keep(&saker, &Host::new(&actor)?, Place::Host, &to.join("host.rec"))?;
    keep(&saker, &Container::start(&actor)?, Place::Container, &to.join("container.rec"))
}

/// Records every row of `place` and writes what concerns it.
fn keep(saker: &Path, stage: &dyn Stage, place: Place, to: &Path) -> Result<()> {
    let raw = to.with_extension("raw");
    let mut recorder = Recorder::start(saker, &raw, stage)?;
    for case in CASES.iter().filter(|case| case.place == place) {
        stage.perform(&case.act, "golden")?;
        // Each step in a container costs a run of runc, which is most of the file: near misses are the host's.
        let near = if place == Place::Host { case.near } else { &[] };
        near.iter().try_for_each(|step| stage.perform(step, "golden"))?;
    }
    recorder.stop()?;
    let kept = trim(&fs::read(&raw)?)?;
    fs::remove_file(&raw)?;
    println!("{}: {} bytes", to.display(), kept.len());
    Ok(fs::write(to, kept)?)
}

/// `saker record`, gone when dropped.
struct Recorder(Child);

impl Recorder {
    /// Starts one and waits until it records system calls: its file grows with what is done here.
    fn start(saker: &Path, file: &Path, stage: &dyn Stage) -> Result<Self> {
        let mut command = Command::new(saker);
        command.arg("record").arg(file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let recorder = Self(command.spawn()?);
        let size = || fs::metadata(file).map_or(0, |meta| meta.len());
        let (mut n_growths, mut last) = (0, 0);
        let step = CASES.first().and_then(|case| case.near.first()).context("no case")?;
        wait_for("a growing recording", SOON, || {
            stage.perform(step, "before")?;
            n_growths += u32::from(size() > last);
            last = size();
            Ok((n_growths >= N_GROWTHS).then_some(()))
        })?;
        Ok(recorder)
    }

    fn stop(&mut self) -> Result<()> {
        let pid = Pid::from_raw(i32::try_from(self.0.id())?).context("process 0")?;
        kill_process(pid, Signal::TERM)?;
        let status = wait_for("the recorder's end", SOON, || Ok(self.0.try_wait()?))?;
        ensure!(status.success(), "saker record: {status}");
        Ok(())
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// What concerns this process and those that it started, on a host without a name.
fn trim(raw: &[u8]) -> Result<Vec<u8>> {
    let mut reader = Reader::new(raw)?;
    let Some(Frame::Host(host)) = reader.next_frame()? else { anyhow::bail!("no host") };
    let mut writer = Writer::new(Vec::new(), &nameless(host))?;
    let mut ours = BTreeSet::from([process::id()]);
    while let Some(frame) = reader.next_frame()? {
        match frame {
            Frame::Host(_) => {}
            Frame::ProcessFiles { tgid, argv, env } => {
                if ours.contains(&tgid) {
                    writer.process_files(tgid, argv, env)?;
                }
            }
            Frame::Snapshot(bytes) => {
                if ours.contains(&Record::parse(bytes)?.prefix.task.tgid) {
                    writer.snapshot(bytes)?;
                }
            }
            Frame::Record(bytes) => {
                let record = Record::parse(bytes)?;
                let tgid = record.prefix.task.tgid;
                if let Body::Fork(told) = &record.body
                    && ours.contains(&told.caller_tgid)
                {
                    ours.insert(tgid);
                }
                if ours.contains(&tgid) && !is_scaffold(&record) {
                    writer.record(bytes)?;
                }
            }
        }
    }
    Ok(writer.finish()?)
}

/// What runc and this program do themselves to get an act done, but for the processes that they start.
fn is_scaffold(record: &Record<'_>) -> bool {
    let task = &record.prefix.task;
    let is_process = matches!(record.body, Body::Fork(_) | Body::Exec(_) | Body::Exit(_) | Body::Process(_));
    // runc executes itself from memory, under the name `exe`.
    let is_helper =
        ["runc", "exe\0", "saker-golden"].iter().any(|name| task.comm.starts_with(name.as_bytes()));
    is_helper && (!is_process || task.tid != task.tgid)
}

fn nameless(host: HostFacts) -> HostFacts {
    let users = host.users.into_iter().filter(|user| user.uid == 0).collect();
    let groups = host.groups.into_iter().filter(|group| group.gid == 0).collect();
    HostFacts {
        hostname: "golden".to_owned(),
        users,
        groups,
        addresses: vec![Ipv4Addr::LOCALHOST.into()],
        ..host
    }
}
