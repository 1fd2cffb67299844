//! System calls: one record for each act, in order, with the right names and objects.

use std::{
    fmt::Debug,
    fs,
    os::unix::fs::{FileTypeExt, MetadataExt},
};

use sensor_agent::decode::{Body, Record};
use sensor_common::{
    arch::Arch,
    event::{File, Socket, file, socket},
    syscalls,
    tail::flag,
};

use super::processes;
use crate::{
    Seen,
    acts::{self, Act, DIR},
};

/// Mismatches so far.
#[derive(Default)]
pub(crate) struct Faults(pub(crate) Vec<String>);

impl Faults {
    /// Notes that `found` is not `expected`.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a check reads best with its values spelled in the call"
    )]
    pub(crate) fn is<T: PartialEq + Debug>(&mut self, what: &str, found: T, expected: T) {
        if found != expected {
            self.0.push(format!("{what}: {found:?}, expected {expected:?}"));
        }
    }

    /// The same for texts, readable.
    pub(crate) fn text(&mut self, what: &str, found: Option<&[u8]>, expected: Option<&str>) {
        self.is(what, found.map(String::from_utf8_lossy).as_deref(), expected);
    }
}

/// Compares everything; the faults.
pub(crate) fn everything(seen: &Seen) -> Vec<String> {
    let mut faults = Faults::default();
    for bytes in &seen.records {
        if let Err(error) = Record::parse(bytes) {
            faults.0.push(format!("undecodable: {error}"));
        }
    }
    let told = between_markers(seen);
    faults.is("number of calls", told.len(), seen.acts.len());
    for (record, act) in told.iter().zip(&seen.acts) {
        let Some(call) = record.call() else { continue };
        let before = faults.0.len();
        faults.is("number", Some(call.nr), Arch::HERE.number(act.nr).map(u32::from));
        faults.is("row", syscalls::row(record.prefix.header.slot).map(|row| row.nr), Some(act.nr));
        faults.is("result", call.ret, act.ret);
        match &record.body {
            Body::File(file) => names(record, file, act, &mut faults),
            Body::Socket(socket) => tuple(record, socket, act, &told, &mut faults),
            _ => {}
        }
        if act.label != "openat2" {
            faults.is("arguments", call.args, act.args);
        }
        processes::task(seen, &record.prefix.task, &mut faults);
        for fault in &mut faults.0[before..] {
            fault.insert_str(0, &format!("{}: ", act.label));
        }
    }
    processes::lifecycle(seen, &mut faults);
    faults.0
}

/// The child's calls from the first marker to the last, of the numbers that its acts have: its library closes, writes and
/// asks the time between them.
fn between_markers(seen: &Seen) -> Vec<Record<'_>> {
    let is_acts = |record: &Record<'_>| {
        let row = record.call().and_then(|_| syscalls::row(record.prefix.header.slot));
        row.is_some_and(|row| seen.acts.iter().any(|act| act.nr == row.nr))
    };
    let named = |record: &Record<'_>, name: &[u8]| match record.body {
        Body::File(file) => record.text(&file.name[0]) == Some(name),
        _ => false,
    };
    let calls: Vec<_> = seen
        .records()
        .filter(|record| record.prefix.task.tid == seen.child && is_acts(record))
        .skip_while(|record| !named(record, acts::BEGIN.to_bytes()))
        .collect();
    let end = calls.iter().position(|record| named(record, acts::END.to_bytes())).map_or(0, |at| at + 1);
    calls.into_iter().take(end).collect()
}

/// Label of the act; first name and base, second name and base, resolved path, word. `~` stands for [`DIR`].
type Row = (&'static str, [Option<&'static str>; 6]);

const fn one(label: &'static str, name: &'static str, base: &'static str) -> Row {
    (label, [Some(name), Some(base), None, None, None, None])
}

const fn opened(label: &'static str, name: &'static str, base: &'static str, resolved: &'static str) -> Row {
    (label, [Some(name), Some(base), None, None, Some(resolved), None])
}

const fn full(label: &'static str, name: &'static str) -> Row {
    (label, [Some(name), None, None, None, None, None])
}

const fn two(label: &'static str, a: (&'static str, &'static str), b: (&'static str, &'static str)) -> Row {
    (label, [Some(a.0), Some(a.1), Some(b.0), Some(b.1), None, None])
}

const fn object(label: &'static str, resolved: &'static str) -> Row {
    (label, [None, None, None, None, Some(resolved), None])
}

