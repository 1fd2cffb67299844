//! Reads configuration and rules files: the descriptor that is checked is the one that is read, and what others may
//! write is refused, because whoever can edit rules can blind the sensor.

mod trust;

use std::{
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::border::facts::LoadedFile;

/// Largest file that is read, bytes.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// A file and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextFile {
    /// As it was named.
    pub path: PathBuf,
    /// Its bytes; what is not UTF-8 is replaced.
    pub text: String,
}

impl TextFile {
    /// Its base name and the hash of what was parsed, for metrics.
    pub fn loaded(&self) -> LoadedFile {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let sha256 = format!("{:x}", Sha256::digest(self.text.as_bytes()));
        LoadedFile { name, sha256 }
    }
}

/// Whether files that others may write are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Refused: the sensor will act on it.
    OwnerOnly,
    /// Read: it is only looked at (`--validate`, `replay`).
    Anyone,
}

/// A file that is not to be had, or not to be trusted.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A device, pipe, socket or directory.
    #[error("{} is not a regular file", path.display())]
    NotRegular {
        /// Which.
        path: PathBuf,
    },
    /// Others may write it.
    #[error(
        "{} may be written by others than its owner (mode {mode:04o}): run `chmod go-w` on it, or whoever writes it decides what the sensor sees",
        path.display()
    )]
    Writable {
        /// Which.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Others may replace it: they may write a directory above it.
    #[error(
        "{} may be replaced by others: they may write its directory {} (mode {mode:04o}): run `chmod go-w` on it, or put the file elsewhere",
        path.display(), directory.display()
    )]
    WritableParent {
        /// Which.
        path: PathBuf,
        /// The directory, without links.
        directory: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Larger than anything that is configuration.
    #[error("{} has {bytes} bytes, more than the {MAX_BYTES} that are read", path.display())]
    Large {
        /// Which.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
}

/// Reads one file through one descriptor.
pub fn read(path: &Path, trust: Trust) -> Result<TextFile, FileError> {
    let failed = |source| FileError::Read { path: path.to_owned(), source };
    // Without O_NONBLOCK, opening a pipe would wait for its writer.
    let nonblock = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = File::options().read(true).custom_flags(nonblock).open(path).map_err(failed)?;
    let meta = file.metadata().map_err(failed)?;
    if !meta.is_file() {
        return Err(FileError::NotRegular { path: path.to_owned() });
    }
    if trust == Trust::OwnerOnly {
        trust::check(path, &file, &meta)?;
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(FileError::Large { path: path.to_owned(), bytes: meta.size() });
    }
    let text = String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    Ok(TextFile { path: path.to_owned(), text })
}

/// The regular files of a directory (links followed), sorted by path; a file is itself, what does not exist nothing.
pub fn expand(path: &Path) -> Result<Vec<PathBuf>, FileError> {
    let failed = |source| FileError::Read { path: path.to_owned(), source };
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
        Ok(meta) if !meta.is_dir() => return Ok(vec![path.to_owned()]),
        Ok(_) => {}
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        if fs::metadata(&file).is_ok_and(|meta| meta.is_file()) {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

/// Whether Falco takes a file for rules: `.yaml` or `.yml`.
pub fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

#[cfg(test)]
mod tests;
