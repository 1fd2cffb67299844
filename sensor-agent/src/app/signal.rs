//! Signals → commands to the sensor half, and SIGUSR1 → outputs opened anew. A second SIGTERM or SIGINT ends the process
//! at once: the operator insists.

use std::{io, thread};

use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1},
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
        let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM, SIGUSR1])?;
        let handle = signals.handle();
        let body = move || {
            let mut is_stopping = false;
            for signal in signals.forever() {
                if signal == SIGUSR1 {
                    outputs.reopen();
                    continue;
                }
                let is_stop = signal != SIGHUP;
                if is_stop && is_stopping {
                    // The default action ends the process; only a handler that cannot be removed comes back here.
                    let _failed = signal_hook::low_level::emulate_default_handler(signal);
                }
                is_stopping |= is_stop;
                let command = if is_stop { Inbound::Stop } else { Inbound::Reload };
                if commands.send(command).is_err() {
                    tracing::warn!(
                        signal,
                        "the signal could not be handed to the sensor: it is busy or has ended"
                    );
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
