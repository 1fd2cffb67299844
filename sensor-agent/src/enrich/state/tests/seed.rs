//! The scan at start.

use sensor_common::task::flag::KTHREAD;

use super::*;
use crate::decode::DecodeError;

const SCAN: Strings<'_> = Strings {
    exe: Some(b"/usr/sbin/nginx"),
    argv: None,
    env: None,
    cwd: Some(b"/"),
    cgroup: Some(b"nginx.service\0system.slice\0"),
};

#[test]
fn processes_that_are_there() {
    let mut state = state();
    let records = [
        snapshot(task(1, 0, "systemd"), SCAN),
        snapshot(Task { flags: KTHREAD, ..task(2, 0, "kthreadd") }, Strings::default()),
        snapshot(task(5, 1, "nginx"), SCAN),
    ]
    .concat();
    let argv = [(2, &b"never"[..]), (5, b"nginx: worker\0-g\0x")].into();
    let files = Files { argv, env: [(5, &b"A=1"[..])].into() };
    assert_eq!(state.seed(&records, &files), Ok(3));
    let nginx = process(&state, 5);
    assert_eq!(text(Some(&nginx.cmdline)).as_deref(), Some("nginx -g x"));
    assert_eq!(nginx.env.as_deref(), Some(&b"A=1"[..]));
    assert_eq!(text(nginx.cgroup.as_deref()).as_deref(), Some("/system.slice/nginx.service"));
    assert!(nginx.is_inferred);
    assert_eq!(process(&state, 2).argv, None, "kernel threads have none");
    assert_eq!(process(&state, 1).argv, None);
    assert_eq!(state.lineage(nginx).count(), 2);
    // In-band argv comes with the first record of a process.
    feed(
        &mut state,
        &snapshot(task(1, 0, "systemd"), Strings { argv: Some(b"/sbin/init\0splash\0"), ..SCAN }),
    );
    assert_eq!(text(Some(&process(&state, 1).cmdline)).as_deref(), Some("systemd splash"));
}

#[test]
fn it_works_without_files_and_stops_at_damage() {
    let mut state = state();
    let mut records = [snapshot(task(1, 0, "init"), SCAN), snapshot(task(5, 1, "sh"), SCAN)].concat();
    assert_eq!(state.seed(&records, &()), Ok(2));
    assert_eq!(state.seed(b"", &()), Ok(0));
    records.truncate(records.len() - 1);
    assert!(matches!(limited(9).seed(&records, &()), Err(DecodeError::Length { .. })));
}
