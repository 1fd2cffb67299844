//! `kill [-SIGNAL | -s SIGNAL] PID...`: kill(1) for processes, by name or number of the signal.

use std::{ffi::OsString, process::ExitCode};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::app::output::tell;

const USAGE: &str = "usage: kill [-SIGNAL | -s SIGNAL] PID...";

/// What an operator sends; numbers work for every signal that has a name.
const NAMES: [(&str, Signal); 10] = [
    ("HUP", Signal::HUP),
    ("INT", Signal::INT),
    ("QUIT", Signal::QUIT),
    ("ABRT", Signal::ABORT),
    ("KILL", Signal::KILL),
    ("USR1", Signal::USR1),
    ("USR2", Signal::USR2),
    ("TERM", Signal::TERM),
    ("CONT", Signal::CONT),
    ("STOP", Signal::STOP),
];

/// What is to be sent to whom.
#[derive(Debug, PartialEq, Eq)]
struct Order {
    /// `None` is signal 0: only whether the process is there.
    signal: Option<Signal>,
    processes: Vec<Pid>,
}

/// Exit code 0 when every process got the signal.
pub(super) fn run(arguments: &[OsString]) -> ExitCode {
    let order = match Order::parse(arguments) {
        Ok(order) => order,
        Err(fault) => {
            tell(&format!("kill: {fault}\n{USAGE}"));
            return ExitCode::FAILURE;
        }
    };
    let mut code = ExitCode::SUCCESS;
    for process in order.processes {
        let sent = match order.signal {
            Some(signal) => kill_process(process, signal),
            None => test_kill_process(process),
        };
        if let Err(error) = sent {
            tell(&format!("kill: {}: {error}", process.as_raw_nonzero()));
            code = ExitCode::FAILURE;
        }
    }
    code
}

impl Order {
    fn parse(arguments: &[OsString]) -> Result<Self, String> {
        let words: Vec<&str> = arguments.iter().map(|word| word.to_str().unwrap_or_default()).collect();
        let (signal, processes) = match words.as_slice() {
            ["-s", name, processes @ ..] => (signal(name)?, processes),
            [option, processes @ ..] if *option != "--" && option.starts_with('-') => {
                (signal(&option[1..])?, processes)
            }
            processes => (Some(Signal::TERM), processes),
        };
        let processes = processes.strip_prefix(&["--"]).unwrap_or(processes);
        if processes.is_empty() {
            return Err("no process id".to_owned());
        }
        let processes = processes.iter().map(|word| process(word)).collect::<Result<_, _>>()?;
        Ok(Self { signal, processes })
    }
}

fn signal(text: &str) -> Result<Option<Signal>, String> {
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    if name == "0" {
        return Ok(None);
    }
    let known = NAMES.iter().find(|(own, _)| *own == name).map(|(_, signal)| *signal);
    let signal = known.or_else(|| name.parse().ok().and_then(Signal::from_named_raw));
    signal.map(Some).ok_or_else(|| format!("unknown signal `{text}`"))
}

/// Groups and "all" are left out: in a container of one program they would only be slips.
fn process(text: &str) -> Result<Pid, String> {
    let id = text.parse().ok().filter(|id| *id > 0);
    id.and_then(Pid::from_raw).ok_or_else(|| format!("`{text}` is no process id"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_have_names_and_numbers() {
        let order = |signal| Ok(Order { signal, processes: vec![Pid::INIT] });
        for (line, expect) in [
            ("-HUP 1", order(Some(Signal::HUP))),
            ("-SIGHUP 1", order(Some(Signal::HUP))),
            ("-hup -- 1", order(Some(Signal::HUP))),
            ("-1 1", order(Some(Signal::HUP))),
            ("-s USR1 1", order(Some(Signal::USR1))),
            ("-13 1", order(Some(Signal::PIPE))),
            ("-0 1", order(None)),
            ("1", order(Some(Signal::TERM))),
            ("", Err("no process id".to_owned())),
            ("-HUP", Err("no process id".to_owned())),
            ("-NONE 1", Err("unknown signal `NONE`".to_owned())),
            ("-HUP falco", Err("`falco` is no process id".to_owned())),
            ("-HUP -1", Err("`-1` is no process id".to_owned())),
            ("-HUP 0", Err("`0` is no process id".to_owned())),
        ] {
            let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
            assert_eq!(Order::parse(&words), expect, "kill {line}");
        }
    }
}