const ROWS: &[Row] = &[
    ("open", [Some("/tmp/saker-probe/file"), None, None, None, Some("~/file"), None]),
    one("open missing", "missing", "~"),
    ("open null", [None; 6]),
    opened("openat cwd", "sub/../file", "~", "~/file"),
    opened("openat dir", "sub", "~", "~/sub"),
    opened("openat dirfd", "inner", "~/sub", "~/sub/inner"),
    ("openat absolute", [Some("~/link"), None, None, None, Some("~/file"), None]),
    full("openat bad dirfd", "inner"),
    one("openat empty", "", "~/sub"),
    opened("openat2", "how", "~/sub", "~/sub/how"),
    ("creat", [Some("~/created"), None, None, None, Some("~/created"), None]),
    ("root", [Some("/"), None, None, None, Some("/"), None]),
    one("mkdir", "made", "~"),
    one("mkdirat", "made", "~/sub"),
    one("rmdir", "made", "~"),
    one("unlinkat dir", "made", "~/sub"),
    ("rename", [Some("created"), Some("~"), Some("~/renamed"), None, None, None]),
    two("renameat", ("how", "~/sub"), ("how2", "~")),
    two("renameat2", ("how2", "~"), ("how", "~/sub")),
    two("link", ("file", "~"), ("hard", "~")),
    two("linkat", ("file", "~"), ("hard", "~/sub")),
    ("symlink", [Some("../no such"), None, Some("soft"), Some("~"), None, None]),
    ("symlinkat", [Some("target"), None, Some("soft"), Some("~/sub"), None, None]),
    one("unlink", "hard", "~"),
    one("unlinkat", "hard", "~/sub"),
    one("chmod", "file", "~"),
    one("fchmodat", "inner", "~/sub"),
    one("chown", "file", "~"),
    one("lchown", "link", "~"),
    one("fchownat", "inner", "~/sub"),
    one("truncate", "file", "~"),
    ("delete_module", [None, None, None, None, None, Some("saker_no_module")]),
    one("execve missing", "no-such-program", "~"),
    one("execveat missing", "no-such-program", "~/sub"),
    ("clone of a thread without memory", [None; 6]),
    ("clone3 of nothing", [None; 6]),
    opened("open doomed", "doomed", "~", "~/doomed"),
    one("unlink doomed", "doomed", "~"),
    object("fchmod", "~/doomed"),
    object("fchmod deleted", "~/doomed"),
    object("fchown", "~/doomed"),
    object("ftruncate", "~/doomed"),
    ("fchmod bad", [None; 6]),
    ("memfd", [None, None, None, None, None, Some("saker-memory")]),
    object("fchmod memfd", "memfd:saker-memory"),
    object("fchmod pipe", ""),
    ("mount", [Some("none"), None, Some("mnt"), Some("~"), None, Some("tmpfs")]),
    opened("open mounted", "mnt/f", "~", "~/mnt/f"),
    one("umount2", "mnt", "~"),
    one("chdir", "sub", "~/sub"),
    opened("open in sub", "inner", "~/sub", "~/sub/inner"),
    opened("open up", "..", "~/sub", "~"),
    object("fchdir", "~"),
    ("finit_module", [None, None, None, None, None, Some("x=1")]),
    ("init_module", [None, None, None, None, None, Some("x=2")]),
    one("chroot missing", "no-such-root", "~"),
];

fn names(record: &Record<'_>, told: &File, act: &Act, faults: &mut Faults) {
    let slices = [told.name[0], told.base[0], told.name[1], told.base[1], told.resolved, told.word];
    let what = ["name", "base", "second name", "second base", "resolved", "word"];
    if let Some((_, row)) = ROWS.iter().find(|(label, _)| *label == act.label) {
        for ((slice, what), expected) in slices.iter().zip(what).zip(row) {
            let expected = expected.map(|text| text.replacen('~', DIR, 1));
            faults.text(what, record.text(slice), expected.as_deref());
        }
    } else if act.label == "open deep" {
        let path = format!("{DIR}/{}/leaf", acts::deep().display());
        faults.text("name", record.text(&told.name[0]), Some(&path));
        faults.text("resolved", record.text(&told.resolved), Some(&path));
    } else if !["begin", "end"].contains(&act.label.as_str()) {
        faults.0.push("no row for it".to_owned());
    }
    let flags = told.resolved.flags;
    faults.is(
        "deleted",
        flags & flag::DELETED != 0,
        ["fchmod deleted", "fchown", "ftruncate"].contains(&act.label.as_str()),
    );
    faults.is("truncated or raced", flags & (flag::TRUNCATED | flag::RACED), 0);
    let creates = ["openat dirfd", "openat2", "creat", "open doomed", "open mounted"];
    faults.is("created", told.flags & file::CREATED != 0, creates.contains(&act.label.as_str()));
    match act.label.as_str() {
        "open" => {
            if let Ok(status) = fs::metadata("/tmp") {
                faults.is("device", u64::from(told.dev), status.dev());
                faults.is("is a regular file", told.mode & 0o170_000, 0o100_000);
                debug_assert!(!status.file_type().is_socket());
            }
        }
        "openat2" => faults.is("how", told.call.args, [act.args[0], act.args[1], 0o102, 0o600, 8, 0]),
        _ => {}
    }
}

