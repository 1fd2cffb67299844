//! Who else could change a file: by its own mode, or by that of a directory above it.

use std::{
    fs::{self, File, Metadata},
    os::{fd::AsRawFd, unix::fs::MetadataExt},
    path::{Path, PathBuf},
};

use super::FileError;

const GROUP_WRITES: u32 = 0o020;
const OTHERS_WRITE: u32 = 0o002;
/// In such a directory only the owner of a file may rename or remove it.
const STICKY: u32 = 0o1000;

/// Refuses an opened file that others than its owner, or than root, may write or replace. The directories are those of the
/// file that was opened, whatever links led to it.
pub(super) fn check(path: &Path, file: &File, meta: &Metadata) -> Result<(), FileError> {
    let failed = |source| FileError::Read { path: path.to_owned(), source };
    let real = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).map_err(failed)?;
    let volume = config_map(&real);
    // A ConfigMap's volume is mounted read-only and written by the kubelet alone, whatever the modes of its directories; with
    // `fsGroup` it gives its files to that group.
    let is_in_volume = |path: &Path| volume.as_deref().is_some_and(|volume| path.starts_with(volume));
    let may_group = is_in_volume(&real);
    if meta.mode() & OTHERS_WRITE != 0 || meta.mode() & GROUP_WRITES != 0 && !may_group {
        return Err(FileError::Writable { path: path.to_owned(), mode: meta.mode() & 0o7777 });
    }
    for directory in real.ancestors().skip(1).filter(|directory| !is_in_volume(directory)) {
        let meta = fs::metadata(directory).map_err(failed)?;
        let mode = meta.mode();
        // Root's group, and a user's private one, have no other members.
        let is_private = meta.gid() == 0 || meta.gid() == meta.uid();
        let group = mode & GROUP_WRITES != 0 && !is_private;
        if mode & STICKY == 0 && (group || mode & OTHERS_WRITE != 0) {
            let (path, directory) = (path.to_owned(), directory.to_owned());
            return Err(FileError::WritableParent { path, directory, mode: mode & 0o7777 });
        }
    }
    Ok(())
}

/// The volume that a file is in, if it is a `ConfigMap`'s: its files are in a directory `..TIME` to which `..data` links.
fn config_map(real: &Path) -> Option<PathBuf> {
    let data = real.parent()?;
    let volume = data.parent()?;
    let is_one = data.file_name()?.to_string_lossy().starts_with("..")
        && volume.join("..data").canonicalize().is_ok_and(|target| target == data);
    is_one.then(|| volume.to_owned())
}
