//! Bad input: each is one message with its cause and its exit code, and nothing is half started.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use saker_tests::refusal::finish;
use saker_tests::sensor::{SOON, free_port, rule};
use tempfile::TempDir;

use crate::setup;

/// What is wrong with the input.
const EXIT_INPUT: i32 = 1;
/// What needs rights.
const EXIT_PERMISSION: i32 = 3;
/// What the environment has not.
const EXIT_ENVIRONMENT: i32 = 4;

/// A row: arguments (`{dir}` is the test's directory, `{port}` a free port, `{taken}` one that is not), exit code, and
/// words that the message must hold.
struct Refusal {
    name: &'static str,
    args: &'static [&'static str],
    exit: i32,
    words: &'static [&'static str],
}

const OPTIONS: &[&str] = &["-o", "webserver.enabled=false"];

const REFUSALS: &[Refusal] = &[
    Refusal {
        name: "no such rule file",
        args: &["-r", "{dir}/nowhere.yaml"],
        exit: EXIT_INPUT,
        words: &["nowhere.yaml", "No such file"],
    },
    Refusal {
        name: "a rule file that is no YAML",
        args: &["-r", "{dir}/broken.yaml"],
        exit: EXIT_INPUT,
        words: &["broken.yaml", "LOAD_ERR_YAML"],
    },
    Refusal {
        name: "a configuration that is no YAML",
        args: &["-c", "{dir}/broken.yaml", "-r", "{dir}/good.yaml"],
        exit: EXIT_INPUT,
        words: &["broken.yaml"],
    },
    Refusal {
        name: "a value that does not fit",
        args: &["-r", "{dir}/good.yaml", "-o", "webserver.listen_port=door"],
        exit: EXIT_INPUT,
        words: &["webserver.listen_port", "door"],
    },
    Refusal {
        name: "an unknown option",
        args: &["-r", "{dir}/good.yaml", "--no-such-option"],
        exit: EXIT_INPUT,
        words: &["--no-such-option"],
    },
    Refusal {
        name: "log lines of the programs, which a release has not",
        args: &["doctor", "--trace"],
        exit: EXIT_INPUT,
        words: &["cargo xtask build --trace"],
    },
    Refusal {
        name: "losses that are to end it",
        args: &[
            "-r",
            "{dir}/good.yaml",
            "-o",
            "stdout_output.enabled=true",
            "-o",
            "syscall_event_drops.simulate_drops=true",
            "-o",
            "syscall_event_drops.actions[]=exit",
        ],
        exit: EXIT_INPUT,
        words: &["syscall_event_drops.actions", "1 system calls dropped in last second. Exiting"],
    },
    Refusal {
        name: "a port in use",
        args: &[
            "-r",
            "{dir}/good.yaml",
            "-o",
            "webserver.enabled=true",
            "-o",
            "webserver.listen_address=127.0.0.1",
            "-o",
            "webserver.listen_port={taken}",
        ],
        exit: EXIT_ENVIRONMENT,
        words: &["127.0.0.1:{taken}", "in use"],
    },
];

#[test]
fn bad_input_is_refused() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let directory = furnish()?;
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let taken = taken.local_addr().map(|address| (address.port(), taken))?;
    for refusal in REFUSALS {
        let place = |word: &str| {
            let word = word.replace("{dir}", &directory.path().to_string_lossy());
            word.replace("{taken}", &taken.0.to_string())
        };
        let mut command = Command::new(setup::saker()?);
        if !refusal.args.contains(&"-c") {
            command.args(["-c", &place("{dir}/saker.yaml")]);
        }
        command.args(OPTIONS).args(refusal.args.iter().map(|word| place(word)));
        let words: Vec<String> = refusal.words.iter().map(|word| place(word)).collect();
        refuse(refusal.name, &mut command, refusal.exit, &words)?;
    }
    Ok(())
}

#[test]
fn an_unknown_key_is_named_and_an_ordinary_user_is_refused() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let directory = furnish()?;
    let path = |name: &str| directory.path().join(name);
    // Where an ordinary user can reach it.
    fs::copy(setup::saker()?, path("saker"))?;
    let as_nobody = || {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(path("saker"));
        command.arg("-c").arg(path("saker.yaml")).args(OPTIONS);
        command
    };
    let mut command = as_nobody();
    command.arg("-r").arg(path("good.yaml"));
    refuse("an ordinary user", &mut command, EXIT_PERMISSION, &["CAP_BPF".to_owned()])?;

    // Falco accepts unknown keys with a notice, so a spelling mistake must at least be visible.
    let mut command = as_nobody();
    command.arg("-V").arg(path("good.yaml")).args(["-o", "webserver.listen_prot=1"]);
    let finished = finish(&mut command, SOON)?;
    ensure!(finished.errors.contains("webserver.listen_prot"), "the unknown key is not named: {finished:?}");
    Ok(())
}

/// Runs it to its end and looks at what it said.
fn refuse(name: &str, command: &mut Command, exit: i32, words: &[String]) -> Result<()> {
    let port = free_port()?;
    let finished = finish(command, SOON).with_context(|| name.to_owned())?;
    ensure!(finished.status.code() == Some(exit), "{name}: not exit code {exit}: {finished:?}");
    let messages = finished.errors.lines().filter(|line| line.starts_with("Error: ")).count();
    ensure!(messages == 1, "{name}: {messages} messages: {finished:?}");
    for word in words {
        ensure!(finished.errors.contains(word), "{name}: no {word:?} in {finished:?}");
    }
    ensure!(!finished.errors.contains("panicked"), "{name}: {finished:?}");
    // Nothing is left that would hold a port.
    drop(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).with_context(|| name.to_owned())?);
    Ok(())
}

/// A directory that everybody may read, with good and bad files.
fn furnish() -> Result<TempDir> {
    let directory = TempDir::new()?;
    open_to_all(directory.path())?;
    let good = rule("Good", "evt.type = openat and fd.name = /nowhere", "%fd.name");
    for (name, text) in [
        ("good.yaml", good.as_str()),
        ("broken.yaml", "- rule: [unclosed\n"),
        ("saker.yaml", "stdout_output: {enabled: true}\nlog_syslog: false\n"),
    ] {
        fs::write(directory.path().join(name), text)?;
    }
    Ok(directory)
}

fn open_to_all(path: &Path) -> Result<()> {
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o755))?)
}
