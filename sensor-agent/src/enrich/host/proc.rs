//! [`ProcessFiles`] from /proc. Records have ids of the initial pid namespace, /proc those of the namespace it was
//! mounted in, so every process is checked by its start time before anything of it is believed. A process that is in
//! neither our pid namespace nor below the initial one's /proc is left out.

use std::{
    fs::{self, File},
    os::{fd::OwnedFd, linux::fs::MetadataExt},
    path::PathBuf,
};

use rustc_hash::FxHashMap;
use rustix::fs::{Mode, OFlags, open, openat};
use sensor_common::{
    Task,
    abi::{ARGV_BYTES, ENV_BYTES},
    task::flag::KTHREAD,
};

use super::{
    ProcessFiles,
    files::{below, host_root, read_bounded},
};
use crate::{
    decode::{Body, Record},
    enrich::process::{Bytes, INITIAL_PID_NS},
};

/// A /proc, and whose ids are in it.
#[derive(Clone, Debug)]
pub(super) struct ProcPlace {
    pub(super) root: PathBuf,
    /// Inode number of its pid namespace.
    pid_ns: u32,
    tick_ns: u64,
}

/// Files of the processes that a scan told of.
#[derive(Debug)]
pub struct ProcFiles {
    place: ProcPlace,
    by_tgid: FxHashMap<u32, Expected>,
}

/// Which entry of /proc a process should have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Expected {
    /// Its id in that /proc.
    id: u32,
    /// Field 22 of its stat, clock ticks.
    start_ticks: u64,
}

impl ProcPlace {
    /// /proc below `HOST_ROOT` if that is there, else our own.
    pub(super) fn find() -> Self {
        let prefix = host_root();
        let hosts = below(&prefix, "/proc");
        if prefix.as_os_str().is_empty() || !hosts.join("self").exists() {
            return Self::in_namespace(PathBuf::from("/proc"), own_pid_ns());
        }
        Self::in_namespace(hosts, INITIAL_PID_NS)
    }

    fn in_namespace(root: PathBuf, pid_ns: u32) -> Self {
        Self { root, pid_ns, tick_ns: 1_000_000_000 / rustix::param::clock_ticks_per_second().max(1) }
    }

    /// The entry of a process that is `vpid` in its own pid namespace; `None` where it has none.
    pub(super) fn expected(&self, task: &Task, vpid: u32) -> Option<Expected> {
        let id = match self.pid_ns {
            INITIAL_PID_NS => task.tgid,
            own if own == task.pid_ns => vpid,
            _ => return None,
        };
        Some(Expected { id, start_ticks: task.start_ns / self.tick_ns })
    }

    /// The directory of the process that is expected, if it is that process's. It stays that process's even if the id is
    /// taken by another one meanwhile.
    pub(super) fn entry(&self, expected: Expected) -> Option<OwnedFd> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = open(self.root.join(expected.id.to_string()), flags, Mode::empty()).ok()?;
        let stat = openat(&directory, "stat", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
        let stat = read_bounded(File::from(stat), 4096).ok()?;
        (start_ticks(&stat)? == expected.start_ticks).then_some(directory)
    }
}

impl ProcFiles {
    /// For the processes of the task iterator's `records`.
    pub fn new(records: &[u8]) -> Self {
        Self::at(ProcPlace::find(), records)
    }

    fn at(place: ProcPlace, records: &[u8]) -> Self {
        let mut by_tgid = FxHashMap::default();
        let mut rest = records;
        while let Ok((record, behind)) = Record::parse_first(rest) {
            rest = behind;
            let task = &record.prefix.task;
            let Body::Process(told) = &record.body else { continue };
            if task.flags & KTHREAD == 0
                && let Some(expected) = place.expected(task, told.vpid)
            {
                by_tgid.insert(task.tgid, expected);
            }
        }
        Self { place, by_tgid }
    }

    fn read(&self, tgid: u32, file: &str, max: usize) -> Option<Bytes> {
        let directory = self.place.entry(*self.by_tgid.get(&tgid)?)?;
        let file = openat(&directory, file, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
        let bytes = read_bounded(File::from(file), max as u64).ok()?;
        let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        // An empty file is a process without memory: a kernel thread, or one that is ending.
        (!bytes.is_empty()).then(|| Bytes::from(bytes.get(..end).unwrap_or_default()))
    }
}

impl ProcessFiles for ProcFiles {
    fn argv(&self, tgid: u32) -> Option<Bytes> {
        self.read(tgid, "cmdline", ARGV_BYTES - 1)
    }

    fn env(&self, tgid: u32) -> Option<Bytes> {
        self.read(tgid, "environ", ENV_BYTES - 1)
    }
}

/// Inode number of this process's pid namespace.
pub(in crate::enrich) fn own_pid_ns() -> u32 {
    fs::metadata("/proc/self/ns/pid").map_or(0, |meta| meta.st_ino()) as u32
}

/// Field 22 of stat. The second one, comm in parentheses, may have any bytes in it.
pub(in crate::enrich) fn start_ticks(stat: &[u8]) -> Option<u64> {
    let behind_comm = stat.get(stat.iter().rposition(|byte| *byte == b')')? + 1..)?;
    let fields = str::from_utf8(behind_comm).ok()?;
    fields.split_ascii_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests;
