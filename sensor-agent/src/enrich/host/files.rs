//! Bounded reading of files that others write.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

/// Where the host's files are: Falco's `HOST_ROOT`, for an agent that has them mounted somewhere; else empty.
pub(super) fn host_root() -> PathBuf {
    PathBuf::from(std::env::var_os("HOST_ROOT").unwrap_or_default())
}

/// `path` (absolute) below `root`.
pub(super) fn below(root: &Path, path: &str) -> PathBuf {
    let mut joined = OsString::from(root);
    joined.push(path);
    PathBuf::from(joined)
}

/// The first `max` bytes of what `file` has left.
///
/// # Errors
/// As reading.
pub(super) fn read_bounded(file: File, max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(max).read_to_end(&mut bytes)?;
    Ok(bytes)
}
