//! Rules and configuration files that change → a reload. Folders are watched, not files: editors put a new file in the
//! place of the old one, and Kubernetes swaps a link above all of them. What decides is whether the contents changed.

use std::{
    collections::BTreeSet,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::control::Command;
use crate::{
    app::{config::Config, files},
    border::Sender,
};

/// A change is taken up when nothing has happened for this long.
const QUIET: Duration = Duration::from_millis(100);
/// And at the latest after this time, however busy somebody is with the files.
const LATEST: Duration = Duration::from_secs(1);
/// Links that are followed from a named path to a file.
const MAX_LINKS: usize = 16;
/// Events that may wait; more say nothing new.
const WAITING: usize = 64;

/// Watches while it lives.
pub(super) struct Watch {
    /// Dropping it ends the events, and with them the thread.
    _watcher: RecommendedWatcher,
}

impl Watch {
    /// Starts watching what `config` is made of. What is wrong with it is told in the log: a sensor that has to be told
    /// of changes by SIGHUP is better than none.
    pub(super) fn start(config: &Config, commands: Sender<Command>) -> Option<Self> {
        let named: Vec<PathBuf> =
            config.rules.paths.iter().chain(&config.files).chain(&config.includes).cloned().collect();
        for path in named.iter().filter(|path| is_mounted_alone(path)) {
            let path = path.display();
            tracing::warn!(
                "{path} is mounted by itself (subPath): Kubernetes never updates such a file; mount its folder"
            );
        }
        let result = watch(named, commands);
        let failed =
            |error: &notify::Error| tracing::warn!(%error, "files are not watched: use SIGHUP after changes");
        result.inspect_err(failed).ok()
    }
}

fn watch(named: Vec<PathBuf>, commands: Sender<Command>) -> notify::Result<Watch> {
    let (happened, events) = mpsc::sync_channel(WAITING);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let is_read = event.is_ok_and(|event| matches!(event.kind, EventKind::Access(_)));
        if !is_read {
            // A full queue holds what makes the thread look.
            let _full = happened.try_send(());
        }
    })?;
    for folder in folders(&named) {
        watcher.watch(&folder, RecursiveMode::NonRecursive)?;
    }
    let before = fingerprint(&named);
    let body = move || attend(&named, before, &events, &commands);
    thread::Builder::new().name("saker-watch".to_owned()).spawn(body).map_err(notify::Error::io)?;
    Ok(Watch { _watcher: watcher })
}

/// Until the watcher is gone: waits for quiet behind an event, and asks for a reload when the contents are others.
fn attend(named: &[PathBuf], mut before: u64, events: &mpsc::Receiver<()>, commands: &Sender<Command>) {
    while events.recv().is_ok() {
        let latest = Instant::now() + LATEST;
        while Instant::now() < latest {
            match events.recv_timeout(QUIET) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        let now = fingerprint(named);
        if now != before && commands.send_waiting(Command::Reload).is_err() {
            return;
        }
        before = now;
    }
}

/// The folders that hold the named files, those that they are links to, and the named folders themselves.
fn folders(named: &[PathBuf]) -> BTreeSet<PathBuf> {
    let mut folders = BTreeSet::new();
    for path in named {
        let mut path = path.clone();
        for _ in 0..MAX_LINKS {
            folders.extend(folder(&path));
            if path.is_dir() {
                folders.insert(path.clone());
            }
            let Ok(target) = fs::read_link(&path) else { break };
            path = path.parent().unwrap_or(Path::new("/")).join(target);
        }
    }
    folders.retain(|folder| folder.is_dir());
    folders
}

fn folder(path: &Path) -> Option<PathBuf> {
    let parent = path.parent()?;
    Some(if parent.as_os_str().is_empty() { PathBuf::from(".") } else { parent.to_owned() })
}

/// Names and contents of all that is read; what cannot be read counts as it is.
fn fingerprint(named: &[PathBuf]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for path in named {
        path.hash(&mut hasher);
        for file in files::expand(path).unwrap_or_default() {
            file.hash(&mut hasher);
            let text = files::read(&file, files::Trust::Anyone);
            text.map(|file| file.text).map_err(|error| error.to_string()).hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// Whether a path is a mount point of its own and no folder.
fn is_mounted_alone(path: &Path) -> bool {
    let Ok(path) = fs::canonicalize(path) else { return false };
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let is_point = |line: &str| line.split(' ').nth(4).is_some_and(|point| Path::new(point) == path);
    !path.is_dir() && mounts.lines().any(is_point)
}

#[cfg(test)]
mod tests;
