//! Every system call of the kernel's headers is an event of its name. Each is called with arguments that no kernel takes, so
//! that it fails and changes nothing; the numbers come from the headers, not from our table.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::setup;

/// Calls that are not made, and why.
const NOT_MADE: &[(&str, &str)] = &[
    ("exit", "does not return"),
    ("exit_group", "does not return"),
    ("rt_sigreturn", "has no number when it returns"),
    ("pause", "waits for ever; the recorded cases have it"),
    ("fork", "cannot fail so; the recorded cases have it"),
    ("vfork", "cannot fail so; the recorded cases have it"),
    ("getpriority", "the sensor's handshake: no event"),
    ("putpmsg", "no kernel has it, and Falco no name"),
    ("afs_syscall", "no kernel has it, and Falco no name"),
    ("tuxcall", "no kernel has it, and Falco no name"),
    ("security", "no kernel has it, and Falco no name"),
    ("vserver", "no kernel has it, and Falco no name"),
];
/// Falco's name where it is another one.
const RENAMED: &[(&str, &str)] = &[("pread64", "pread"), ("pwrite64", "pwrite"), ("prlimit64", "prlimit")];
/// Calls each number that is handed to it. A message queue would be made of `-1`, so that its flags are 0.
const PROGRAM: &str = "
#include <stdlib.h>
#include <unistd.h>
#include <sys/syscall.h>
int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        long nr = atol(argv[i]);
        syscall(nr, -1L, nr == SYS_msgget ? 0L : -1L, -1L, -1L, -1L, -1L);
    }
    return 0;
}
";
const NAME: &str = "every-call";

#[test]
fn every_call_is_an_event() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let directory = TempDir::new()?;
    let program = directory.path().join(NAME);
    build(&program)?;
    let calls = headers()?;
    ensure!(calls.len() > 350, "the headers name {} calls only", calls.len());
    let left_out = |name: &str| NOT_MADE.iter().any(|(other, _)| *other == name);
    let calls: BTreeMap<String, u32> = calls.into_iter().filter(|(name, _)| !left_out(name)).collect();
    let sensor =
        setup::sensor()?.rule("Call", &format!("proc.name = {NAME} and evt.type exists"), "%evt.type");
    let mut sensor = sensor.option("base_syscalls.all=true").ready()?;

    let mut run = Command::new("setsid");
    run.arg("--wait").arg(&program).args(calls.values().map(u32::to_string)).stdin(Stdio::null());
    let status = run.status()?;
    ensure!(status.success(), "{run:?}: {status}");
    let told: BTreeSet<String> = sensor.until_fence()?.iter().map(|alert| alert.field("evt.type")).collect();
    let event = |name: &str| {
        RENAMED.iter().find(|(kernel, _)| *kernel == name).map_or(name, |(_, event)| event).to_owned()
    };
    let missing: Vec<String> =
        calls.keys().map(|name| event(name)).filter(|name| !told.contains(name)).collect();
    println!("{} calls, {} event types", calls.len(), told.len());
    ensure!(missing.is_empty(), "{} calls made no event: {missing:?}", missing.len());
    Ok(())
}

/// Rules that name no event do not see what comes by the thousands, unless they are told to.
#[test]
fn high_volume_calls_are_asked_for() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let directory = TempDir::new()?;
    let program = directory.path().join(NAME);
    build(&program)?;
    let any = format!("proc.name = {NAME} and evt.type exists");
    let named = format!("evt.type = write and proc.name = {NAME}");
    // Condition, option, and whether a write is told.
    for (condition, all, is_told) in [(&any, false, false), (&any, true, true), (&named, false, true)] {
        let sensor = setup::sensor()?.rule("Call", condition, "%evt.type");
        let mut sensor = sensor.option(&format!("base_syscalls.all={all}")).ready()?;
        let write = headers()?.get("write").copied().context("write")?;
        ensure!(Command::new(&program).arg(write.to_string()).status()?.success(), "{NAME}");
        let told = sensor.until_fence()?.iter().any(|alert| alert.field("evt.type") == "write");
        ensure!(told == is_told, "{condition} {all}: {told}");
    }
    Ok(())
}

fn build(program: &Path) -> Result<()> {
    let source = program.with_extension("c");
    fs::write(&source, PROGRAM)?;
    let mut gcc = Command::new("gcc");
    gcc.args(["-O1", "-static", "-o"]).arg(program).arg(&source);
    let status = gcc.status().context("gcc")?;
    ensure!(status.success(), "{gcc:?}: {status}");
    Ok(())
}

/// Names and numbers of the kernel's headers.
fn headers() -> Result<BTreeMap<String, u32>> {
    let mut gcc = Command::new("gcc");
    gcc.args(["-dM", "-E", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = gcc.spawn().context("gcc")?;
    child.stdin.take().context("stdin")?.write_all(b"#include <asm/unistd.h>\n")?;
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "{gcc:?}: {}", output.status);
    let text = String::from_utf8(output.stdout)?;
    let calls = text.lines().filter_map(|line| {
        let (name, number) = line.strip_prefix("#define __NR_")?.split_once(' ')?;
        Some((name.to_owned(), number.parse().ok()?))
    });
    Ok(calls.collect())
}