/// Label; family, type, whether the remote is the server, path.
type SocketRow = (&'static str, u16, u16, bool, Option<&'static [u8]>);

const SOCKETS: &[SocketRow] = &[
    ("dup", 0, 0, false, None),
    ("dup2", 0, 0, false, None),
    ("dup3", 0, 0, false, None),
    ("socket", 2, 1, false, None),
    ("bind", 2, 1, false, None),
    ("listen", 2, 1, false, None),
    ("socket client", 2, 1, false, None),
    ("connect", 2, 1, true, None),
    ("accept", 2, 1, false, None),
    ("socket hasty", 2, 1, false, None),
    ("connect hasty", 2, 1, true, None),
    ("accept4", 2, 1, false, None),
    ("accept none", 0, 0, false, None),
    ("socket lonely", 2, 1, false, None),
    ("connect refused", 2, 1, false, None),
    ("dup of socket", 2, 1, false, None),
    ("dup2 of socket", 2, 1, true, None),
    ("dup3 of socket", 2, 1, false, None),
    ("dup bad", 0, 0, false, None),
    ("socket udp", 2, 2, false, None),
    ("sendto", 2, 2, false, None),
    ("sendmsg", 2, 2, false, None),
    ("sendmmsg", 2, 2, false, None),
    ("recvfrom", 2, 2, false, None),
    ("recvmsg", 2, 2, false, None),
    ("sendto no socket", 0, 0, false, None),
    ("socket v6", 10, 2, false, None),
    ("connect v6", 10, 2, false, None),
    ("socket path", 1, 1, false, None),
    ("bind path", 1, 1, false, Some(b"/tmp/saker-probe/sock")),
    ("listen path", 1, 1, false, Some(b"/tmp/saker-probe/sock")),
    ("socket client path", 1, 1, false, None),
    ("connect path", 1, 1, false, Some(b"/tmp/saker-probe/sock")),
    ("accept path", 1, 1, false, Some(b"/tmp/saker-probe/sock")),
    ("socket abstract", 1, 1, false, None),
    ("bind abstract", 1, 1, false, Some(b"\0saker-probe")),
    ("listen abstract", 1, 1, false, Some(b"\0saker-probe")),
    ("socket client abstract", 1, 1, false, None),
    ("connect abstract", 1, 1, false, Some(b"\0saker-probe")),
    ("accept abstract", 1, 1, false, Some(b"\0saker-probe")),
];

fn tuple(record: &Record<'_>, told: &Socket, act: &Act, all: &[Record<'_>], faults: &mut Faults) {
    let port = all.iter().find_map(|other| match other.body {
        Body::Socket(socket)
            if syscalls::row(other.prefix.header.slot).is_some_and(|row| row.name == "listen") =>
        {
            Some(socket.local_port)
        }
        _ => None,
    });
    let Some((_, family, kind, to_server, path)) = SOCKETS.iter().find(|row| row.0 == act.label) else {
        faults.0.push("no row for it".to_owned());
        return;
    };
    // A kernel without IPv6 has nothing to tell of it.
    if act.label.ends_with("v6") && told.fd < 0 {
        return;
    }
    faults.is("family", told.family, *family);
    faults.is("type", told.sock_type, *kind);
    let text = record.text(&told.path).filter(|path| !path.is_empty());
    // A path's name carries its NUL on the wire or not, as it was bound.
    faults.is("path", text.map(|path| path.strip_suffix(b"\0").unwrap_or(path)), *path);
    faults.is("raced", told.flags & socket::RACED, 0);
    let loopback = [127, 0, 0, 1];
    if *to_server {
        faults.is("remote", (told.remote[..4].to_vec(), Some(told.remote_port)), (loopback.to_vec(), port));
        faults.is("local is set", told.local_port != 0, true);
    }
    if act.label.starts_with("accept") && told.family == 2 {
        faults.is("local", (told.local[..4].to_vec(), Some(told.local_port)), (loopback.to_vec(), port));
        faults.is("remote is set", told.remote_port != 0, true);
    }
    let address = record.text(&told.addr);
    if ["connect", "connect hasty", "sendto", "sendmsg", "sendmmsg"].contains(&act.label.as_str()) {
        let given = address.map(|bytes| (bytes.len(), bytes[..2].to_vec(), bytes[4..8].to_vec()));
        faults.is("address", given, Some((16, vec![2, 0], loopback.to_vec())));
    }
    if act.label == "connect v6" && told.call.ret == 0 {
        let mut one = [0; 16];
        one[15] = 1;
        faults.is("remote v6", (told.remote, told.remote_port), (one, 1));
    }
    if act.label == "connect refused" {
        faults.is("refused", (told.call.ret, address.map(<[u8]>::len)), (-111, Some(16)));
    }
    if act.label == "listen" {
        faults.is("listener", told.flags & socket::LISTENER, socket::LISTENER);
    }
}
