//! Roots as hostile containers make them, and id maps as the kernel writes them.

use std::{
    fs,
    os::{
        fd::OwnedFd,
        unix::{fs::symlink, net::UnixListener},
    },
    path::Path,
};

use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat, open};

use super::{ContainerFiles, Found, IdMap, MAX_BYTES, text};
use crate::enrich::rosters::Unread;

const PASSWD: &str = "app:x:1000:1000::/srv:/bin/sh\n";

/// What is read of `etc/passwd` below a root that `make` filled.
fn read(make: impl FnOnce(&Path)) -> Vec<u8> {
    let directory = tempfile::tempdir().expect("a directory");
    // What lies beside the root must never be read.
    fs::write(directory.path().join("secret"), "secret").expect("written");
    let root = directory.path().join("root");
    fs::create_dir_all(root.join("etc")).expect("made");
    make(&root);
    text(&opened(&root), "etc/passwd")
}

fn opened(root: &Path) -> OwnedFd {
    open(root, OFlags::PATH | OFlags::DIRECTORY, Mode::empty()).expect("a root")
}

#[test]
fn what_is_read_of_hostile_roots() {
    type Make = fn(&Path);
    let cases: &[(&str, Make, &str)] = &[
        ("a file", |root| fs::write(root.join("etc/passwd"), PASSWD).expect("written"), PASSWD),
        ("nothing", |_| {}, ""),
        (
            "a link inside, absolute",
            |root| {
                fs::write(root.join("real"), PASSWD).expect("written");
                symlink("/real", root.join("etc/passwd")).expect("linked");
            },
            PASSWD,
        ),
        ("a link out", |root| symlink("../../secret", root.join("etc/passwd")).expect("linked"), ""),
        (
            "an absolute link out",
            |root| symlink("/etc/hostname", root.join("etc/passwd")).expect("linked"),
            "",
        ),
        (
            "a directory that is a link out",
            |root| {
                fs::remove_dir(root.join("etc")).expect("removed");
                symlink("../..", root.join("etc")).expect("linked");
            },
            "",
        ),
        ("a link to itself", |root| symlink("passwd", root.join("etc/passwd")).expect("linked"), ""),
        (
            "a magic link",
            |root| {
                symlink("/proc/self/exe", root.join("etc/passwd")).expect("linked");
            },
            "",
        ),
        ("a directory", |root| fs::create_dir(root.join("etc/passwd")).expect("made"), ""),
        (
            "a pipe without a writer",
            |root| {
                let path = root.join("etc/passwd");
                mknodat(CWD, &path, FileType::Fifo, Mode::RUSR, 0).expect("a pipe");
            },
            "",
        ),
        ("a socket", |root| drop(UnixListener::bind(root.join("etc/passwd")).expect("bound")), ""),
    ];
    for (what, make, expect) in cases {
        assert_eq!(String::from_utf8_lossy(&read(make)), *expect, "{what}");
    }
}

#[test]
fn what_is_too_large_is_cut() {
    let huge = read(|root| {
        let file = fs::File::create(root.join("etc/passwd")).expect("made");
        file.set_len(1 << 40).expect("a hole");
    });
    assert_eq!(huge.len() as u64, MAX_BYTES);
}

#[test]
fn ids_outside() {
    let cases: &[(&str, u32, Option<u32>)] = &[
        ("         0          0 4294967295\n", 1000, Some(1000)),
        ("0 100000 65536", 0, Some(100_000)),
        ("0 100000 65536", 65_535, Some(165_535)),
        ("0 100000 65536", 65_536, None),
        ("0 1000 1\n1 100000 65536\n", 0, Some(1000)),
        ("0 1000 1\n1 100000 65536\n", 1, Some(100_000)),
        ("", 0, None),
        ("0 4294967295 10", 5, None),
        ("x y z\n5 6\n7 8 1 9", 7, Some(8)),
    ];
    for (map, id, expect) in cases {
        assert_eq!(IdMap::parse(map.as_bytes()).outside(*id), *expect, "{map:?} {id}");
    }
}

/// Our own root is never taken for another container's.
#[test]
fn the_hosts_root_is_no_containers() {
    let me = Unread::of_this_process("c");
    assert_eq!(ContainerFiles::new().read(&me), Found::NotYet);
    let gone = Unread { task: sensor_common::Task { start_ns: 1, ..me.task }, ..me };
    assert_eq!(ContainerFiles::new().read(&gone), Found::NotYet);
}
