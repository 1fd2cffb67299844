//! Signals, for the process that is in charge: noted from the first moment, taken when there is time. A second SIGTERM or
//! SIGINT ends it at once: the operator insists. The halves ignore what is meant for all processes of their name.

use std::{
    io::{self, Read},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::net::UnixStream,
    },
    sync::{Arc, atomic::AtomicBool},
};

use signal_hook::{
    consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM, SIGUSR1},
    flag,
    iterator::Signals,
    low_level::pipe,
};

/// What the agent listens to.
const HEARD: [i32; 4] = [SIGHUP, SIGINT, SIGTERM, SIGUSR1];

/// Signals that came before anybody could act on them; they wait here.
#[derive(Debug)]
pub struct Early(Option<io::Result<Heard>>);

/// Signals that have come.
#[derive(Debug)]
pub(super) struct Heard {
    signals: Signals,
    /// A byte for each, so that they can be waited for together with other things.
    wake: UnixStream,
}

impl Early {
    /// As the first process of a container: from now on. The kernel drops what the first process has no handler for, so
    /// an order to stop or reload would be lost while it starts. Any other process keeps the kernel's defaults until
    /// [`Early::listen`], so that a listing can be interrupted.
    pub fn catch() -> Self {
        Self((std::process::id() == 1).then(Heard::new))
    }

    /// From now on, at the latest.
    pub(super) fn listen(self) -> io::Result<Heard> {
        self.0.unwrap_or_else(Heard::new)
    }
}

impl Heard {
    /// The first SIGTERM or SIGINT is noted, the second does what the kernel would have done.
    fn new() -> io::Result<Self> {
        // First of all: from the moment a signal has a handler, it is noted.
        let signals = Signals::new(HEARD.into_iter().chain([SIGCHLD]))?;
        let is_stopping = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            flag::register_conditional_default(signal, Arc::clone(&is_stopping))?;
            flag::register(signal, Arc::clone(&is_stopping))?;
        }
        let (wake, waker) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        for signal in HEARD.into_iter().chain([SIGCHLD]) {
            pipe::register(signal, waker.try_clone()?)?;
        }
        Ok(Self { signals, wake })
    }

    /// Those that came since the last call.
    pub(super) fn pending(&mut self) -> impl Iterator<Item = i32> + use<'_> {
        let mut bytes = [0; 64];
        while matches!(self.wake.read(&mut bytes), Ok(n_bytes) if n_bytes > 0) {}
        self.signals.pending()
    }
}

impl AsFd for Heard {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}

/// As a half of the agent: a terminal's interrupt, and what is sent to all processes of this name, is the supervisor's business.
pub(super) fn ignore() -> io::Result<()> {
    let nobody = Arc::new(AtomicBool::new(false));
    HEARD.into_iter().try_for_each(|signal| flag::register(signal, Arc::clone(&nobody)).map(drop))
}
