//! Which privileges the sensor needs: two capabilities and no other, nothing that `perf_event_paranoid` or tracefs could
//! take away; without either of the two it says which.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use rustix::process::Pid;
use saker_tests::refusal::finish;
use saker_tests::sensor::SOON;

use crate::setup;

const PARANOID: &str = "/proc/sys/kernel/perf_event_paranoid";
const OWN: [&str; 2] = ["bpf", "perfmon"];
/// Bits 38 and 39 of `linux/capability.h`.
const OWN_MASK: u64 = 1 << 38 | 1 << 39;
/// `NotPermitted`
const EXIT_PERMISSION: i32 = 3;
/// A mount namespace without tracefs, a pid namespace, and no other capability in any set, for good.
const CONFINED: &str = "umount /sys/kernel/tracing /sys/kernel/debug 2>/dev/null
exec setpriv --no-new-privs --inh-caps=-all --bounding-set=-all,+bpf,+perfmon \"$@\"";

#[test]
fn two_capabilities_are_enough() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let _paranoid = Setting::set(PARANOID, "4")?;
    let namespaces = ["unshare", "--pid", "--mount", "--fork", "--kill-child"];
    let wrapper: Vec<&str> = namespaces.into_iter().chain(["sh", "-c", CONFINED, "sh"]).collect();
    let mut sensor = setup::sensor()?.rule_file(setup::bundled()).below(&wrapper).ready()?;
    // What is left of them after the start.
    for half in ["egress", "sensor"] {
        let mut n_threads = 0;
        for thread in threads(&[sensor.half(half)?])? {
            let status = fs::read_to_string(thread.join("status"))?;
            for line in
                ["CapEff:\t0000000000000000", "CapPrm:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"]
            {
                ensure!(status.contains(line), "not {line:?} in the {half} half: {status}");
            }
            n_threads += 1;
        }
        println!("{half}: {n_threads} threads without a capability, behind a filter of system calls");
    }
    let mut n_threads = 0;
    for thread in threads(&[sensor.pid()?, sensor.half("sensor")?, sensor.half("egress")?])? {
        let status = fs::read_to_string(thread.join("status"))?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.map(str::trim).with_context(|| format!("no {name} in {status}"))
        };
        for set in ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
            let mask = u64::from_str_radix(field(set)?, 16)?;
            ensure!(mask & !OWN_MASK == 0, "{set} {mask:x} of {}", field("Name:")?);
        }
        ensure!(field("NoNewPrivs:")? == "1", "{status}");
        n_threads += 1;
    }
    ensure!(n_threads > 3, "{n_threads} threads are not the whole sensor");
    // It sees: the harness' own act comes through.
    sensor.until_fence().map(drop)
}

#[test]
fn each_of_them_is_needed() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    for dropped in OWN {
        let rest: Vec<String> =
            OWN.iter().filter(|own| **own != dropped).map(|own| format!("+{own}")).collect();
        let mut command = Command::new("setpriv");
        command.args([
            "--no-new-privs",
            "--inh-caps=-all",
            &format!("--bounding-set=-all,{}", rest.join(",")),
        ]);
        command.arg(setup::saker()?).arg("-r").arg(setup::bundled());
        command.args(["-o", "stdout_output.enabled=true", "-o", "webserver.enabled=false"]);
        let finished = finish(&mut command, SOON)?;
        let first = finished.errors.lines().find(|line| line.starts_with("Error: ")).unwrap_or_default();
        println!("without CAP_{}: {first}", dropped.to_uppercase());
        ensure!(finished.status.code() == Some(EXIT_PERMISSION), "without {dropped}: {finished:?}");
        ensure!(first.contains("CAP_BPF and CAP_PERFMON"), "without {dropped}: {finished:?}");
    }
    Ok(())
}

/// Directories of all threads of these processes.
fn threads(of: &[Pid]) -> Result<Vec<PathBuf>> {
    let mut threads = Vec::new();
    for pid in of {
        for thread in fs::read_dir(format!("/proc/{}/task", pid.as_raw_nonzero()))? {
            threads.push(thread?.path());
        }
    }
    Ok(threads)
}

/// A setting of this machine, until the test ends.
struct Setting {
    path: &'static str,
    before: String,
}

impl Setting {
    fn set(path: &'static str, value: &str) -> Result<Self> {
        let before = fs::read_to_string(path)?;
        fs::write(path, value).with_context(|| path.to_owned())?;
        Ok(Self { path, before })
    }
}

impl Drop for Setting {
    fn drop(&mut self) {
        drop(fs::write(self.path, self.before.trim()));
    }
}
