//! Many containers: how soon one is known, what hundreds that run and thousands that ran cost in memory.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Instant, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use saker_tests::alert::Alert;
use saker_tests::memory;
use saker_tests::runtime::{Containerd, Cri, Pod};
use saker_tests::sensor::{SOON, Sensor, Start, wait_for};

use crate::setup;

/// Issue 5: resident memory with 300 containers and 3,000 processes.
const MAX_RESIDENT: u64 = 48 << 20;
/// What memory may grow by while 15,000 containers come and go.
const MAX_GROWTH: u64 = 4 << 20;

/// With the rules that ship, which hold events of containers back.
fn sensor(containerd: &Containerd) -> Result<Start> {
    Ok(setup::beside(&containerd.socket())?.rule_file(setup::bundled()))
}

/// From the time that the kernel stamped on the cgroup's creation to the alert that says the container's name.
#[test]
fn a_container_is_known_soon_after_its_cgroup() -> Result<()> {
    const PODS: usize = 20;
    if setup::is_skipped_without_containerd() {
        return Ok(());
    }
    let containerd = Containerd::start(setup::actor())?;
    let mut cri = containerd.cri()?;
    let mut sensor = sensor(&containerd)?
        .rule(
            "Known",
            "evt.type = container and k8s.ns.name = shop",
            "%container.id %container.name %evt.rawtime",
        )
        .ready()?;
    let mut times = [Vec::new(), Vec::new()];
    for number in 0..PODS {
        let pod = cri.run_pod(&format!("p{number}"))?;
        for (order, times) in times.iter_mut().enumerate() {
            times.push(until_known_ns(&mut sensor, &mut cri, &pod, &format!("c{number}-{order}"))?);
        }
    }
    for (which, mut times) in ["first", "second"].into_iter().zip(times) {
        times.sort_unstable();
        let at = |share: usize| times[times.len() * share / 100] / 1_000_000;
        println!(
            "the {which} container of a pod is known {} ms after its cgroup was made (median of {PODS}; 90th percentile \
             {} ms; target 20 ms)",
            at(50),
            at(90)
        );
    }
    cri.remove_all()
}

fn until_known_ns(sensor: &mut Sensor, cri: &mut Cri, pod: &Pod, name: &str) -> Result<u128> {
    // The client returns when the container runs, so its alert has mostly been written by then: somebody else waits.
    let (id, soon) = thread::scope(|scope| -> Result<(String, Result<(Alert, u128)>)> {
        let waiting = scope.spawn(|| {
            let alert = sensor.wait(SOON, |alert| alert.field("container.name") == name)?;
            Ok((alert, UNIX_EPOCH.elapsed()?.as_nanos()))
        });
        let id = cri.run(pod, name, &["/bin/actor", "live", "50", "mark"])?;
        Ok((id, waiting.join().unwrap_or_else(|_| bail!("the waiting thread panicked"))))
    })?;
    let (alert, now_ns) = soon?;
    ensure!(id.starts_with(&alert.field("container.id")), "{alert:?}");
    Ok(now_ns.saturating_sub(alert.field("evt.rawtime").parse()?))
}

#[test]
fn memory_of_many_running_containers() -> Result<()> {
    const PODS: usize = 10;
    const CONTAINERS: usize = 300;
    const PROCESSES: usize = 10;
    if setup::is_skipped_without_containerd() {
        return Ok(());
    }
    let containerd = Containerd::start(setup::actor())?;
    let mut cri = containerd.cri()?;
    let sensor = sensor(&containerd)?.ready()?;
    let pid = sensor.pid()?.as_raw_nonzero().get();
    let before = memory::of(pid)?;
    run_crowds(&mut cri, PODS, CONTAINERS, PROCESSES)?;
    let known = wait_for("all containers are known", SOON, || {
        let known = sensor.metrics()?.sum("saker_containers", &[]);
        Ok((known >= (CONTAINERS + PODS) as u64).then_some(known))
    })?;
    let processes = sensor.metrics()?.sum("saker_processes", &[]);
    ensure!(processes >= (CONTAINERS * PROCESSES) as u64, "only {processes} processes are known");
    let after = memory::of(pid)?;
    println!("with {known} containers and {processes} processes: {after}; before: {before}; target 48 MiB");
    ensure!(after.resident <= MAX_RESIDENT, "{after}");
    cri.remove_all()
}

/// Containers whose first process has nine children, in so many pods.
fn run_crowds(cri: &mut Cri, pods: usize, containers: usize, processes: usize) -> Result<()> {
    let children = (processes - 1).to_string();
    let pods: Vec<_> = (0..pods).map(|pod| cri.run_pod(&format!("p{pod}"))).collect::<Result<_>>()?;
    for number in 0..containers {
        let pod = &pods[number % pods.len()];
        cri.run(pod, &format!("c{number}"), &["/bin/actor", "crowd", &children, "mark"])?;
    }
    Ok(())
}

/// Cgroups with the names of containers that no runtime knows, each with a process tree in a pid namespace of its own.
#[test]
fn memory_after_many_containers_came_and_went() -> Result<()> {
    const ROUNDS: [usize; 2] = [5_000, 15_000];
    if setup::is_skipped_without_containerd() {
        return Ok(());
    }
    let containerd = Containerd::start(setup::actor())?;
    let mut sensor = sensor(&containerd)?
        .rule(
            "Came",
            "evt.type = execve and proc.vpid = 1 and proc.cmdline contains churned",
            "%container.id",
        )
        .ready()?;
    let pid = sensor.pid()?.as_raw_nonzero().get();
    let mut after = Vec::new();
    for containers in ROUNDS {
        let start = Instant::now();
        churn(containers)?;
        let seen = sensor.until_fence()?;
        let came =
            seen.iter().filter(|alert| alert.rule == "Came" && alert.field("container.id") != "host").count();
        ensure!(came == containers, "{came} of {containers} were seen");
        let memory = memory::of(pid)?;
        println!("{containers} containers in {:.1} s: {memory}", start.elapsed().as_secs_f64());
        after.push(memory.resident);
    }
    let growth = after[1].saturating_sub(after[0]);
    println!("memory grew by {} KiB between the 5,000th and the 20,000th", growth >> 10);
    ensure!(growth <= MAX_GROWTH, "memory grew by {growth} bytes");
    Ok(())
}

/// Two workers, each with a hierarchy's directory below `docker`.
fn churn(containers: usize) -> Result<()> {
    const WORKERS: usize = 2;
    let root = ["/sys/fs/cgroup/memory", "/sys/fs/cgroup"].map(Path::new).into_iter().find(|it| it.is_dir());
    let parent = root.context("no control groups")?.join("docker");
    fs::create_dir_all(&parent)?;
    let mut workers = Vec::new();
    for _ in 0..WORKERS {
        let mut command = Command::new(setup::actor());
        command.arg("churn").arg(&parent).arg((containers / WORKERS).to_string()).arg("mark");
        workers.push(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?);
    }
    workers.iter_mut().try_for_each(|worker| {
        ensure!(worker.wait()?.success(), "a worker failed");
        Ok(())
    })
}
