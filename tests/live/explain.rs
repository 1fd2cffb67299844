//! The running agent says why a rule fires, and why it does not.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, ensure};
use rustix::process::{Signal, kill_process};
use saker_tests::sensor::{SOON, Sensor, wait_for};
use tempfile::TempDir;

use crate::setup;

/// A directory that nobody can make.
const PATH: &str = "/saker-explained/x";
const CONDITION: &str = "evt.type = mkdir and evt.arg.path startswith /saker-explained/";

fn agent() -> Result<Sensor> {
    let start = setup::sensor()?.rule("Takes it", CONDITION, "%evt.arg.path");
    let start = start.rule("Comes later", CONDITION, "%evt.arg.path");
    start.rule("Says no", &format!("{CONDITION} and proc.name = nobody"), "%evt.arg.path").ready()
}

fn question(program: &Path, socket: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(["explain", "--live"]).args(words);
    command.arg("-o").arg(format!("saker.admin_socket={}", socket.display()));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What the agent says about a rule while this test tries to make the directory.
fn asked(agent: &Sensor, rule: &str, more: &[&str]) -> Result<String> {
    let words = [&[rule, "--last", "0", "--for", "60s"], more].concat();
    let mut child = question(&setup::saker()?, &agent.admin_socket(), &words).spawn()?;
    let mut output = BufReader::new(child.stdout.take().context("no standard output")?);
    let mut said = String::new();
    output.read_line(&mut said)?;
    ensure!(said == format!("watching rule `{rule}`\n"), "{said}");
    ensure!(fs::create_dir(PATH).is_err(), "{PATH} exists");
    output.read_to_string(&mut said)?;
    ensure!(child.wait()?.success(), "{said}");
    Ok(said)
}

fn fails(output: &Output, code: i32, message: &str) -> Result<()> {
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(code), "{}: {errors}", output.status);
    ensure!(errors.contains(message), "{errors}");
    Ok(())
}

#[test]
fn a_running_agent_says_why() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let agent = agent()?;
    let said = asked(&agent, "Takes it", &["--matches", "--limit", "1"])?;
    for line in [
        "mkdir by ",
        ": MATCH\n",
        "true    evt.arg.path startswith /saker-explained/    [/saker-explained/x]\n",
        "1 match, 1 shown\n",
        "the watch has ended: as many events as asked for\n",
    ] {
        ensure!(said.contains(line), "no {line:?} in {said}");
    }
    let said = asked(&agent, "Comes later", &["--matches", "--limit", "1"])?;
    ensure!(
        said.contains(": MATCH, but no alert: the rule is off, or one before it took the event"),
        "{said}"
    );

    let own = fs::read_to_string("/proc/self/comm")?;
    let said = asked(&agent, "Says no", &["--process", own.trim(), "--limit", "1"])?;
    for line in [": no match\n", "false   proc.name = nobody    [", "         1  proc.name = nobody\n"] {
        ensure!(said.contains(line), "no {line:?} in {said}");
    }
    Ok(())
}

/// Who asks afterwards is shown what the rule saw, and what the process chose cannot forge a line.
#[test]
fn a_running_agent_says_why_it_alerted() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let mut agent = agent()?;
    for name in ["one", "two", "three\n  true  forged", "four"] {
        ensure!(fs::create_dir(format!("/saker-explained/{name}")).is_err(), "/saker-explained exists");
    }
    agent.until_fence()?;
    let past = |agent: &Sensor, rule: &str, last: &str| -> Result<String> {
        let words = [rule, "--last", last, "--for", "0s"];
        let output = question(&setup::saker()?, &agent.admin_socket(), &words).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    };
    let said = past(&agent, "Takes it", "2")?;
    let begin = "alerts of rule `Takes it` so far: 4; the last 2 that are kept:\n";
    ensure!(said.starts_with(begin) && said.matches(": MATCH\n").count() == 2, "{said}");
    for line in ["[/saker-explained/three\\n  true  forged]\n", "[/saker-explained/four]\n"] {
        ensure!(said.contains(line), "no {line:?} in {said}");
    }
    let kept = || Ok::<_, anyhow::Error>(agent.metrics()?.sum("saker_explain_kept_bytes", &[]));
    let kept = wait_for("bytes that are kept", SOON, || Ok(Some(kept()?).filter(|bytes| *bytes > 0)))?;
    ensure!(kept < 1 << 20, "{kept} bytes");
    let said = past(&agent, "Comes later", "2")?;
    ensure!(said == "alerts of rule `Comes later` so far: 0; no event is kept\n", "{said}");

    // A reload costs nothing of it; the rule that is in force then judges.
    kill_process(agent.pid()?, Signal::HUP)?;
    wait_for("a reload", SOON, || {
        let done = agent.metrics()?.sum("saker_reloads_total", &[("result", "done")]);
        Ok((done > 0).then_some(()))
    })?;
    let said = past(&agent, "Takes it", "10")?;
    ensure!(said.matches(": MATCH\n").count() == 4, "{said}");

    // Another wants nothing kept.
    let agent = setup::sensor()?.rule("Takes it", CONDITION, "x").option("saker.explain_bytes=0");
    let mut agent = agent.ready()?;
    ensure!(fs::create_dir(PATH).is_err(), "{PATH} exists");
    agent.until_fence()?;
    let said = past(&agent, "Takes it", "2")?;
    ensure!(said == "alerts of rule `Takes it` so far: 1; no event is kept\n", "{said}");
    Ok(())
}

#[test]
fn the_time_of_a_question_ends() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let agent = agent()?;
    let output =
        question(&setup::saker()?, &agent.admin_socket(), &["Says no", "--matches", "--for", "300ms"])
            .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success() && said.ends_with("the watch has ended: the time is over\n"), "{said}");
    Ok(())
}

#[test]
fn what_cannot_be_asked_is_told() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let agent = agent()?;
    let socket = agent.admin_socket();
    let saker = setup::saker()?;
    fails(&question(&saker, &socket, &["Nobody's"]).output()?, 1, "rule \"Nobody's\" does not exist")?;
    fails(&question(&saker, &socket, &["Takes it", "--for", "soon"]).output()?, 1, "time \"soon\"")?;

    // Another user has the program, but not the agent.
    let files = TempDir::new()?;
    let copy = files.path().join("saker");
    fs::copy(&saker, &copy)?;
    fs::set_permissions(files.path(), fs::Permissions::from_mode(0o755))?;
    let output = question(&copy, &socket, &["Takes it"]).uid(65_534).gid(65_534).output()?;
    fails(&output, 4, "the agent is another user's: ask as root or as that user")?;

    agent.stop(Signal::TERM)?;
    fails(
        &question(&saker, &socket, &["Takes it"]).output()?,
        4,
        "no agent runs, or its `saker.admin_socket`",
    )
}

#[test]
fn an_agent_without_its_socket_works() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let agent = setup::sensor()?.option("saker.admin_socket=/proc/nowhere/admin.sock").ready()?;
    let ending = agent.stop(Signal::TERM)?;
    let warnings = ending.errors.matches("`saker explain --live` has no socket at /proc/nowhere/admin.sock");
    ensure!(ending.status.success() && warnings.count() == 1, "{}", ending.errors);
    Ok(())
}
