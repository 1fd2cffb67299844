//! The two halves: their names, how one is started, how it learns what it is for, and how it listens.

use std::{
    env, fmt, io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::process::CommandExt,
    },
    path::Path,
    process::{Child, Command, Stdio},
    thread,
};

use clap::ValueEnum;

use super::orders::{Order, Report, Wire};
use crate::app::AppError;

/// A half of the agent, as a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Half {
    /// BPF, rules, /proc; no network.
    Sensor,
    /// Sinks, runtimes, Kubernetes, admin server; no capability.
    Egress,
}

impl fmt::Display for Half {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sensor => "sensor",
            Self::Egress => "egress",
        })
    }
}

/// What a half is handed at its start.
#[derive(Debug)]
pub(in crate::app) struct Begun {
    pub(in crate::app) wire: Wire,
    pub(in crate::app) nonce: u64,
    /// Its end of the socket between the halves.
    pub(in crate::app) link: OwnedFd,
    /// Where programs are started for it.
    pub(in crate::app) broker: Option<Wire>,
}

/// Starts a half: this program again, with the same arguments, so that it has an address space of its own making. It waits
/// for its first order on its standard input.
pub(super) fn start(half: Half) -> io::Result<(Child, Wire)> {
    let (wire, its) = Wire::pair()?;
    let mut arguments = env::args_os();
    // Whatever has become of the file: what runs is what is started.
    let mut command = Command::new("/proc/self/exe");
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    command.args(arguments).arg(format!("--half={half}")).stdin(Stdio::from(OwnedFd::from(its)));
    Ok((command.spawn()?, wire))
}

impl Begun {
    /// Takes the first order.
    pub(in crate::app) fn take() -> Result<Self, AppError> {
        let failed = |source| AppError::Environment { action: "begin as a half of the agent".into(), source };
        let nothing = || failed(io::ErrorKind::NotConnected.into());
        // The kernel names a program after its file, which here is a link.
        let name = env::args_os().next().unwrap_or_default();
        let name = Path::new(&name).file_name().unwrap_or_default().as_encoded_bytes();
        if let Ok(name) = std::ffi::CString::new(name) {
            rustix::thread::set_name(&name).map_err(|error| failed(error.into()))?;
        }
        let input = io::stdin().as_fd().try_clone_to_owned().map_err(failed)?;
        let wire = Wire::from(input);
        let (order, descriptors) = wire.recv::<Order>().map_err(failed)?.ok_or_else(nothing)?;
        let mut descriptors = descriptors.into_iter();
        match (order, descriptors.next()) {
            (Order::Begin { nonce }, Some(link)) => {
                Ok(Self { wire, nonce, link, broker: descriptors.next().map(Wire::from) })
            }
            _ => Err(nothing()),
        }
    }
}

/// Where a half reports.
#[derive(Debug)]
pub(in crate::app) struct Reporter(Wire);

impl Reporter {
    /// A supervisor that is gone is seen by who listens.
    pub(in crate::app) fn report(&self, report: &Report) {
        let _gone = self.0.send(report, &[]);
    }
}

/// Starts the thread that obeys the supervisor; `obey` gets `None` once, when it is gone. Who has been told to stop and then
/// is left alone ends at once: somebody insists.
pub(in crate::app) fn listen(
    wire: Wire,
    mut obey: impl FnMut(Option<Order>) + Send + 'static,
) -> io::Result<Reporter> {
    let reporter = Reporter(Wire::from(wire.as_fd().try_clone_to_owned()?));
    let body = move || {
        let mut is_stopping = false;
        loop {
            match wire.recv::<Order>() {
                Ok(Some((order, _))) => {
                    is_stopping |= order == Order::Stop;
                    obey(Some(order));
                }
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {}
                Ok(None) | Err(_) if is_stopping => std::process::exit(1),
                Ok(None) | Err(_) => return obey(None),
            }
        }
    };
    thread::Builder::new().name("saker-orders".to_owned()).spawn(body)?;
    Ok(reporter)
}
