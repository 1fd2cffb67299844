//! One machine: QEMU without acceleration (nested KVM hangs on many hosts), the serial console read line by line.
//!
//! A boot that dies or hangs before `/init` speaks is tried again, because emulated timers fail under load; from
//! `/init`'s first word on nothing is retried.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::machine::Machine;

const MARK: &str = "SAKER-VM ";
const MAX_BOOTS: u32 = 4;
/// From power-on to /init's first word; 2 to 6 s on an idle machine.
const BOOT_DEADLINE: Duration = Duration::from_secs(60);
/// From the verdict to power-off.
const HALT_DEADLINE: Duration = Duration::from_secs(10);
/// Console lines shown when a machine gives no clean verdict.
const N_TAIL: usize = 60;

/// What to boot, and on what.
pub(super) struct Guest<'a> {
    pub(super) machine: Machine,
    pub(super) vmlinuz: &'a Path,
    pub(super) initramfs: &'a Path,
    pub(super) filter: Option<&'a str>,
    pub(super) deadline: Duration,
    pub(super) is_verbose: bool,
}

/// How it ended.
pub(super) struct Report {
    pub(super) verdict: String,
    pub(super) is_good: bool,
    pub(super) n_boots: u32,
}

/// One attempt.
enum End {
    /// /init never spoke.
    NoBoot,
    /// /init spoke; the verdict line, if one came.
    Ran(Option<String>),
}

impl Guest<'_> {
    /// Boots until /init speaks, then reads until its verdict.
    pub(super) fn run(&self) -> Result<Report> {
        for n_boots in 1..=MAX_BOOTS {
            let mut console = Console::start(self)?;
            let end = console.follow(self.deadline);
            console.stop();
            let Report { verdict, is_good, .. } = match end {
                End::NoBoot => {
                    println!("boot {n_boots} did not reach /init");
                    console.show_tail(10);
                    continue;
                }
                End::Ran(Some(verdict)) => Report { is_good: is_clean(&verdict), verdict, n_boots },
                End::Ran(None) => {
                    Report { verdict: "ended without a verdict".to_owned(), is_good: false, n_boots }
                }
            };
            if !is_good && !self.is_verbose {
                console.show_tail(N_TAIL);
            }
            return Ok(Report { verdict, is_good, n_boots });
        }
        Ok(Report { verdict: "never booted".to_owned(), is_good: false, n_boots: MAX_BOOTS })
    }

    fn command(&self) -> Command {
        let console = match self.machine {
            Machine::Amd64 => "ttyS0",
            Machine::Arm64 => "ttyAMA0",
        };
        let mut kernel_line = format!("console={console} loglevel=1 panic=-1 lsm=bpf");
        if let Some(filter) = self.filter {
            // Words with a dot are module parameters; a plain NAME=VALUE becomes /init's environment.
            kernel_line.push_str(" SAKER_VM_FILTER=");
            kernel_line.push_str(filter);
        }
        let mut qemu = Command::new(emulator(self.machine));
        match self.machine {
            Machine::Amd64 => qemu.args(["-cpu", "max"]),
            // Authentication of pointers as the architecture has it costs an emulator half of its time.
            Machine::Arm64 => qemu.args(["-machine", "virt", "-cpu", "max,pauth-impdef=on"]),
        };
        qemu.args(["-accel", "tcg", "-m", "1G", "-smp", "2", "-no-reboot", "-nodefaults"]);
        qemu.args(["-display", "none", "-serial", "stdio", "-kernel"]).arg(self.vmlinuz);
        qemu.arg("-initrd").arg(self.initramfs).arg("-append").arg(kernel_line);
        qemu
    }
}

/// QEMU's program for a machine.
pub(super) const fn emulator(machine: Machine) -> &'static str {
    match machine {
        Machine::Amd64 => "qemu-system-x86_64",
        Machine::Arm64 => "qemu-system-aarch64",
    }
}

fn is_clean(verdict: &str) -> bool {
    let count =
        |what: &str| verdict.split(", ").find_map(|part| part.strip_suffix(what)?.parse::<u32>().ok());
    // A machine that skipped everything has shown nothing.
    count(" failed") == Some(0) && count(" passed").is_some_and(|n| n > 0)
}

/// A running QEMU and what it has printed.
struct Console {
    qemu: Child,
    lines: Receiver<String>,
    tail: VecDeque<String>,
    is_verbose: bool,
}

impl Console {
    fn start(guest: &Guest<'_>) -> Result<Self> {
        let mut command = guest.command();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut qemu =
            command.spawn().with_context(|| format!("cannot start {}", emulator(guest.machine)))?;
        let output = qemu.stdout.take().context("qemu has no output")?;
        let (sender, lines) = mpsc::sync_channel(1024);
        thread::spawn(move || {
            read_lines(output, |line| sender.send(line).is_ok());
        });
        Ok(Self { qemu, lines, tail: VecDeque::new(), is_verbose: guest.is_verbose })
    }

    /// Reads until the verdict, the end of output or a deadline.
    fn follow(&mut self, deadline: Duration) -> End {
        let mut until = Instant::now() + BOOT_DEADLINE;
        let mut has_spoken = false;
        while let Ok(line) = self.next(until) {
            // A line of the kernel may stand before ours on the same console.
            let Some(at) = line.find(MARK) else { continue };
            let message = &line[at + MARK.len()..];
            if !has_spoken {
                has_spoken = true;
                until = Instant::now() + deadline;
            }
            if let Some(verdict) = message.strip_prefix("done ") {
                return End::Ran(Some(verdict.to_owned()));
            }
            if !self.is_verbose {
                println!("  {message}");
            }
        }
        if has_spoken { End::Ran(None) } else { End::NoBoot }
    }

    fn next(&mut self, until: Instant) -> Result<String, RecvTimeoutError> {
        let line = self.lines.recv_timeout(until.saturating_duration_since(Instant::now()))?;
        if self.is_verbose {
            println!("  | {line}");
        }
        if self.tail.len() == N_TAIL {
            self.tail.pop_front();
        }
        self.tail.push_back(line.clone());
        Ok(line)
    }

    /// Waits for power-off a little, then pulls the plug.
    fn stop(&mut self) {
        let until = Instant::now() + HALT_DEADLINE;
        while self.next(until).is_ok() {}
        // It may have ended by itself: then there is nothing to kill, and waiting only reaps it.
        drop(self.qemu.kill());
        drop(self.qemu.wait());
    }

    fn show_tail(&self, n_lines: usize) {
        for line in self.tail.iter().skip(self.tail.len().saturating_sub(n_lines)) {
            println!("  | {line}");
        }
    }
}

/// Hands over each line without its end until the reader or the receiver is gone.
fn read_lines(output: impl Read, mut hand_over: impl FnMut(String) -> bool) {
    let mut reader = BufReader::new(output);
    let mut bytes = Vec::new();
    while reader.read_until(b'\n', &mut bytes).is_ok_and(|n| n > 0) {
        let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
        bytes.clear();
        if !hand_over(line) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_clean;

    #[test]
    fn a_verdict_is_clean_without_failures() {
        assert!(is_clean("3 passed, 0 failed, 1 skipped"));
        assert!(!is_clean("3 passed, 10 failed, 0 skipped"));
        assert!(!is_clean("0 passed, 0 failed, 4 skipped"));
        assert!(!is_clean(""));
    }
}
