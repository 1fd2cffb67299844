//! Runs test programs: their output is passed on as it comes, and what failed tests said is kept, so that it can be repeated
//! where a long log ends.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Read, Write};
use std::process::{ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::shell;

/// Lines that are kept of each test, the last ones: its message stands there.
const TEST_LINES: usize = 60;
/// Lines that are kept of all tests.
const ALL_LINES: usize = 400;
/// How often the program is looked at while it says nothing. What a test left behind may hold its output open for ever.
const LOOK: Duration = Duration::from_millis(500);

/// Tests failed.
#[derive(Debug)]
pub(crate) struct FailedTests {
    what: String,
    /// The lines that they said, bounded.
    pub(crate) said: Vec<String>,
}

impl fmt::Display for FailedTests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for FailedTests {}

/// As [`shell::run`]; the error is [`FailedTests`] where tests failed.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let text = shell::text(command);
    let started = command.stdout(Stdio::piped()).spawn();
    let mut child = started.with_context(|| format!("cannot start `{text}`"))?;
    let chunks = child.stdout.take().map(chunks);
    let (mut heard, mut line, mut ended) = (Heard::default(), Vec::new(), None);
    while let Some(chunks) = &chunks {
        match chunks.recv_timeout(LOOK) {
            Ok(chunk) => {
                io::stdout().write_all(&chunk).and_then(|()| io::stdout().flush())?;
                for byte in chunk {
                    if byte == b'\n' {
                        heard.line(&String::from_utf8_lossy(&std::mem::take(&mut line)));
                    } else {
                        line.push(byte);
                    }
                }
            }
            Err(RecvTimeoutError::Timeout) if ended.is_none() => ended = child.try_wait()?,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
        }
    }
    let status = child.wait()?;
    if status.success() {
        return Ok(());
    }
    let (what, said) = (format!("`{text}` failed: {status}"), heard.said());
    if said.is_empty() {
        bail!(what);
    }
    Err(FailedTests { what, said }.into())
}

fn chunks(mut output: ChildStdout) -> mpsc::Receiver<Vec<u8>> {
    let (sender, chunks) = mpsc::sync_channel(16);
    thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(n_bytes @ 1..) = output.read(&mut buffer) {
            if sender.send(buffer.get(..n_bytes).unwrap_or_default().to_vec()).is_err() {
                return;
            }
        }
    });
    chunks
}

/// What is kept of a log: the blocks below `failures:`, each below the line that names its test.
#[derive(Debug, Default)]
struct Heard {
    is_within: bool,
    kept: VecDeque<String>,
    /// Lines of the last block.
    in_block: usize,
}

impl Heard {
    fn line(&mut self, line: &str) {
        match line {
            "failures:" => self.is_within = true,
            line if line.starts_with("test result: ") => self.is_within = false,
            line if self.is_within && line.starts_with("---- ") => {
                self.kept.push_back(line.to_owned());
                self.in_block = 0;
            }
            line if self.is_within && !line.trim().is_empty() => {
                self.kept.push_back(line.to_owned());
                self.in_block += 1;
                if self.in_block > TEST_LINES {
                    self.kept.remove(self.kept.len() - self.in_block);
                    self.in_block -= 1;
                }
            }
            _ => {}
        }
        if self.kept.len() > ALL_LINES {
            self.kept.pop_front();
        }
    }

    fn said(self) -> Vec<String> {
        self.kept.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(log: &str) -> Vec<String> {
        let mut heard = Heard::default();
        log.lines().for_each(|line| heard.line(line));
        heard.said()
    }

    #[test]
    fn what_failed_is_in_the_error_also_when_somebody_holds_the_output_open() {
        let log = "failures:\\n---- a stdout ----\\nwhy\\ntest result: FAILED.\\n";
        let text = format!("exec 2>&-; sleep 20 & printf '{log}'; exit 7");
        let error = run(Command::new("sh").args(["-c", &text])).unwrap_err();
        assert!(error.to_string().contains("exit status: 7"), "{error:#}");
        let failed = error.downcast_ref::<FailedTests>().map(|failed| failed.said.join("\n"));
        assert_eq!(failed.as_deref(), Some("---- a stdout ----\nwhy"));
        assert!(
            run(Command::new("sh").args(["-c", "exit 1"]))
                .unwrap_err()
                .downcast_ref::<FailedTests>()
                .is_none()
        );
        run(Command::new("sh").args(["-c", "echo fine"])).unwrap();
    }

    #[test]
    fn failures_are_kept_successes_are_not() {
        let log = "running 3 tests\n.F.\nsuccesses:\n---- a stdout ----\nskipped\n\nfailures:\n\n---- b stdout ----\nwhy\n\
                   \nfailures:\n    b\n\ntest result: FAILED. 2 passed\nrunning 0 tests\n";
        assert_eq!(said(log), ["---- b stdout ----", "why", "    b"]);
        assert!(said("running 1 test\n.\ntest result: ok. 1 passed\nfailed elsewhere\n").is_empty());
    }

    #[test]
    fn of_each_test_the_last_lines_are_kept_and_of_all_a_bounded_number() {
        let block = |test: usize| {
            let lines: Vec<_> = (0..200).map(|line| format!("{test}.{line}")).collect();
            format!("---- {test} stdout ----\n{}\n", lines.join("\n"))
        };
        let two = said(&format!("failures:\n{}{}", block(0), block(1)));
        assert_eq!(two.len(), 2 * (TEST_LINES + 1));
        assert_eq!(
            (two[0].as_str(), two[1].as_str(), two[60].as_str()),
            ("---- 0 stdout ----", "0.140", "0.199")
        );
        let many = said(&format!("failures:\n{}", (0..20).map(block).collect::<String>()));
        assert_eq!((many.len(), many.last().map(String::as_str)), (ALL_LINES, Some("19.199")));
    }
}
