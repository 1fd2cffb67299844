//! What the actor does: one act, by system calls, chosen by its first argument. The last argument is a mark by which
//! the alerts of one act are told from everything else that happens on the machine.
//!
//! The same program acts on the host, in a container and as the virtual machine's `/init`, under any name.

use std::env;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::mem;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{self, Command, ExitCode, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::{SigSet, Signal};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::Errno;
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use rustix::net::{AddressFamily, SocketType, socket};
use rustix::process::{ioctl_tiocsctty, setsid};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::freeze::Frozen;
use crate::network;

/// A verb: its name, how many words follow it, and what it does with those words and the mark.
type Verb = (&'static str, usize, fn(&[String], &str) -> Result<()>);

const VERBS: &[Verb] = &[
    // As a shell: `-c ": MARK"` is one word, which then is the mark.
    ("-c", 0, |_, _| Ok(())),
    ("nothing", 0, |_, _| Ok(())),
    // What stands on its command line is the act.
    ("hear", 1, |_, _| Ok(())),
    ("wait", 0, |_, _| wait()),
    ("live", 1, |words, _| live(&words[0])),
    ("crowd", 1, |words, mark| crowd(words[0].parse()?, mark)),
    ("churn", 2, |words, _| churn(Path::new(&words[0]), words[1].parse()?)),
    // A thread of another process, by its name, until this one is killed.
    ("hold-thread", 2, |words, _| {
        let _frozen = Frozen::new(words[0].parse()?, &words[1])?;
        wait()
    }),
    ("respawn", 1, |words, mark| respawn(words[0].parse()?, mark)),
    ("read", 1, |words, _| read(&words[0])),
    ("create", 1, |words, _| Ok(File::create(&words[0])?.write_all(b"x")?)),
    ("append", 1, |words, _| Ok(File::options().append(true).open(&words[0])?.write_all(b"\n")?)),
    ("rename", 2, |words, _| Ok(fs::rename(&words[0], &words[1])?)),
    ("remove", 1, |words, _| Ok(fs::remove_file(&words[0])?)),
    ("fail-open", 2, |words, _| fail_open(&words[0], words[1].parse()?)),
    ("connect", 1, |words, _| connect(words[0].parse()?)),
    ("address", 1, |words, _| Ok(network::add_address(words[0].parse()?)?)),
    ("mount", 3, |words, _| mount_once(&words[0], &words[1], &words[2])),
    ("memory-only", 0, |_, _| in_memory().map(drop)),
    ("run-from-memory", 0, |_, mark| run_from_memory(mark)),
    ("symlink", 2, |words, _| made(&words[1], |to| Ok(symlink(&words[0], to)?))),
    ("link", 2, |words, _| made(&words[1], |to| Ok(fs::hard_link(&words[0], to)?))),
    ("packet-socket", 0, |_, _| {
        socket(AddressFamily::PACKET, SocketType::RAW, None)?;
        Ok(())
    }),
    ("redirect", 1, |words, _| redirect(words[0].parse()?)),
    ("load-module", 0, |_, _| load_module()),
    ("trace-me", 0, |_, _| Ok(nix::sys::ptrace::traceme()?)),
    ("trace-child", 0, |_, _| trace_child()),
    ("as-user", 2, |words, mark| finish(Command::new(&words[1]).arg(mark).uid(words[0].parse()?))),
    ("run-copy", 1, |words, mark| made(&words[0], |copy| run_copy(copy, mark))),
    ("read-when-old", 1, |words, _| read_when_old(&words[0])),
    ("shell", 1, |words, mark| shell(Command::new(&words[0]), mark)),
    ("shell-on-terminal", 1, |words, mark| shell_on_terminal(&words[0], mark)),
];

/// Acts as the process's arguments say, and tells failures on standard error.
pub fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match act(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("actor: {}: {error:#}", arguments.join(" "));
            ExitCode::FAILURE
        }
    }
}

fn act(arguments: &[String]) -> Result<()> {
    // Whoever types `cargo xtask test` has a terminal; acts have none unless they ask for it. A leader has none anyway.
    setsid().ok();
    let (first, rest) = arguments.split_first().context("no act")?;
    if first == "in-cgroup" {
        return in_cgroup(rest);
    }
    let (mark, words) = rest.split_last().context("no mark")?;
    let Some((_, n_words, run)) = VERBS.iter().find(|(name, ..)| name == first) else { bail!("no such act") };
    ensure!(words.len() == *n_words, "takes {n_words} words");
    run(words, mark)
}

/// `in-cgroup DIRECTORY PROGRAM ARGUMENT...`: moves there, then becomes the program.
fn in_cgroup(words: &[String]) -> Result<()> {
    let [directory, program, arguments @ ..] = words else { bail!("takes a directory and a program") };
    fs::write(Path::new(directory).join("cgroup.procs"), process::id().to_string())?;
    Err(Command::new(program).args(arguments).exec().into())
}

/// First process of a container: is there until it is killed.
/// Until it is told to end: the first process of a pid namespace ignores SIGTERM where nothing waits for it.
fn wait() -> Result<()> {
    let mut end = SigSet::empty();
    end.add(Signal::SIGTERM);
    end.thread_block()?;
    end.wait()?;
    Ok(())
}

/// Lives for so many milliseconds.
fn live(ms: &str) -> Result<()> {
    thread::sleep(Duration::from_millis(ms.parse()?));
    Ok(())
}

