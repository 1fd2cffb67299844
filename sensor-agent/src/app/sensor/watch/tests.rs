//! Files that change in all the ways that they do, and the reloads that are asked for.

use std::{fs, os::unix::fs::symlink, path::Path, time::Duration};

use tempfile::TempDir;

use super::{folders, watch};
use crate::{
    app::sensor::control::Command,
    border::{self, RecvError},
};

const SOON: Duration = Duration::from_secs(20);
/// Longer than a change takes to be taken up.
const NOTHING: Duration = Duration::from_millis(1_500);

/// What is to be seen of one change.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Seen {
    Reload,
    Nothing,
}

fn check(prepare: impl Fn(&Path), name: &str, change: impl Fn(&Path), expected: Seen) {
    let directory = TempDir::new().expect("a directory");
    let root = directory.path();
    prepare(root);
    let (commands, inbound) = border::channel(8);
    let _watch = watch(vec![root.join(name)], commands).expect("inotify");
    change(root);
    let wait = if expected == Seen::Nothing { NOTHING } else { SOON };
    let seen = match inbound.recv(wait) {
        Ok(Command::Reload) => Seen::Reload,
        Err(RecvError::Quiet) => Seen::Nothing,
        other => panic!("{other:?}"),
    };
    assert_eq!(seen, expected, "{name}");
}

fn write(root: &Path, name: &str, text: &str) {
    fs::write(root.join(name), text).expect("written");
}

/// As Kubernetes lays out a `ConfigMap`: the names are links through `..data`, which is a link to a dated folder.
fn config_map(root: &Path, date: &str, text: &str) {
    fs::create_dir(root.join(date)).expect("made");
    write(root, &format!("{date}/rules.yaml"), text);
    symlink(date, root.join("..data_tmp")).expect("linked");
    fs::rename(root.join("..data_tmp"), root.join("..data")).expect("swapped");
}

#[test]
fn changes_ask_for_a_reload() {
    let one = |root: &Path| write(root, "rules.yaml", "a");
    check(one, "rules.yaml", |root| write(root, "rules.yaml", "b"), Seen::Reload);
    let renamed = |root: &Path| {
        write(root, ".rules.yaml.swp", "b");
        fs::rename(root.join(".rules.yaml.swp"), root.join("rules.yaml")).expect("renamed");
    };
    check(one, "rules.yaml", renamed, Seen::Reload);
    check(one, "rules.yaml", |root| fs::remove_file(root.join("rules.yaml")).expect("gone"), Seen::Reload);
    check(|_| {}, "rules.yaml", |root| write(root, "rules.yaml", "a"), Seen::Reload);
    let folder = |root: &Path| fs::create_dir(root.join("rules.d")).expect("made");
    check(folder, "rules.d", |root| write(root, "rules.d/a.yaml", "a"), Seen::Reload);
    let mapped = |root: &Path| {
        config_map(root, "..2026_01", "a");
        symlink("..data/rules.yaml", root.join("rules.yaml")).expect("linked");
    };
    check(mapped, "rules.yaml", |root| config_map(root, "..2026_02", "b"), Seen::Reload);
}

#[test]
fn what_changes_nothing_asks_for_nothing() {
    let one = |root: &Path| write(root, "rules.yaml", "a");
    check(one, "rules.yaml", |root| write(root, "rules.yaml", "a"), Seen::Nothing);
    check(one, "rules.yaml", |root| write(root, "other.txt", "b"), Seen::Nothing);
    check(one, "rules.yaml", |root| drop(fs::read(root.join("rules.yaml"))), Seen::Nothing);
}

#[test]
fn a_thousand_changes_are_few_reloads_and_the_last_one_counts() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("rules.yaml");
    write(directory.path(), "rules.yaml", "0");
    let (commands, inbound) = border::channel(64);
    let _watch = watch(vec![path], commands).expect("inotify");
    for number in 1..=1_000 {
        write(directory.path(), "new", &number.to_string());
        fs::rename(directory.path().join("new"), directory.path().join("rules.yaml")).expect("renamed");
    }
    let mut reloads = 0;
    while let Ok(Command::Reload) = inbound.recv(if reloads == 0 { SOON } else { NOTHING }) {
        reloads += 1;
    }
    assert!((1..100).contains(&reloads), "{reloads} reloads");
}

#[test]
fn links_are_followed_and_loops_end() {
    let directory = TempDir::new().expect("a directory");
    let root = directory.path();
    symlink("b", root.join("a")).expect("linked");
    symlink("a", root.join("b")).expect("linked");
    assert_eq!(folders(&[root.join("a")]).into_iter().collect::<Vec<_>>(), [root]);
}
