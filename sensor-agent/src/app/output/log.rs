//! Where the agent's own log goes: standard error (`log_stderr`) and the system log (`log_syslog`), the same lines.

use std::{
    io::{self, Write},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

use super::tell;
use crate::{
    app::config::Config,
    border::Priority,
    sinks::{DEV_LOG, Protocol, SystemLog, TimeZone},
    telemetry::log,
};

/// Whoever writes a line waits so long for a log daemon that hangs, the drain thread too; then the line is for
/// standard error alone.
const PATIENCE: Duration = Duration::from_millis(10);

/// From now on there is a log, as the configuration has it.
pub(in crate::app) fn start(config: &Config) {
    let (stderr, syslog) = (config.log.stderr, config.log.syslog);
    let level = log::level(config.log.level.label()).filter(|_| stderr || syslog);
    let level = level.unwrap_or(log::LevelFilter::OFF);
    let system = || {
        let hostname = config.hostname.clone().unwrap_or_default();
        let mut log =
            SystemLog::new(DEV_LOG.into(), Protocol::Rfc3164, hostname, TimeZone::system(), PATIENCE);
        // Before this process confines itself.
        let _not_there = log.open();
        log
    };
    let writers = Writers { stderr, system: syslog.then(|| Mutex::new(system())) };
    let options = log::Options { level, libraries: config.log.libraries, json: config.outputs.format.json };
    if let Err(error) = log::init(options, writers) {
        tell(&error.to_string());
    }
}

struct Writers {
    stderr: bool,
    system: Option<Mutex<SystemLog>>,
}

/// Takes one line, whole.
struct Line<'w> {
    writers: &'w Writers,
    priority: Priority,
}

impl<'w> MakeWriter<'w> for Writers {
    type Writer = Line<'w>;

    fn make_writer(&'w self) -> Line<'w> {
        Line { writers: self, priority: Priority::Informational }
    }

    fn make_writer_for(&'w self, metadata: &Metadata<'_>) -> Line<'w> {
        let priority = match *metadata.level() {
            Level::ERROR => Priority::Error,
            Level::WARN => Priority::Warning,
            Level::INFO => Priority::Informational,
            Level::DEBUG | Level::TRACE => Priority::Debug,
        };
        Line { writers: self, priority }
    }
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(system) = &self.writers.system {
            let text = String::from_utf8_lossy(bytes);
            let mut system = system.lock().unwrap_or_else(PoisonError::into_inner);
            // syslog(3) does not tell, either: a host without a log daemon is no fault.
            let _not_there = system.send(self.priority, text.trim_end_matches('\n'));
        }
        if self.writers.stderr {
            io::stderr().write_all(bytes)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixDatagram;

    use super::*;

    #[test]
    fn a_line_is_a_message_of_its_level() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("log");
        let daemon = UnixDatagram::bind(&path).unwrap();
        let log = SystemLog::new(path, Protocol::Rfc3164, String::new(), TimeZone::UTC, PATIENCE);
        let writers = Writers { stderr: false, system: Some(Mutex::new(log)) };
        let subscriber =
            tracing_subscriber::fmt().with_ansi(false).without_time().with_writer(writers).finish();
        tracing::subscriber::with_default(subscriber, || {
            tracing::error!("one");
            tracing::warn!("two");
        });
        // user.err is 8 + 3, user.warning 8 + 4.
        for (head, text) in [("<11>", "one"), ("<12>", "two")] {
            let mut message = [0; 1024];
            let n = daemon.recv(&mut message).unwrap();
            let message = String::from_utf8_lossy(&message[..n]);
            assert!(message.starts_with(head) && message.ends_with(text), "{message}");
        }
    }
}
