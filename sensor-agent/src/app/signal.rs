//! Signals → commands to the sensor half, and SIGUSR1 → outputs opened anew. A second SIGTERM or SIGINT ends the process
//! at once: the operator insists.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
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

/// Listens while it lives.
pub(super) struct Listener {
    handle: Handle,
}

impl Listener {
    /// Starts the listening thread.
    pub(super) fn start(commands: Sender<Inbound>, outputs: Reopener) -> io::Result<Self> {
        let is_stopping = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            flag::register_conditional_default(signal, Arc::clone(&is_stopping))?;
        }
        let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM, SIGUSR1])?;
        let handle = signals.handle();
        let body = move || {
            for signal in signals.forever() {
                if signal == SIGUSR1 {
                    outputs.reopen();
                    continue;
                }
                let is_stop = signal != SIGHUP;
                is_stopping.fetch_or(is_stop, Ordering::Relaxed);
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
