//! passwd and group of the host, read again when they are no longer the files that were read: accounts that are made
//! later have names, too.

use std::{fs::File, io, os::linux::fs::MetadataExt, path::Path};

use super::{
    Accounts,
    files::{below, host_root, read_bounded},
};

/// Bytes of either file that are read.
const MAX_BYTES: u64 = 16 << 20;
/// Accounts that are kept of either.
const MAX_ACCOUNTS: usize = 65_536;

/// The two files as they were read last.
#[derive(Debug, Default)]
pub struct WatchedAccounts {
    seen: Option<[Stamp; 2]>,
}

/// What changes when a file is written or replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    changed: (i64, i64),
}

impl WatchedAccounts {
    /// What the files below `HOST_ROOT` say, if they changed since the last call. What cannot be read has no accounts.
    pub fn changed(&mut self) -> Option<Accounts> {
        self.changed_below(&host_root())
    }

    fn changed_below(&mut self, root: &Path) -> Option<Accounts> {
        let files = ["/etc/passwd", "/etc/group"].map(|path| below(root, path));
        // Stamped before it is read: a change in between is seen the next time.
        let stamps = files.each_ref().map(|path| Stamp::of(path).unwrap_or_default());
        if self.seen.replace(stamps) == Some(stamps) {
            return None;
        }
        let [passwd, group] = files.map(|path| text(&path));
        Some(Accounts::parse(&passwd, &group, MAX_ACCOUNTS))
    }
}

impl Stamp {
    fn of(path: &Path) -> io::Result<Self> {
        let meta = std::fs::metadata(path)?;
        let changed = (meta.st_ctime(), meta.st_ctime_nsec());
        Ok(Self { device: meta.st_dev(), inode: meta.st_ino(), bytes: meta.st_size(), changed })
    }
}

fn text(path: &Path) -> Vec<u8> {
    File::open(path).and_then(|file| read_bounded(file, MAX_BYTES)).unwrap_or_else(|error| {
        tracing::warn!(path = %path.display(), %error, "cannot read accounts: their ids have no names");
        Vec::new()
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::WatchedAccounts;

    #[test]
    fn accounts_are_read_when_they_change() {
        let directory = tempfile::tempdir().expect("a directory");
        let (root, etc) = (directory.path(), directory.path().join("etc"));
        fs::create_dir(&etc).expect("a directory");
        let mut watched = WatchedAccounts::default();
        let mut names = || {
            let users = watched.changed_below(root)?.users;
            let mut names: Vec<_> = users.into_values().map(|user| user.name).collect();
            names.sort();
            Some(names.join(" "))
        };
        assert_eq!(names().as_deref(), Some(""), "no files yet");
        assert_eq!(names(), None);
        fs::write(etc.join("passwd"), "a:x:1:1::/:\n").expect("written");
        assert_eq!(names().as_deref(), Some("a"));
        assert_eq!(names(), None);
        // As useradd does it: another file takes the name.
        fs::write(etc.join("passwd+"), "a:x:1:1::/:\nb:x:2:2::/:\n").expect("written");
        fs::rename(etc.join("passwd+"), etc.join("passwd")).expect("renamed");
        assert_eq!(names().as_deref(), Some("a b"));
        fs::remove_file(etc.join("passwd")).expect("removed");
        assert_eq!(names().as_deref(), Some(""));
    }
}
