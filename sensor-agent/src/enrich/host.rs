//! What has to be read from the host, behind plain data and a trait, so that everything else is pure.

mod accounts;
mod files;
mod proc;
mod read;

use std::collections::HashMap;

use super::process::Bytes;

pub use proc::ProcFiles;
pub use read::name;

/// Facts about the host, read once at start (and again at reload).
#[derive(Clone, Debug, Default)]
pub struct Host {
    /// Falco's `evt.hostname`.
    pub hostname: String,
    /// ns to add to a boot-time stamp to have wall-clock time.
    pub boot_epoch_ns: u64,
    /// Time zone of this host, in which Falco shows times of day; `None` is UTC.
    pub zone: Option<jiff::tz::TimeZone>,
    /// Users by uid (passwd).
    pub users: HashMap<u32, User>,
    /// Group names by gid (group).
    pub groups: HashMap<u32, String>,
    /// Addresses of this host's interfaces.
    pub addresses: Vec<std::net::IpAddr>,
    /// What the configuration says of every event (`static_fields`): name and value.
    pub static_fields: Vec<(String, String)>,
}

/// A line of passwd.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// Falco's `user.name`.
    pub name: String,
    /// Falco's `user.homedir`.
    pub home: String,
    /// Falco's `user.shell`.
    pub shell: String,
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
