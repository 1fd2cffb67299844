//! Users and groups of a container, read through the root of one of its processes. Whoever is in there chose every byte
//! and every name on the way: nothing is followed out of that root, nothing but a regular file is opened, and no more
//! than a bound of it is read.

use std::{
    fs::{self, File},
    io,
    os::{
        fd::{AsRawFd, OwnedFd},
        linux::fs::MetadataExt,
    },
    path::Path,
};

use rustix::{
    fs::{FileType, Mode, OFlags, ResolveFlags, fstat, open, openat, openat2},
    io::Errno,
};

use super::{Accounts, files::read_bounded, proc::ProcPlace};
use crate::enrich::rosters::Unread;

/// Bytes of either file that are read.
const MAX_BYTES: u64 = 256 << 10;
/// Accounts that are kept of either.
const MAX_ACCOUNTS: usize = 4096;
/// Lines of an id map that are read; the kernel takes no more.
const MAX_MAP: usize = 340;

/// What came of reading.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// The accounts, by ids of the initial user namespace; none of a container without these files.
    Accounts(Accounts),
    /// The agent may not look into this container.
    Denied,
    /// The process has ended, or is not in the container's root yet: another one may tell.
    NotYet,
}

/// Where the processes of containers are found.
#[derive(Debug)]
pub struct ContainerFiles {
    place: ProcPlace,
}

impl ContainerFiles {
    /// /proc below `HOST_ROOT` if that is there, else our own.
    pub fn new() -> Self {
        Self { place: ProcPlace::find() }
    }

    /// Accounts of the container that `of` names a process of.
    pub fn read(&self, of: &Unread) -> Found {
        let Some(expected) = self.place.expected(&of.task, of.vpid) else { return Found::Denied };
        let Some(process) = self.place.entry(expected) else { return Found::NotYet };
        self.read_in(&process).unwrap_or_else(|error| match error.kind() {
            io::ErrorKind::PermissionDenied => Found::Denied,
            _ => Found::NotYet,
        })
    }

    fn read_in(&self, process: &OwnedFd) -> io::Result<Found> {
        let directory = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = openat(process, "root", directory, Mode::empty())?;
        if is_hosts(&root, &self.place.root)? {
            return Ok(Found::NotYet);
        }
        let (uids, gids) = (IdMap::read(process, "uid_map")?, IdMap::read(process, "gid_map")?);
        let accounts = Accounts::parse(&text(&root, "etc/passwd"), &text(&root, "etc/group"), MAX_ACCOUNTS);
        let users = accounts.users.into_iter().filter_map(|(id, user)| Some((uids.outside(id)?, user)));
        let groups = accounts.groups.into_iter().filter_map(|(id, name)| Some((gids.outside(id)?, name)));
        Ok(Found::Accounts(Accounts { users: users.collect(), groups: groups.collect() }))
    }
}

impl Default for ContainerFiles {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether this root is the host's: a runtime's own processes are in the container's cgroup before they are in its root.
/// It is that of the first process, where that may be looked at, and our own unless we are in a container.
fn is_hosts(root: &OwnedFd, proc: &Path) -> io::Result<bool> {
    let root = fstat(root)?;
    let is_it = |it: fs::Metadata| (it.st_dev(), it.st_ino()) == (root.st_dev, root.st_ino);
    Ok([proc.join("1/root/"), "/".into()].iter().any(|hosts| fs::metadata(hosts).is_ok_and(is_it)))
}

/// The file at `path` below `root`; nothing of what is missing, or is no regular file in there.
fn text(root: &OwnedFd, path: &str) -> Vec<u8> {
    let bytes = regular(root, path).and_then(|file| read_bounded(file, MAX_BYTES));
    bytes.unwrap_or_default()
}

/// Looked at before it is opened: to open a device or a pipe may already do something.
fn regular(root: &OwnedFd, path: &str) -> io::Result<File> {
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    let found = openat2(root, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), resolve)?;
    if FileType::from_raw_mode(fstat(&found)?.st_mode) != FileType::RegularFile {
        return Err(Errno::INVAL.into());
    }
    // The very file that was looked at.
    let own = format!("/proc/self/fd/{}", found.as_raw_fd());
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    Ok(File::from(open(own, flags, Mode::empty())?))
}

/// `/proc/PID/uid_map`: ids inside a user namespace and what they are outside.
#[derive(Debug)]
struct IdMap(Vec<[u32; 3]>);

impl IdMap {
    fn read(process: &OwnedFd, name: &str) -> io::Result<Self> {
        let file = openat(process, name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Self::parse(&read_bounded(File::from(file), MAX_BYTES)?))
    }

    fn parse(text: &[u8]) -> Self {
        let text = String::from_utf8_lossy(text);
        let line = |line: &str| {
            let mut words = line.split_ascii_whitespace().map(str::parse);
            Some([words.next()?.ok()?, words.next()?.ok()?, words.next()?.ok()?])
        };
        Self(text.lines().filter_map(line).take(MAX_MAP).collect())
    }

    fn outside(&self, id: u32) -> Option<u32> {
        let within = |[inside, outside, count]: &[u32; 3]| {
            let offset = id.checked_sub(*inside).filter(|offset| offset < count)?;
            outside.checked_add(offset)
        };
        self.0.iter().find_map(within)
    }
}

#[cfg(test)]
mod tests;
