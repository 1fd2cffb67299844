//! The working directory: what the process spelled, while it names what the kernel says.

use super::*;

/// `(call, result, name, base the kernel tells, cwd afterwards)`
type Step = (&'static str, i64, &'static str, Option<&'static str>, Option<&'static str>);

fn walk(start: Option<&'static str>, steps: &[Step]) {
    let mut state = state();
    let shell = task(5, 1, "sh");
    let cwd = start.map(str::as_bytes);
    feed(&mut state, &snapshot(shell, Strings { exe: Some(b"/bin/sh"), cwd, ..Strings::default() }));
    for (at, (event, ret, name, base, expect)) in steps.iter().enumerate() {
        feed(&mut state, &names(event, shell, *ret, name, *base));
        assert_eq!(text(process(&state, 5).cwd.as_deref()).as_deref(), *expect, "step {at}: {event} {name}");
    }
}

#[test]
fn chdir_is_followed_as_spelled() {
    walk(
        Some("/root"),
        &[
            ("chdir", 0, "/tmp//link/.", None, Some("/tmp/link")),
            ("openat", 3, "file", Some("/data/real"), Some("/tmp/link")),
            ("openat", 3, "file", Some("/data/real"), Some("/tmp/link")),
            ("chdir", 0, "sub", Some("/data/real/sub"), Some("/tmp/link/sub")),
            ("openat", -2, "file", Some("/data/real/sub"), Some("/tmp/link/sub")),
            ("chdir", 0, "../..", Some("/data"), Some("/tmp")),
            ("chdir", -2, "/nowhere", None, Some("/tmp")),
            ("chdir", -2, "nowhere", Some("/data"), Some("/tmp")),
        ],
    );
}

#[test]
fn a_chdir_that_was_lost_is_made_good_by_the_next_relative_name() {
    walk(
        Some("/root"),
        &[
            ("openat", 3, "file", Some("/root"), Some("/root")),
            ("openat", 3, "/etc/passwd", None, Some("/root")),
            ("openat", 3, "file", Some("/srv"), Some("/srv")),
        ],
    );
}

#[test]
fn without_a_start() {
    walk(
        None,
        &[
            ("openat", 3, "/etc/passwd", None, None),
            ("chdir", 0, "sub", None, None),
            ("chdir", 0, "sub", Some("/srv/sub"), Some("/srv/sub")),
            ("chdir", 0, "/", None, Some("/")),
        ],
    );
}

#[test]
fn a_path_without_end_is_not_kept() {
    let mut state = state();
    let shell = task(5, 1, "sh");
    feed(&mut state, &snapshot(shell, Strings { cwd: Some(b"/"), ..Strings::default() }));
    let name = "d".repeat(255);
    for _ in 0..40 {
        feed(&mut state, &names("chdir", shell, 0, &name, None));
        assert!(process(&state, 5).cwd.as_ref().is_none_or(|cwd| cwd.len() <= 4096));
    }
    assert_eq!(process(&state, 5).cwd, None);
}

#[test]
fn fchdir_tells_the_directory() {
    let mut state = state();
    let shell = task(5, 1, "sh");
    feed(&mut state, &snapshot(shell, Strings { cwd: Some(b"/root"), ..Strings::default() }));
    let fchdir = |ret| {
        let mut builder = Builder::new::<File>();
        let resolved = builder.text(b"/srv", Source::Fd);
        file(builder, "fchdir", shell, File { call: Call { ret, ..zero() }, resolved, ..zero() })
    };
    feed(&mut state, &fchdir(-1));
    assert_eq!(text(process(&state, 5).cwd.as_deref()).as_deref(), Some("/root"));
    feed(&mut state, &fchdir(0));
    assert_eq!(text(process(&state, 5).cwd.as_deref()).as_deref(), Some("/srv"));
}

#[test]
fn an_exec_keeps_the_spelling_and_a_child_has_it() {
    let mut state = state();
    feed(&mut state, &snapshot(task(5, 1, "sh"), Strings { cwd: Some(b"/root"), ..Strings::default() }));
    feed(&mut state, &names("chdir", task(5, 1, "sh"), 0, "/tmp/link", None));
    feed(&mut state, &fork(task(6, 5, "sh")));
    feed(&mut state, &exec(task(6, 5, "ls"), Strings { cwd: Some(b"/data/real"), ..Strings::default() }));
    assert_eq!(text(process(&state, 6).cwd.as_deref()).as_deref(), Some("/tmp/link"));
    feed(&mut state, &names("openat", task(6, 5, "ls"), 3, "f", Some("/elsewhere")));
    assert_eq!(text(process(&state, 6).cwd.as_deref()).as_deref(), Some("/elsewhere"));
}
