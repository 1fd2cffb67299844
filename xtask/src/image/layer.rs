//! Files of an image as a tar stream that depends on nothing but their names, modes and contents.

use std::collections::BTreeSet;
use std::io::Write;

use anyhow::{Context, Result};
use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};

/// A file, link or directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    /// Without a leading slash.
    pub(crate) path: String,
    pub(crate) content: Content,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Content {
    Directory { mode: u32 },
    File { mode: u32, bytes: Vec<u8> },
    Link { to: String },
}

impl Entry {
    pub(crate) fn data(path: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self { path: path.to_owned(), content: Content::File { mode: 0o644, bytes: bytes.into() } }
    }

    pub(crate) fn program(path: &str, bytes: Vec<u8>) -> Self {
        Self { path: path.to_owned(), content: Content::File { mode: 0o755, bytes } }
    }

    pub(crate) fn link(path: &str, to: &str) -> Self {
        Self { path: path.to_owned(), content: Content::Link { to: to.to_owned() } }
    }

    pub(crate) fn directory(path: &str) -> Self {
        Self { path: path.to_owned(), content: Content::Directory { mode: 0o755 } }
    }

    /// Everybody's temporary files.
    pub(crate) fn tmp() -> Self {
        Self { path: "tmp".to_owned(), content: Content::Directory { mode: 0o1777 } }
    }

    /// What a file holds.
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        match &self.content {
            Content::File { bytes, .. } => Some(bytes),
            Content::Directory { .. } | Content::Link { .. } => None,
        }
    }
}

/// Sorted by path, each with the directories above it; owner root, time zero.
pub(crate) fn tar(entries: &[Entry]) -> Result<Vec<u8>> {
    let mut entries = entries.to_vec();
    let parents: BTreeSet<String> = entries.iter().flat_map(|entry| parents(&entry.path)).collect();
    let named: BTreeSet<&String> = entries.iter().map(|entry| &entry.path).collect();
    let missing: Vec<Entry> =
        parents.iter().filter(|path| !named.contains(path)).map(|path| Entry::directory(path)).collect();
    entries.extend(missing);
    entries.sort();
    let mut tar = Builder::new(Vec::new());
    for Entry { path, content } in &entries {
        let mut header = Header::new_ustar();
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        let failed = || format!("cannot pack {path}");
        match content {
            Content::Directory { mode } => {
                header.set_entry_type(EntryType::Directory);
                header.set_mode(*mode);
                header.set_size(0);
                tar.append_data(&mut header, format!("{path}/"), &[][..]).with_context(failed)?;
            }
            Content::File { mode, bytes } => {
                header.set_entry_type(EntryType::Regular);
                header.set_mode(*mode);
                header.set_size(bytes.len() as u64);
                tar.append_data(&mut header, path, &bytes[..]).with_context(failed)?;
            }
            Content::Link { to } => {
                header.set_entry_type(EntryType::Symlink);
                header.set_mode(0o777);
                header.set_size(0);
                tar.append_link(&mut header, path, to).with_context(failed)?;
            }
        }
    }
    tar.into_inner().context("cannot end the archive")
}

/// Compressed, without a time.
pub(crate) fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut gzip = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    gzip.write_all(bytes).and_then(|()| gzip.finish()).context("cannot compress")
}

/// `a/b/c` → `a`, `a/b`
fn parents(path: &str) -> impl Iterator<Item = String> + '_ {
    path.match_indices('/').map(|(at, _)| path[..at].to_owned())
}
