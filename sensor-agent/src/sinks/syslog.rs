//! `syslog_output`: a message per alert to the local system log, as RFC 3164 (what syslog(3) writes) or RFC 5424.
//!
//! The log daemon may be restarted at any time: a socket that fails is opened anew, once per alert.

use std::{
    ffi::OsStr,
    io::{self, Write},
    os::unix::net::{UnixDatagram, UnixStream},
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::tz::TimeZone;

use super::{Line, Outcome, Sink, SinkError, time};
use crate::border::{Priority, since_epoch};

/// Facility `user`, the one that syslog(3) takes unless told otherwise.
const USER: u8 = 1 << 3;
/// An alert waits so long for room.
const PATIENCE: Duration = Duration::from_secs(2);

/// `syslog_output.format`, Saker's own key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// `<12>Nov 14 22:13:20 falco: TEXT`
    #[default]
    Rfc3164,
    /// `<12>1 2023-11-14T22:13:20.000001Z HOST falco PID - - TEXT`
    Rfc5424,
}

/// Where a host's log daemon listens.
pub const DEV_LOG: &str = "/dev/log";

/// Alerts to the local system log.
#[derive(Debug)]
pub struct Syslog(SystemLog);

/// The local system log: a message at a time.
#[derive(Debug)]
pub struct SystemLog {
    path: PathBuf,
    protocol: Protocol,
    hostname: String,
    /// What the program was started as: `falco` stays `falco`.
    ident: String,
    zone: TimeZone,
    /// How long the daemon may take to make room for a message.
    patience: Duration,
    socket: Option<Socket>,
}

#[derive(Debug)]
enum Socket {
    Datagram(UnixDatagram),
    Stream(UnixStream),
}

impl Syslog {
    /// Nothing is opened yet: a host whose log daemon starts later is no error.
    pub fn new(path: PathBuf, protocol: Protocol, hostname: String, zone: TimeZone) -> Self {
        Self(SystemLog::new(path, protocol, hostname, zone, PATIENCE))
    }
}

impl SystemLog {
    /// Nothing is opened yet.
    pub fn new(
        path: PathBuf,
        protocol: Protocol,
        hostname: String,
        zone: TimeZone,
        patience: Duration,
    ) -> Self {
        let started_as = std::env::args_os().next().unwrap_or_default();
        let ident = Path::new(&started_as).file_name().and_then(OsStr::to_str).unwrap_or("saker");
        Self { path, protocol, hostname, ident: token(ident), zone, patience, socket: None }
    }

    /// Opens it now, where a log daemon is there.
    pub fn open(&mut self) -> io::Result<()> {
        self.socket = Some(Socket::open(&self.path, self.patience)?);
        Ok(())
    }

    /// Hands `text`, one line, over; once more where the daemon was restarted meanwhile.
    pub fn send(&mut self, priority: Priority, text: &str) -> io::Result<()> {
        let message = self.message(priority, text);
        let had_socket = self.socket.is_some();
        let result = self.hand_over(&message);
        if had_socket && result.as_ref().is_err_and(is_gone) { self.hand_over(&message) } else { result }
    }

    fn message(&self, priority: Priority, text: &str) -> String {
        let (value, ident) = (USER + priority as u8, &self.ident);
        // When it is handed over: an alert says itself when it happened.
        let now_ns = since_epoch().as_nanos() as u64;
        match self.protocol {
            Protocol::Rfc3164 => {
                let time = time::bsd(now_ns, &self.zone);
                format!("<{value}>{time} {ident}: {text}")
            }
            Protocol::Rfc5424 => {
                let (time, host) = (time::rfc5424(now_ns), token(&self.hostname));
                // A byte order mark announces UTF-8 (RFC 5424, 6.4).
                format!("<{value}>1 {time} {host} {ident} {} - - \u{feff}{text}", std::process::id())
            }
        }
    }

    fn hand_over(&mut self, message: &str) -> io::Result<()> {
        let mut socket = match self.socket.take() {
            Some(socket) => socket,
            None => Socket::open(&self.path, self.patience)?,
        };
        socket.send(message)?;
        self.socket = Some(socket);
        Ok(())
    }
}

impl Socket {
    fn open(path: &Path, patience: Duration) -> io::Result<Self> {
        let datagram = UnixDatagram::unbound()?;
        match datagram.connect(path) {
            Ok(()) => {
                datagram.set_write_timeout(Some(patience))?;
                Ok(Self::Datagram(datagram))
            }
            // The daemon has a stream socket there.
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::PROTOTYPE.raw_os_error()) => {
                let stream = UnixStream::connect(path)?;
                stream.set_write_timeout(Some(patience))?;
                Ok(Self::Stream(stream))
            }
            Err(error) => Err(error),
        }
    }

    fn send(&mut self, message: &str) -> io::Result<()> {
        match self {
            Self::Datagram(socket) => socket.send(message.as_bytes()).map(drop),
            // A line break ends a message on a stream; the text has none.
            Self::Stream(socket) => socket.write_all(format!("{message}\n").as_bytes()),
        }
    }
}

impl Sink for Syslog {
    fn name(&self) -> &'static str {
        "syslog"
    }

    fn deliver(&mut self, line: &Line) -> Result<Outcome, SinkError> {
        let result = self.0.send(line.priority(), line.body());
        let failed = |source| SinkError::Syslog { path: self.0.path.clone(), source };
        result.map(|()| Outcome::Delivered).map_err(failed)
    }

    fn reopen(&mut self) -> Result<(), SinkError> {
        self.0.socket = None;
        Ok(())
    }
}

/// Whether the daemon at the other end has ended; another may listen by now.
fn is_gone(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionRefused, ConnectionReset, NotConnected};
    matches!(error.kind(), ConnectionRefused | ConnectionReset | NotConnected | BrokenPipe)
}

/// Printable ASCII without a space, as both formats want names.
fn token(text: &str) -> String {
    let clean: String = text.chars().filter(char::is_ascii_graphic).take(48).collect();
    if clean.is_empty() { "-".to_owned() } else { clean }
}