/// Waits with so many children that wait.
fn crowd(children: usize, mark: &str) -> Result<()> {
    for _ in 0..children {
        Command::new("/proc/self/exe").args(["wait", mark]).spawn()?;
    }
    wait()
}

/// So many control groups below `parent`, one after the other, each named like a container, with a process in a pid
/// namespace of its own.
fn churn(parent: &Path, containers: u32) -> Result<()> {
    for number in 0..containers {
        let directory = parent.join(format!("{number:08x}{:08x}{}", process::id(), "c".repeat(48)));
        fs::create_dir(&directory)?;
        let own = env::current_exe()?;
        let mut command = Command::new(&own);
        command.arg("in-cgroup").arg(&directory).args(["unshare", "--pid", "--fork"]).arg(&own);
        let done = finish(command.args(["nothing", "churned"]));
        fs::remove_dir(&directory)?;
        done?;
    }
    Ok(())
}

/// Runs itself, and again after so many milliseconds.
fn respawn(pause_ms: u64, mark: &str) -> Result<()> {
    loop {
        finish(Command::new("/proc/self/exe").args(["nothing", mark]))?;
        thread::sleep(Duration::from_millis(pause_ms));
    }
}

fn read(path: &str) -> Result<()> {
    File::open(path)?.read_to_end(&mut Vec::new())?;
    Ok(())
}

/// So many opens of a file that is not there.
fn fail_open(path: &str, times: u64) -> Result<()> {
    for _ in 0..times {
        ensure!(File::open(path).is_err(), "{path} is there");
    }
    Ok(())
}

/// Listens where it connects to, so that the connection stands.
fn connect(address: SocketAddr) -> Result<()> {
    let _listener = TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
    drop(TcpStream::connect(address)?);
    Ok(())
}

/// Standard input becomes a connection, as with a reverse shell.
fn redirect(address: SocketAddr) -> Result<()> {
    let _listener = TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
    Ok(rustix::stdio::dup2_stdin(TcpStream::connect(address)?)?)
}

/// Something that is no module, so nothing is loaded.
fn load_module() -> Result<()> {
    let refused = rustix::system::init_module(b"no module", c"");
    ensure!(
        refused.is_err_and(|error| matches!(error, Errno::NOEXEC | Errno::NOSYS | Errno::PERM)),
        "loaded: {refused:?}"
    );
    Ok(())
}

/// Attaches to a process of its own, and lets it go.
fn trace_child() -> Result<()> {
    let mut child = Command::new("/proc/self/exe").args(["wait", "traced"]).spawn()?;
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id())?);
    let attached = nix::sys::ptrace::attach(pid);
    child.kill()?;
    child.wait()?;
    Ok(attached?)
}

/// Makes something that is removed afterwards.
fn made(path: &str, make: impl FnOnce(&str) -> Result<()>) -> Result<()> {
    let result = make(path);
    fs::remove_file(path).ok();
    result
}

fn run_copy(copy: &str, mark: &str) -> Result<()> {
    fs::copy("/proc/self/exe", copy)?;
    finish(Command::new(copy).args(["nothing", mark]))
}

/// Rules call a process new for five seconds: the act is to be older.
fn read_when_old(path: &str) -> Result<()> {
    thread::sleep(Duration::from_millis(5_200));
    read(path)
}

fn mount_once(source: &str, directory: &str, kind: &str) -> Result<()> {
    mount(source, directory, kind, MountFlags::empty(), None)?;
    Ok(unmount(directory, UnmountFlags::DETACH)?)
}

/// A copy of this program in a memfd.
fn in_memory() -> Result<File> {
    let mut file = File::from(memfd_create("saker-actor", MemfdFlags::empty())?);
    io::copy(&mut File::open("/proc/self/exe")?, &mut file)?;
    Ok(file)
}

fn run_from_memory(mark: &str) -> Result<()> {
    let file = in_memory()?;
    finish(Command::new(format!("/proc/self/fd/{}", file.as_raw_fd())).args(["nothing", mark]))
}

/// `-c` keeps the mark in the shell's command line.
fn shell(mut command: Command, mark: &str) -> Result<()> {
    finish(command.args(["-c", &format!(": {mark}")]))
}

/// On a new terminal, which becomes this session's.
fn shell_on_terminal(program: &str, mark: &str) -> Result<()> {
    let manager = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    grantpt(&manager)?;
    unlockpt(&manager)?;
    let name = ptsname(&manager, Vec::new())?;
    let terminal = File::options().read(true).write(true).open(name.to_str()?)?;
    ioctl_tiocsctty(&terminal)?;
    let mut command = Command::new(program);
    command.stdin(terminal.try_clone()?).stdout(terminal.try_clone()?).stderr(terminal);
    let result = shell(command, mark);
    // Closed before this process ends, it would hang up on it.
    mem::forget(manager);
    result
}

fn finish(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(())
}

/// Runs a prepared actor to its end; what it said is part of the failure.
pub fn run(command: &mut Command) -> Result<()> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
    let (mut said, mut complained) = (String::new(), String::new());
    if let (Some(mut output), Some(mut errors)) = (child.stdout.take(), child.stderr.take()) {
        output.read_to_string(&mut said)?;
        errors.read_to_string(&mut complained)?;
    }
    let status = child.wait()?;
    ensure!(status.success(), "{command:?}: {status}: {}{}", said.trim(), complained.trim());
    Ok(())
}
