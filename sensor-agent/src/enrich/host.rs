//! What has to be read from the host, behind plain data and a trait, so that everything else is pure.

mod accounts;
mod container;
mod files;
mod proc;
mod read;
mod watched;

use super::process::Bytes;

pub use accounts::{Accounts, User};
pub use container::{ContainerFiles, Found};
pub use proc::ProcFiles;
#[cfg(test)]
pub(super) use proc::{own_pid_ns, start_ticks};
pub use read::{boot_epoch_ns, name};
pub use watched::WatchedAccounts;

/// Facts about the host, read at start; accounts are read again when their files change ([`WatchedAccounts`]).
#[derive(Clone, Debug, Default)]
pub struct Host {
    /// Falco's `evt.hostname`.
    pub hostname: String,
    /// ns to add to a boot-time stamp to have wall-clock time.
    pub boot_epoch_ns: u64,
    /// Time zone of this host, in which Falco shows times of day; `None` is UTC.
    pub zone: Option<jiff::tz::TimeZone>,
    /// Users and groups.
    pub accounts: Accounts,
    /// Addresses of this host's interfaces.
    pub addresses: Vec<std::net::IpAddr>,
    /// What the configuration says of every event (`static_fields`): name and value.
    pub static_fields: Vec<(String, String)>,
}

/// What another process's memory says; the kernel side cannot read it at start (see `sensor-ebpf` scan).
pub trait ProcessFiles {
    /// argv of `tgid`, NUL separated, no trailing NUL; `None` when it cannot be read.
    fn argv(&self, tgid: u32) -> Option<Bytes>;
    /// Environment of `tgid`, NUL separated, no trailing NUL.
    fn env(&self, tgid: u32) -> Option<Bytes>;
}

/// Nothing can be read: the iterator alone has to do.
impl ProcessFiles for () {
    fn argv(&self, _tgid: u32) -> Option<Bytes> {
        None
    }

    fn env(&self, _tgid: u32) -> Option<Bytes> {
        None
    }
}
