//! Commands of docs/*.md, run as they stand there: blocks marked `sh` on this host, `sh cluster` in the cluster that
//! `cluster test` has up. `sh build` names steps of `cargo xtask test`, which runs them itself.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::dirs::Dirs;
use crate::shell;

/// Where a block is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Host,
    Cluster,
    Build,
}

/// Some lines of shell.
#[derive(Debug)]
pub(crate) struct Block {
    place: Place,
    /// `docs/x.md:12`
    at: String,
    text: String,
}

/// Why blocks of the host cannot be run.
pub(crate) fn missing() -> Option<String> {
    if !shell::is_root() {
        return Some("not root".to_owned());
    }
    let absent = ["bash", "jq", "setpriv"].into_iter().find(|name| shell::find_in_path(name).is_none());
    absent.map(|name| format!("{name} is not installed"))
}

/// Runs the blocks of the host with this binary under both names.
pub(crate) fn host(dirs: &Dirs, binary: &Path) -> Result<()> {
    let scratch = Scratch::new(&dirs.target)?;
    for name in ["saker", "falco"] {
        symlink(binary, scratch.0.join(name)).context("cannot link the agent")?;
    }
    run(dirs, Place::Host, &scratch.0, |bash| {
        bash.current_dir(&dirs.root).env("TMPDIR", &scratch.0);
    })
}

/// Runs the blocks of a place; programs in `bin` come first on PATH.
pub(crate) fn run(dirs: &Dirs, place: Place, bin: &Path, set_up: impl Fn(&mut Command)) -> Result<()> {
    let mut path = bin.as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let (mut n_blocks, blocks) = (0, all(dirs)?);
    for block in blocks.iter().filter(|block| block.place == place) {
        let mut bash = Command::new("bash");
        bash.args(["-euo", "pipefail", "-c", &block.text]).env("PATH", &path);
        set_up(&mut bash);
        shell::stdout(&mut bash).with_context(|| block.at.clone())?;
        n_blocks += 1;
    }
    ensure!(n_blocks > 0, "no block is marked for {place:?}");
    println!("docs: {n_blocks} blocks run as they stand ({place:?})");
    Ok(())
}

/// Every block of every file, each for a known place.
fn all(dirs: &Dirs) -> Result<Vec<Block>> {
    let mut blocks = Vec::new();
    for entry in fs::read_dir(dirs.root.join("docs")).context("cannot list docs")? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            let name = format!("docs/{}", path.file_name().unwrap_or_default().to_string_lossy());
            blocks.extend(parse(&name, &fs::read_to_string(&path)?)?);
        }
    }
    Ok(blocks)
}

fn parse(name: &str, text: &str) -> Result<Vec<Block>> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open: Option<Option<Block>> = None;
    for (index, line) in text.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => {
                let at = format!("{name}:{}", index + 1);
                let place = match info {
                    "sh" => Some(Place::Host),
                    "sh cluster" => Some(Place::Cluster),
                    "sh build" => Some(Place::Build),
                    "text" | "yaml" | "json" => None,
                    other => bail!("{at}: nobody runs a block marked `{other}`"),
                };
                open = Some(place.map(|place| Block { place, at, text: String::new() }));
            }
            (Some(block), Some("")) => {
                blocks.extend(block.take());
                open = None;
            }
            (Some(Some(block)), _) => {
                let is_step = block.place != Place::Build || line.starts_with("cargo xtask ");
                ensure!(is_step, "{}: `{line}` is no step of `cargo xtask test`", block.at);
                block.text.push_str(line);
                block.text.push('\n');
            }
            _ => {}
        }
    }
    ensure!(open.is_none(), "{name}: a block does not end");
    Ok(blocks)
}

/// A directory that is gone afterwards.
pub(crate) struct Scratch(pub(crate) std::path::PathBuf);

impl Scratch {
    pub(crate) fn new(below: &Path) -> Result<Self> {
        let path = below.join(format!("scratch-{}", std::process::id()));
        fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_have_a_place_and_an_end() {
        let text =
            "a\n```sh\necho 1\necho 2\n```\n```text\nnot run\n```\n```sh build\ncargo xtask image\n```\n";
        let blocks = parse("f", text).unwrap();
        let found: Vec<_> = blocks.iter().map(|b| (b.place, b.at.as_str(), b.text.as_str())).collect();
        assert_eq!(
            found,
            [(Place::Host, "f:2", "echo 1\necho 2\n"), (Place::Build, "f:9", "cargo xtask image\n")]
        );
        for (text, expect) in [
            ("```bash\n```\n", "f:1: nobody runs a block marked `bash`"),
            ("```sh build\nmake\n```\n", "f:1: `make` is no step of `cargo xtask test`"),
            ("```sh\n", "f: a block does not end"),
        ] {
            assert_eq!(parse("f", text).unwrap_err().to_string(), expect);
        }
    }

    /// A key of Falco's that nothing follows from stands in migrating.md, itself or the section that it belongs to.
    #[test]
    fn every_key_without_effect_is_listed() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let keys = fs::read_to_string(root.join("sensor-agent/src/app/config/keys.rs")).unwrap();
        let page = fs::read_to_string(root.join("docs/migrating.md")).unwrap();
        let rows = keys.split("unused(").skip(1).filter_map(|row| row.trim_start().strip_prefix('"'));
        let unused: Vec<&str> = rows.filter_map(|row| row.split(['"', '[']).next()).collect();
        assert!(unused.len() > 10, "{unused:?}");
        for key in unused {
            let sections = key.match_indices('.').map(|(at, _)| &key[..at]);
            let is_listed = sections.chain([key]).any(|name| page.contains(&format!("`{name}`")));
            assert!(is_listed, "`{key}` has no effect, and docs/migrating.md does not say so");
        }
    }
}
