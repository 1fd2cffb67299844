//! An initramfs in cpio's "newc" form, written here so that it needs neither root nor tools. Binaries go in as
//! they are built for users, with the shared libraries that they name, so the machine tests what ships.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::machine::Machine;

const DIRECTORY: u32 = 0o040_755;
const PROGRAM: u32 = 0o100_755;
const DATA: u32 = 0o100_644;
const CHARACTER_DEVICE: u32 = 0o020_600;

const MOUNT_POINTS: &[&str] = &["dev", "etc", "proc", "root", "run", "sys", "tmp", "var"];

/// Writes /init, the named programs, their libraries and /rules.
pub(super) fn write(image: &Path, machine: Machine, programs: &[(&str, &Path)], rules: &Path) -> Result<()> {
    let mut cpio = Cpio::default();
    for dir in MOUNT_POINTS {
        cpio.directory(dir)?;
    }
    // The kernel opens it for /init before anything is mounted.
    cpio.node("dev/console", CHARACTER_DEVICE, (5, 1), &[])?;
    for (name, path) in programs {
        cpio.copy(name, PROGRAM, path)?;
    }
    let mut libraries = BTreeMap::new();
    for (_, program) in programs {
        libraries.extend(machine.libraries(program)?);
    }
    for (inside, library) in libraries {
        let inside = inside.strip_prefix("/").unwrap_or(&inside).to_string_lossy().into_owned();
        cpio.copy(&inside, PROGRAM, &library)?;
    }
    cpio.directory("rules")?;
    if rules.is_dir() {
        for entry in fs::read_dir(rules).with_context(|| format!("cannot list {}", rules.display()))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_file() {
                cpio.copy(&format!("rules/{name}"), DATA, &path)?;
            }
        }
    }
    fs::write(image, cpio.finish()?).with_context(|| format!("cannot write {}", image.display()))
}

/// Entries so far; directories are made when first needed.
#[derive(Default)]
struct Cpio {
    bytes: Vec<u8>,
    directories: BTreeSet<String>,
    n_entries: u32,
}

impl Cpio {
    fn copy(&mut self, name: &str, mode: u32, from: &Path) -> Result<()> {
        let content = fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
        self.node(name, mode, (0, 0), &content)
    }

    fn directory(&mut self, name: &str) -> Result<()> {
        if name.is_empty() || !self.directories.insert(name.to_owned()) {
            return Ok(());
        }
        self.node(name, DIRECTORY, (0, 0), &[])
    }

    fn node(&mut self, name: &str, mode: u32, device: (u32, u32), content: &[u8]) -> Result<()> {
        if let Some((parent, _)) = name.rsplit_once('/') {
            self.directory(parent)?;
        }
        self.n_entries += 1;
        self.entry(name, self.n_entries, mode, device, content)
    }

    fn entry(&mut self, name: &str, inode: u32, mode: u32, device: (u32, u32), content: &[u8]) -> Result<()> {
        let size = u32::try_from(content.len()).with_context(|| format!("{name} is too big"))?;
        let name_size = u32::try_from(name.len() + 1).context("a name is too long")?;
        // inode, mode, uid, gid, links, mtime, size, device, device of a node, length of the name, checksum
        let fields = [inode, mode, 0, 0, 1, 0, size, 0, 0, device.0, device.1, name_size, 0];
        self.bytes.extend_from_slice(b"070701");
        for field in fields {
            self.bytes.extend_from_slice(format!("{field:08x}").as_bytes());
        }
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend_from_slice(content);
        self.pad();
        Ok(())
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }

    fn finish(mut self) -> Result<Vec<u8>> {
        self.entry("TRAILER!!!", 0, 0, (0, 0), &[])?;
        Ok(self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_aligned_and_parents_come_first() {
        let mut cpio = Cpio::default();
        cpio.node("a/b/c", DATA, (0, 0), b"hello").unwrap();
        let bytes = cpio.finish().unwrap();
        assert_eq!(bytes.len() % 4, 0);
        let text = String::from_utf8(bytes).unwrap();
        let at = |needle: &str| text.find(needle).unwrap();
        assert!(at("a\0") < at("a/b\0") && at("a/b\0") < at("a/b/c\0") && at("hello") < at("TRAILER!!!\0"));
        assert_eq!(at("hello") % 4, 0);
    }
}
