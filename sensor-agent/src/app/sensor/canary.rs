//! Canaries (DESIGN D10): acts with a nonce that only this agent performs, so that "seeing" is proven, not assumed.
//! A thread acts; the pipeline hears. One way goes through the `sys_exit` dispatcher (a chdir that fails; `Policy` keeps that call of interest), the other
//! through fork and exit (a thread whose comm is the nonce).

use std::{
    collections::VecDeque,
    hash::{BuildHasher, Hasher, RandomState},
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::{
    border::CanaryPath,
    capture::{CaptureError, Policy},
    decode::{Body, Record},
    telemetry::health,
};

/// How often a canary is sent.
const PERIOD: Duration = health::CANARY_EVERY;

/// What the syscall canary would enter; nothing can ever be there, as procfs makes its own directories only.
const DIRECTORY: &str = "/proc/saker-canary-";
/// The comm of the lifecycle canary: with 12 hexadecimal digits it fills the 15 bytes of a comm.
const COMM: &str = "sc-";
/// Bits of a nonce that fit a comm.
pub(super) const NONCE_MASK: u64 = (1 << 48) - 1;

/// Not to be guessed; the same for as long as the supervisor lives.
pub(in crate::app) fn new_nonce() -> u64 {
    RandomState::new().build_hasher().finish() & NONCE_MASK
}

/// The sending thread. Dropped, it ends within a moment and is joined.
pub(super) struct Sender {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// A thread could not be started, or its calls are not seen.
#[derive(Debug, thiserror::Error)]
pub(super) enum CanaryError {
    /// No thread.
    #[error("cannot start the canary thread")]
    Thread(#[source] io::Error),
    /// The handshake did not come back.
    #[error("the canary thread's own call was not seen")]
    Unseen(#[source] CaptureError),
}

impl Sender {
    /// Starts the thread, which introduces itself to the kernel side before this returns. Its canaries carry `nonce`.
    pub(super) fn start(policy: Arc<Policy>, nonce: u64) -> Result<Self, CanaryError> {
        let stop = Arc::new(AtomicBool::new(false));
        let (ready, introduced) = std::sync::mpsc::sync_channel(1);
        let stopped = Arc::clone(&stop);
        let body = move || {
            let seen = policy.introduce_canary();
            let is_seen = seen.is_ok();
            if ready.send(seen).is_err() || !is_seen {
                return;
            }
            while !stopped.load(Ordering::Relaxed) {
                act(nonce & NONCE_MASK);
                thread::park_timeout(PERIOD);
            }
        };
        let thread = thread::Builder::new()
            .name("saker-canary".to_owned())
            .spawn(body)
            .map_err(CanaryError::Thread)?;
        let introduced = introduced.recv().unwrap_or(Err(CaptureError::Blind));
        introduced.map_err(CanaryError::Unseen)?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A canary thread that panicked has nothing left to clean up.
            let _ended = thread.join();
        }
    }
}

fn act(nonce: u64) {
    // It fails, which is the point: only the call is wanted. The process table needs chdir anyway, and every architecture has
    // it. A thread that cannot be made is a missing canary, which health will tell.
    let _refused = rustix::process::chdir(format!("{DIRECTORY}{nonce:012x}"));
    if let Ok(thread) = thread::Builder::new().name(format!("{COMM}{nonce:012x}")).spawn(|| {}) {
        let _ended = thread.join();
    }
}

/// The hearing side: knows canaries among records.
#[derive(Debug)]
pub(in crate::app) struct Ears {
    tgid: u32,
    tid: u32,
    /// Threads of the agent that were seen to start and not yet to end.
    started: VecDeque<u32>,
}

/// Threads of the agent whose start is remembered.
const STARTED: usize = 16;

/// What a record is to the canary logic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::app) enum Heard {
    /// Not a canary.
    Nothing,
    /// Part of one: not for rules.
    Part,
    /// One came through.
    Canary(CanaryPath, u64),
}

impl Ears {
    /// For the agent's global tgid and the canary thread's global tid.
    pub(super) fn new(agent: u32, canary: u32) -> Self {
        Self { tgid: agent, tid: canary, started: VecDeque::with_capacity(STARTED) }
    }

    /// Looks at one record.
    pub(in crate::app) fn hear(&mut self, record: &Record<'_>) -> Heard {
        let task = &record.prefix.task;
        if task.tgid != self.tgid {
            return Heard::Nothing;
        }
        match &record.body {
            Body::File(file) if task.tid == self.tid => {
                let name = record.text(&file.name[0]).unwrap_or_default();
                match name.strip_prefix(DIRECTORY.as_bytes()).and_then(nonce) {
                    Some(nonce) => Heard::Canary(CanaryPath::Syscall, nonce),
                    None => Heard::Nothing,
                }
            }
            Body::Fork(_) if task.tid != task.tgid => {
                if self.started.len() == STARTED {
                    self.started.pop_front();
                }
                self.started.push_back(task.tid);
                Heard::Part
            }
            Body::Exit(_) => {
                let Some(at) = self.started.iter().position(|tid| *tid == task.tid) else {
                    return Heard::Nothing;
                };
                self.started.remove(at);
                let comm = task.comm.split(|byte| *byte == 0).next().unwrap_or_default();
                match comm.strip_prefix(COMM.as_bytes()).and_then(nonce) {
                    Some(nonce) => Heard::Canary(CanaryPath::Lifecycle, nonce),
                    None => Heard::Part,
                }
            }
            _ => Heard::Nothing,
        }
    }
}

fn nonce(digits: &[u8]) -> Option<u64> {
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use sensor_common::{
        Kind, Source, Task,
        event::{Exit, File, Process},
        ledger::slot,
    };

    use super::{CanaryPath, Ears, Heard};
    use crate::decode::{Builder, Record, zero};

    const TGID: u32 = 100;
    const CANARY: u32 = 105;

    fn task(process: u32, thread: u32, comm: &str) -> Task {
        let mut task = Task { tgid: process, tid: thread, ..zero() };
        task.comm[..comm.len()].copy_from_slice(comm.as_bytes());
        task
    }

    fn chdir(task: Task, path: &str) -> Vec<u8> {
        let mut builder = Builder::new::<File>();
        let name = builder.text(path.as_bytes(), Source::UserExit);
        builder.finish(Kind::File, 30, 1, task, &File { name: [name, zero()], ..zero() })
    }

    fn fork(task: Task) -> Vec<u8> {
        Builder::new::<Process>().finish(Kind::Fork, slot::FORK, 1, task, &zero::<Process>())
    }

    fn exit(task: Task) -> Vec<u8> {
        Builder::new::<Exit>().finish(Kind::Exit, slot::EXIT, 1, task, &zero::<Exit>())
    }

    #[test]
    fn canaries_are_told_from_everything_else() {
        let mut ears = Ears::new(TGID, CANARY);
        let canary = Heard::Canary;
        let cases = [
            ("a stranger's chdir", chdir(task(7, 7, "x"), "/proc/saker-canary-000000000001"), Heard::Nothing),
            (
                "another thread's",
                chdir(task(TGID, 101, "x"), "/proc/saker-canary-000000000001"),
                Heard::Nothing,
            ),
            (
                "the canary's",
                chdir(task(TGID, CANARY, "x"), "/proc/saker-canary-00000000abcd"),
                canary(CanaryPath::Syscall, 0xabcd),
            ),
            ("no nonce", chdir(task(TGID, CANARY, "x"), "/proc/saker-canary-zz"), Heard::Nothing),
            ("an end without a start", exit(task(TGID, 120, "sc-000000000002")), Heard::Nothing),
            ("a start", fork(task(TGID, 120, "saker-canary")), Heard::Part),
            ("its end", exit(task(TGID, 120, "sc-000000000002")), canary(CanaryPath::Lifecycle, 2)),
            ("the end of another thread of ours", exit(task(TGID, 121, "tokio")), Heard::Nothing),
        ];
        for (name, bytes, expect) in cases {
            let record = Record::parse(&bytes).expect("valid");
            assert_eq!(ears.hear(&record), expect, "{name}");
        }
    }
}
