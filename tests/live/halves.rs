//! The two halves of the agent: what each of them could do in the hands of an attacker, and what becomes of alerts when one of
//! them dies.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Result, ensure};
use nix::libc;
use rustix::process::{Pid, Signal, kill_process};
use saker_tests::sensor::{SOON, Sensor, wait_for};

use crate::setup;

const N_ACTS: usize = 400;
const RULE: &str = "An act";
const DIRECTORY: &str = "/proc/saker-act-";

fn number(pid: Pid) -> i32 {
    pid.as_raw_nonzero().get()
}

#[cfg(target_arch = "x86_64")]
#[test]
fn a_half_that_was_taken_over_can_do_little() -> Result<()> {
    use saker_tests::possessed::Possessed;

    if setup::is_skipped() {
        return Ok(());
    }
    let mut sensor = setup::sensor()?.ready()?;
    ensure!(fs::read("/etc/shadow").is_ok(), "the test itself may read it");
    let refused = [-i64::from(libc::EPERM), -i64::from(libc::EACCES)];
    let (supervisor, own) = (sensor.pid()?, sensor.half("sensor")?);
    for half in ["egress", "sensor"] {
        let mut taken = Possessed::new(number(sensor.half(half)?))?;
        let [shadow, own_file, program] =
            ["/etc/shadow\0", "/proc/self/stat\0", "/bin/true\0"].map(|path| taken.put(path.as_bytes()));
        let (shadow, own_file, program) = (shadow?, own_file?, program?);
        let bytes = taken.put(&[0; 128])?;
        let here = libc::AT_FDCWD.cast_unsigned().into();
        let ours = taken.call(libc::SYS_openat, &[here, own_file, 0])?;
        ensure!(ours >= 0, "{half}: what it needs is refused, too: {ours}");
        taken.call(libc::SYS_close, &[ours.cast_unsigned()])?;
        let internet = libc::AF_INET.cast_unsigned().into();
        let stream = libc::SOCK_STREAM.cast_unsigned().into();
        let (pid, parent) = (number(own).cast_unsigned().into(), number(supervisor).cast_unsigned().into());
        let all = [
            ("load BPF", libc::SYS_bpf, vec![0, bytes, 128]),
            ("start a program", libc::SYS_execve, vec![program, 0, 0]),
            ("trace", libc::SYS_ptrace, vec![libc::PTRACE_ATTACH.into(), pid]),
            ("read memory of others", libc::SYS_process_vm_readv, vec![pid, bytes, 1, bytes, 1, 0]),
            ("end the supervisor", libc::SYS_kill, vec![parent, libc::SIGKILL.cast_unsigned().into()]),
            (
                "end it by another call",
                libc::SYS_tgkill,
                vec![parent, parent, libc::SIGKILL.cast_unsigned().into()],
            ),
            ("fork", libc::SYS_fork, vec![]),
            ("mount", libc::SYS_mount, vec![own_file, own_file, 0, libc::MS_BIND, 0]),
            ("enter a namespace", libc::SYS_setns, vec![0, 0]),
            ("go past the filter", libc::SYS_io_uring_setup, vec![1, bytes]),
        ];
        let egress = [("read the passwords", libc::SYS_openat, vec![here, shadow, 0])];
        let network = [
            ("open a connection", libc::SYS_socket, vec![internet, stream, 0]),
            ("connect", libc::SYS_connect, vec![0, bytes, 16]),
        ];
        let special = if half == "egress" { egress.to_vec() } else { network.to_vec() };
        for (what, call, arguments) in all.into_iter().chain(special) {
            let answer = taken.call(call, &arguments)?;
            println!("{half}: {what}: {answer}");
            ensure!(refused.contains(&answer), "{half} could {what}: {answer}");
        }
    }
    // Nothing of it did harm.
    sensor.until_fence().map(drop)
}

