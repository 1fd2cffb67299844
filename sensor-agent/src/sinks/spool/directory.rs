//! The spool's directory: our own, for nobody else, reached without a link; its files are opened below its descriptor.

use std::{
    fs::File,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use rustix::{
    fs::{
        AtFlags, CWD, Dir, FlockOperation, Mode, OFlags, ResolveFlags, fchmod, flock, fstat, mkdirat, openat,
        openat2, unlinkat,
    },
    io::Errno,
    process::geteuid,
};

use super::{SpoolError, system, unsafe_directory};

/// An agent that ends, or a program of ours before its exec, may hold the lock for a moment.
const HANDOVER: Duration = Duration::from_secs(1);
/// Between two attempts: the system call that waits for the lock has no deadline.
const LOOK: Duration = Duration::from_millis(20);
const SUFFIX: &str = ".alerts";
const PRIVATE: Mode = Mode::from_raw_mode(0o600);

/// An open directory, locked against a second agent.
#[derive(Debug)]
pub(super) struct Directory {
    own: OwnedFd,
    _lock: File,
}

impl Directory {
    pub(super) fn open(path: &Path) -> Result<Self, SpoolError> {
        let own = match reach(path) {
            Err(Errno::NOENT) => make(path)?,
            reached => reached.map_err(|error| explain(path, error))?,
        };
        let stat = fstat(&own).map_err(system("look at the spool's directory"))?;
        if stat.st_uid != geteuid().as_raw() {
            return Err(unsafe_directory(path, "belongs to another user; give it to the agent's"));
        }
        if stat.st_mode & 0o077 != 0 {
            let what = format!("others may enter it (mode {:o}); chmod 700 it", stat.st_mode & 0o7777);
            return Err(unsafe_directory(path, what));
        }
        let lock =
            file(&own, "lock", OFlags::RDWR | OFlags::CREATE).map_err(system("open the spool's lock"))?;
        let until = Instant::now() + HANDOVER;
        loop {
            match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
                Err(Errno::WOULDBLOCK) if Instant::now() < until => thread::sleep(LOOK),
                Err(Errno::WOULDBLOCK) => return Err(unsafe_directory(path, "another agent uses it")),
                locked => {
                    locked.map_err(system("lock the spool"))?;
                    return Ok(Self { own, _lock: lock });
                }
            }
        }
    }

    /// Numbers of the segments, ascending. Other files are left alone.
    pub(super) fn segments(&self) -> Result<Vec<u64>, SpoolError> {
        let failed = system("list the spool");
        let mut numbers = Vec::new();
        for entry in Dir::read_from(&self.own).map_err(&failed)? {
            let entry = entry.map_err(&failed)?;
            let name = entry.file_name().to_str().ok();
            numbers.extend(name.and_then(|name| name.strip_suffix(SUFFIX)?.parse::<u64>().ok()));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    pub(super) fn read(&self, number: u64) -> Result<File, SpoolError> {
        file(&self.own, &name(number), OFlags::RDONLY).map_err(system("open a segment of the spool"))
    }

    /// A file that is not there yet.
    pub(super) fn create(&self, number: u64) -> Result<File, SpoolError> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL;
        file(&self.own, &name(number), flags).map_err(system("create a segment of the spool"))
    }

    /// The file of the cursor, made if it is not there.
    pub(super) fn cursor(&self) -> Result<File, SpoolError> {
        file(&self.own, "cursor", OFlags::RDWR | OFlags::CREATE).map_err(system("open the spool's cursor"))
    }

    pub(super) fn remove(&self, number: u64) -> Result<(), SpoolError> {
        match unlinkat(&self.own, name(number), AtFlags::empty()) {
            Err(Errno::NOENT) => Ok(()),
            removed => removed.map_err(system("remove a segment of the spool")),
        }
    }
}

fn name(number: u64) -> String {
    format!("{number:020}{SUFFIX}")
}

/// A regular file of ours, without following a link.
fn file(directory: &OwnedFd, name: &str, flags: OFlags) -> Result<File, Errno> {
    let file =
        openat(directory, name, flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK, PRIVATE)?;
    let stat = fstat(&file)?;
    let is_regular = rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file();
    // A second name could be anywhere.
    if !is_regular || stat.st_nlink != 1 {
        return Err(Errno::LOOP);
    }
    if stat.st_mode & 0o777 != 0o600 {
        fchmod(&file, PRIVATE)?;
    }
    Ok(file.into())
}

fn reach(path: &Path) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS)
}

/// Makes the last component only: a parent that is missing is a path that was misspelled.
fn make(path: &Path) -> Result<OwnedFd, SpoolError> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(unsafe_directory(path, "is no path of a directory"));
    };
    let parent = if parent.as_os_str().is_empty() { PathBuf::from(".") } else { parent.to_owned() };
    let above = reach(&parent).map_err(|error| explain(&parent, error))?;
    match mkdirat(&above, name, Mode::from_raw_mode(0o700)) {
        Ok(()) | Err(Errno::EXIST) => reach(path).map_err(|error| explain(path, error)),
        Err(error) => Err(explain(path, error)),
    }
}

fn explain(path: &Path, error: Errno) -> SpoolError {
    let what = match error {
        Errno::LOOP => "is reached through a link; name the real path".to_owned(),
        other => std::io::Error::from(other).to_string(),
    };
    unsafe_directory(path, what)
}
