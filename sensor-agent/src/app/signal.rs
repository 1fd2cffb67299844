//! Signals → commands to the sensor half, and SIGUSR1 → outputs opened anew. A second SIGTERM or SIGINT ends the process
//! at once: the operator insists.

use std::{
    io,
    sync::{Arc, atomic::AtomicBool},
    thread,
};

use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1},
    flag,
    iterator::{Handle, Signals},
};

use crate::{
    border::{Inbound, Sender},
    sinks::Reopener,
};

/// What the sensor listens to.
const HEARD: [i32; 4] = [SIGHUP, SIGINT, SIGTERM, SIGUSR1];

/// Signals that came before anybody could act on them; they wait here.
#[derive(Debug)]
pub struct Early(Option<io::Result<Signals>>);

impl Early {
    /// As the first process of a container: from now on. The kernel drops what the first process has no handler for, so
    /// an order to stop or reload would be lost while it starts. Any other process keeps the kernel's defaults until
    /// [`Early::listen`], so that a listing can be interrupted.
    pub fn catch() -> Self {
        Self((std::process::id() == 1).then(hear))
    }

    /// From now on, at the latest.
    pub(super) fn listen(self) -> io::Result<Signals> {
        self.0.unwrap_or_else(hear)
    }
}

/// The first SIGTERM or SIGINT is noted, the second does what the kernel would have done.
fn hear() -> io::Result<Signals> {
    // First of all: from the moment a signal has a handler, it is noted.
    let signals = Signals::new(HEARD)?;
    let is_stopping = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        flag::register_conditional_default(signal, Arc::clone(&is_stopping))?;
        flag::register(signal, Arc::clone(&is_stopping))?;
    }
    Ok(signals)
}

/// Listens while it lives.
pub(super) struct Listener {
    handle: Handle,
}

impl Listener {
    /// Starts the thread that obeys, first of all what waits already.
    pub(super) fn start(
        mut signals: Signals,
        commands: Sender<Inbound>,
        outputs: Reopener,
    ) -> io::Result<Self> {
        let handle = signals.handle();
        let body = move || {
            for signal in signals.forever() {
                if signal == SIGUSR1 {
                    outputs.reopen();
                    continue;
                }
                let is_stop = signal != SIGHUP;
                let command = if is_stop { Inbound::Stop } else { Inbound::Reload };
                // What runtimes tell may fill the queue for a moment; an order must not be lost for it.
                if commands.send_waiting(command).is_err() {
                    tracing::warn!(signal, "the signal could not be handed to the sensor: it has ended");
                }
            }
        };
        thread::Builder::new().name("saker-signals".to_owned()).spawn(body)?;
        Ok(Self { handle })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.handle.close();
    }
}