/// Acts that a rule tells of, with the death of a half among them; the numbers of those that were told of.
fn around_death(sensor: &mut Sensor, half: &str) -> Result<BTreeSet<usize>> {
    let victim = sensor.half(half)?;
    for act in 0..N_ACTS {
        if act == N_ACTS / 2 {
            kill_process(victim, Signal::KILL)?;
        }
        ensure!(fs::create_dir(format!("{DIRECTORY}{act}")).is_err(), "procfs makes no directories");
    }
    sensor.wait(SOON, |alert| alert.rule == "Falco internal: half restarted")?;
    wait_for("the other process of the half", SOON, || {
        Ok(sensor.half(half).ok().filter(|successor| *successor != victim).map(drop))
    })?;
    wait_for("health", SOON, || {
        Ok(sensor.get("/healthz").is_ok_and(|(status, _)| status == 200).then_some(()))
    })?;
    let alerts = sensor.until_fence()?;
    let told = alerts.iter().filter(|alert| alert.rule == RULE).filter_map(|alert| {
        alert.field("evt.arg.path").strip_prefix(DIRECTORY).and_then(|number| number.parse().ok())
    });
    Ok(told.collect())
}

fn watched() -> Result<Sensor> {
    let condition = format!("evt.type = mkdir and evt.arg.path startswith {DIRECTORY}");
    setup::sensor()?.rule(RULE, &condition, "%evt.arg.path").ready()
}

#[test]
fn alerts_survive_the_egress_half() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let mut sensor = watched()?;
    for death in 1..=2 {
        let told = around_death(&mut sensor, "egress")?;
        let missing: Vec<_> = (0..N_ACTS).filter(|act| !told.contains(act)).collect();
        ensure!(missing.is_empty(), "death {death}: {missing:?} are lost");
    }
    let ending = sensor.stop(Signal::TERM)?;
    ensure!(ending.status.success(), "{}: {}", ending.status, ending.errors);
    ensure!(ending.errors.contains("the egress half of the agent ended (signal: 9"), "{}", ending.errors);
    Ok(())
}

#[test]
fn alerts_survive_the_sensor_half() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let mut sensor = watched()?;
    let told = around_death(&mut sensor, "sensor")?;
    // What was in the ring died with it, and what came then nobody saw until its successor did; what it had written did not.
    let first_missing = (0..N_ACTS).find(|act| !told.contains(act)).unwrap_or(N_ACTS);
    println!(
        "{} of {N_ACTS} acts around the death were told of, the first {first_missing} without a gap",
        told.len()
    );
    let later = format!("{DIRECTORY}later");
    ensure!(fs::create_dir(&later).is_err(), "procfs makes no directories");
    sensor.wait(SOON, |alert| alert.rule == RULE && alert.field("evt.arg.path") == later)?;
    let ending = sensor.stop(Signal::TERM)?;
    ensure!(ending.status.success(), "{}: {}", ending.status, ending.errors);
    Ok(())
}

#[test]
fn what_the_split_costs_is_told() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let sensor = setup::sensor()?.rule_file(setup::bundled()).ready()?;
    for (name, process) in [
        ("supervisor", sensor.pid()?),
        ("sensor", sensor.half("sensor")?),
        ("egress", sensor.half("egress")?),
    ] {
        let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", number(process)))?;
        let kib =
            |key: &str| rollup.lines().find_map(|line| line.strip_prefix(key)?.split_whitespace().next());
        println!(
            "{name}: {} KiB resident, {} in proportion, {} of its own",
            kib("Rss:").unwrap_or("?"),
            kib("Pss:").unwrap_or("?"),
            kib("Private_Dirty:").unwrap_or("?")
        );
    }
    // Both halves tell what they cost.
    let metrics = sensor.metrics()?;
    let told = metrics.sum("falcosecurity_falco_memory_pss_bytes", &[]);
    ensure!(told > 0, "the sum of both is told");
    Ok(())
}

#[test]
fn nothing_is_left_of_an_agent_whose_supervisor_was_killed() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let sensor = setup::sensor()?.ready()?;
    let halves = [sensor.half("sensor")?, sensor.half("egress")?];
    kill_process(sensor.pid()?, Signal::KILL)?;
    wait_for("the end of both halves", SOON, || {
        let is_left =
            halves.iter().any(|half| fs::exists(format!("/proc/{}", number(*half))).unwrap_or(true));
        Ok((!is_left).then_some(()))
    })
}
