//! The recorded alerts under their sixteen settings, written again by our sensor: whatever differs in a line stands with its
//! reason in outputs.tsv, and nothing stands there that does not differ.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use saker_tests::http;
use saker_tests::listed::Listed;
use saker_tests::outputs::{Alerts, differences};
use saker_tests::sensor::{SOON, free_port, wait_for};
use tempfile::TempDir;

use crate::corpus::Program;
use crate::setup;

/// Setting or `*`, kind of alert (its priority), part in any line or in one (`NAME @LINE`), reason; separated by tabs.
const LISTED: &str = include_str!("outputs.tsv");
/// The cases that the recording ran.
const CASES: &str = "001 033 056 061 062 064 065 066 080 084 089 129 226 236 240 274";

#[test]
fn recorded_settings_give_the_same_lines() -> Result<()> {
    let Some(corpus) = setup::conformance("") else { return Ok(()) };
    let program = Program::build(&corpus.join("live/syscases.c"))?;
    let mut found = BTreeMap::new();
    let (mut compared, mut equal) = (0, 0);
    let corpus = corpus.join("outputs");
    for line in fs::read_to_string(corpus.join("configs.txt"))?.lines().filter(|line| !line.starts_with('#'))
    {
        let (name, options) = line.split_once('\t').with_context(|| format!("configs.txt: {line}"))?;
        let ours = Alerts::parse(&run(&corpus, options, &program)?);
        let theirs = Alerts::parse(&fs::read_to_string(corpus.join(format!("expected/{name}.out")))?);
        let counts = differences(&theirs, &ours, |kind, part, both| {
            found
                .entry((name.to_owned(), kind.to_owned(), part.to_owned()))
                .or_insert_with(|| both.to_owned());
        });
        (compared, equal) = (compared + counts.0, equal + counts.1);
    }
    println!("{equal} of {compared} parts of lines agree, {} deviations", found.len());

    let mut listed = Listed::parse("outputs.tsv", LISTED)?;
    for ((name, kind, part), both) in &found {
        let any_line = part.split(" @").next().unwrap_or_default();
        let keys =
            [name, "*"].into_iter().flat_map(|name| [part, any_line].map(|part| vec![name, kind, part]));
        listed.found(keys, || format!("{name}\t{kind}\t{part}\t{both}"));
    }
    listed.check()
}

/// Standard output of a sensor with these options while the cases run.
fn run(corpus: &Path, options: &str, program: &Program) -> Result<String> {
    let files = TempDir::new()?;
    for name in ["falco.yaml", "rules.yaml"] {
        fs::write(files.path().join(name), fs::read(corpus.join(name))?)?;
    }
    let (out, port) = (files.path().join("out"), free_port()?);
    let mut command = Command::new(setup::saker()?);
    command
        .args(["-c", "falco.yaml", "-r", "rules.yaml", "-U", "-o", "resolved_paths=off"])
        .args(words(options))
        .arg("-o");
    command.args(["webserver.enabled=true", "-o", "webserver.listen_address=127.0.0.1", "-o"]);
    command.arg(format!("webserver.listen_port={port}")).current_dir(files.path());
    command.stdin(Stdio::null()).stdout(File::create(&out)?).stderr(File::create(files.path().join("err"))?);
    let mut child = command.spawn()?;
    let errors = || fs::read_to_string(files.path().join("err")).unwrap_or_default();
    let watched = wait_for("a healthy answer", SOON, || {
        ensure!(child.try_wait()?.is_none(), "{command:?} ended:\n{}", errors());
        Ok(http::get(port, "/healthz").is_ok_and(|(status, _)| status == 200).then_some(()))
    });
    let ran = watched.and_then(|()| program.run(&CASES.split(' ').collect::<Vec<_>>()));
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).context("process 0")?;
    kill_process(pid, Signal::TERM)?;
    let status = child.wait()?;
    ran?;
    ensure!(status.success(), "{command:?}: {status}\n{}", errors());
    Ok(fs::read_to_string(out)?)
}

/// A line of options: `-o` before each, blanks within braces and quotes belong to the value.
fn words(options: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for option in options.split(" -").map(str::trim).filter(|option| !option.is_empty()) {
        let option = option.trim_start_matches('-');
        match option.split_once(' ') {
            Some(("o", value)) => words.extend(["-o", value]),
            Some(("p", value)) => words.extend(["-p", value]),
            _ => words.push(option),
        }
    }
    words
}
