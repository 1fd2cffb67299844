//! The table against Falco's lists, names, and values of records.

use std::{collections::HashSet, env, fs, path::PathBuf};

use proptest::prelude::*;
use sensor_common::{
    Kind,
    event::{Socket, socket as socket_flag},
};

use super::{Arg, ArgKind, ArgRule, CLASSES, Class, FieldRef, flag, list, path};
use crate::{
    decode::zero,
    enrich::Side,
    rules::{
        Value,
        fixture::{Names, call, exit, file, lifecycle, process, shows, socket, within},
        output,
    },
};

const O_CREAT: u64 = 0o100;
const AT_FDCWD: u64 = (-100_i64).cast_unsigned();

#[test]
fn the_table_is_complete_and_sound() {
    let fields: Vec<_> = CLASSES.iter().flat_map(Class::fields).collect();
    let names: HashSet<_> = fields.iter().map(|field| field.name).collect();
    assert_eq!(names.len(), fields.len(), "names are unique");
    let n_plugin = fields.iter().filter(|field| field.is(flag::PLUGIN)).count();
    assert_eq!((fields.len() - n_plugin, n_plugin), (233, 61));
    assert!(fields.iter().all(|field| field.doc.ends_with('.') && !field.doc.contains('\n')));
    let count = |bit| fields.iter().filter(|field| field.is(bit)).count();
    assert_eq!((count(flag::DEPRECATED), count(flag::PRINT_ONLY), count(flag::SUGGESTED)), (7, 1, 6));
}

/// Falco's own lists, where the machine has them.
fn reference(file: &str) -> Option<String> {
    let Some(folder) = env::var_os("SAKER_CONFORMANCE") else {
        eprintln!("skipped: SAKER_CONFORMANCE does not name a folder with Falco's lists");
        return None;
    };
    Some(fs::read_to_string(PathBuf::from(folder).join("reference").join(file)).expect("Falco's list"))
}

#[test]
fn names_types_and_marks_are_those_of_falco() {
    let Some(text) = reference("list-fields.json") else { return };
    let theirs: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let ours = list::json();
    let strip = |classes: &serde_json::Value| -> Vec<serde_json::Value> {
        let classes = classes["fieldclasses"].as_array().expect("classes").iter();
        let fields = classes.flat_map(|class| class["fields"].as_array().expect("fields").clone());
        fields
            .map(|mut field| {
                field["desc"] = serde_json::Value::Null;
                field
            })
            .collect()
    };
    for (ours, theirs) in strip(&ours).into_iter().zip(strip(&theirs)) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(reference("list-field-names.txt").expect("as above"), list::names());
}

/// Everything of the text listing that is no free text.
#[test]
fn the_text_listing_has_falcos_shape() {
    let Some(text) = reference("list-fields-verbose.txt") else { return };
    let heads = |text: &str| -> Vec<String> {
        let of = |line: &str| -> Option<String> {
            let name = line.split(' ').next().filter(|name| !name.is_empty())?;
            let marks = line.split("(Type: ").nth(1)?;
            let marks: Vec<_> = marks.split(") ").take(2).filter(|m| !m.contains(' ')).collect();
            Some(format!("{name} {marks:?}"))
        };
        text.lines().filter_map(of).collect()
    };
    for (ours, theirs) in heads(&list::text(true)).into_iter().zip(heads(&text)) {
        assert_eq!(ours, theirs);
    }
    let starts = |text: &str, start: &str| text.lines().filter(|line| line.starts_with(start)).count();
    for start in ["-----", "Field Class: ", "Event Sources: "] {
        assert_eq!(starts(&list::text(true), start), starts(&text, start), "{start}");
    }
    assert!(list::text(true).lines().all(|line| line.len() <= 121 && (line.is_empty() || line.len() >= 29)));
}

#[test]
fn names_resolve_or_say_why_not() {
    let nonexistent = "filter_check called with nonexistent field";
    let cases: &[(&str, Option<&str>, &str)] = &[
        ("proc.name", None, "proc.name"),
        ("proc.aname", Some("2"), "proc.aname[2]"),
        ("proc.aname", Some("-1"), "proc.aname[4294967295]"),
        ("proc.env", Some("A=B"), "proc.env[A=B]"),
        ("proc.aenv", Some("PATH"), "proc.aenv[PATH]"),
        ("evt.arg.flags", None, "evt.arg.flags"),
        ("evt.arg", Some("99"), "evt.arg[99]"),
        ("evt.rawarg.res", None, "evt.rawarg.res"),
        ("evt.rawarg.addr", None, "evt.rawarg.addr"),
        ("evt.type.is.open", None, "evt.type.is.open"),
        ("evt.abspath", None, "evt.abspath"),
        ("evt.abspath.dst", None, "evt.abspath.dst"),
        ("evt.around", Some("5"), "evt.around[5]"),
        ("thread.cgroup.cpu", None, "thread.cgroup.cpu"),
        ("fd.types", Some("0"), "fd.types[0]"),
        ("container.mount", Some("/etc"), "container.mount[/etc]"),
        ("container.label", Some("a.b/c-d"), "container.label[a.b/c-d]"),
    ];
    for (name, arg, key) in cases {
        assert_eq!(FieldRef::resolve(name, *arg).map(|field| field.key()).as_deref(), Ok(*key));
    }
    let errors: &[(&str, Option<&str>, &str)] = &[
        ("evt.arg", None, "filter syntax error: evt.arg"),
        ("thread.cgroup", None, "filter syntax error: thread.cgroup"),
        ("evt.arg.nosuch", None, "unknown event argument nosuch"),
        ("evt.arg", Some("name"), "name is not a valid number"),
        ("fd.types", Some("a"), "a is not a valid number"),
        ("evt.rawarg", Some("0"), "evt.arg fields must be expressed explicitly"),
        ("evt.rawarg.data", None, "wrong parameter type 10"),
        ("evt.rawarg.sig", None, "wrong parameter type 19"),
        (
            "container.label",
            None,
            "filter 'container.label': container.label requires an argument but none provided",
        ),
        (
            "container.label.a",
            None,
            "filter 'container.label.a': container.label requires an argument but none provided",
        ),
        (
            "container.id",
            Some("1"),
            "filter 'container.id[1]': container.id does not allow nor require an argument but one is provided: 1",
        ),
    ];
    for (name, arg, text) in errors {
        assert_eq!(FieldRef::resolve(name, *arg).expect_err("an error").to_string(), *text);
    }
    for given in [
        "evt.arg.name.x",
        "proc.namex",
        "proc.nope",
        "k8s.foo",
        "proc.env.PATH",
        "fd.net.x",
        "evt.abspath.x",
        "",
    ] {
        let error = FieldRef::resolve(given, None).expect_err("an error").to_string();
        assert_eq!(error, format!("{nonexistent} {given}"));
    }
    for (name, arg) in [("proc.name", "1"), ("evt.args", "0"), ("proc.aname", "1.5"), ("proc.args", "a")] {
        let error = FieldRef::resolve(name, Some(arg)).expect_err("an error").to_string();
        assert_eq!(error, format!("{nonexistent} {name}[{arg}]"));
    }
}

#[test]
fn paths_are_joined_lexically() {
    let arena = bumpalo::Bump::new();
    let cases: &[(&str, &str, &str)] = &[
        ("/tmp/sc", "d/../f", "/tmp/sc/f"),
        ("/tmp/sc", "../../../x", "/x"),
        ("/", "a", "/a"),
        ("/", "..", "/"),
        ("/a", "/b//c/./", "/b/c"),
        ("/a", ".", "/a"),
        ("/a", "", ""),
    ];
    for (base, name, expect) in cases {
        assert_eq!(path::join(&arena, base.as_bytes(), name.as_bytes()), expect.as_bytes(), "{base} {name}");
    }
    assert_eq!(
        (path::directory(b"/a/b"), path::directory(b"/a"), path::directory(b"")),
        (&b"/a"[..], &b"/"[..], &b"/"[..])
    );
    assert_eq!(path::squeezed(&arena, b"//a///b"), b"/a/b");
}

#[test]
fn an_open() {
    let names = Names { name: [Some(b"../sc/f"), None], base: [b"/tmp/d", b""], ..Names::default() };
    let record = file("openat", 3, [AT_FDCWD, 0, O_CREAT | 2, 0o750, 0, 0], names);
    shows(
        &record,
        Side::Caller,
        &[
            ("evt.type", "openat"),
            ("syscall.type", "openat"),
            ("evt.type.is.openat", "1"),
            ("evt.type.is.open", "0"),
            ("evt.dir", "<"),
            ("evt.category", "file"),
            ("evt.num", "5"),
            ("evt.time", "23:13:20.123456789"),
            ("evt.datetime.s", "2023-11-14 23:13:20"),
            ("evt.time.iso8601", "2023-11-14T22:13:20.123456789+0000"),
            ("evt.rawtime.ns", "123456789"),
            ("evt.res", "SUCCESS"),
            ("evt.rawres", "3"),
            ("evt.failed", "false"),
            ("evt.count.error.file", "0"),
            ("evt.count.error.net", "-"),
            ("evt.is_open_read", "true"),
            ("evt.is_open_write", "true"),
            ("evt.is_open_exec", "true"),
            ("evt.is_open_create", "false"),
            ("evt.abspath", "/tmp/sc/f"),
            ("fd.num", "3"),
            ("fd.type", "file"),
            ("fd.typechar", "f"),
            ("fd.name", "/tmp/sc/f"),
            ("fd.nameraw", "../sc/f"),
            ("fd.directory", "/tmp/sc"),
            ("fd.filename", "f"),
            ("fd.dev", "100801"),
            ("fd.dev.major", "8"),
            ("fd.dev.minor", "257"),
            ("fd.ino", "42"),
            ("fd.l4proto", "<NA>"),
            ("fd.sockfamily", "-"),
            ("fd.connected", "false"),
            ("fd.name_changed", "true"),
            ("fd.cip", "-"),
            ("fd.containername", "host:/tmp/sc/f"),
            ("fs.path.name", "/tmp/sc/f"),
            ("fs.path.nameraw", "../sc/f"),
        ],
    );
}

#[test]
fn an_open_that_failed() {
    let names = Names { name: [Some(b"/tmp/sc/missing"), None], ..Names::default() };
    let expect = [
        ("evt.res", "ENOENT"),
        ("evt.failed", "true"),
        ("fd.num", "-1"),
        ("fd.type", "-"),
        ("fd.name", "/tmp/sc/missing"),
        ("fd.directory", "/tmp/sc"),
        ("fd.filename", "-"),
        ("fd.connected", "-"),
        ("fd.ino", "-"),
        ("evt.count.error.file", "1"),
        ("fs.path.name", "/tmp/sc/missing"),
    ];
    let open = file("open", -2, [0; 6], names);
    shows(&open, Side::Caller, &expect);
    shows(&open, Side::Caller, &[("fd.typechar", "o")]);
    let openat = file("openat", -2, [AT_FDCWD, 0, 0, 0, 0, 0], names);
    shows(&openat, Side::Caller, &expect);
    shows(&openat, Side::Caller, &[("fd.typechar", "f")]);
    let relative = Names { name: [Some(b"g"), None], ..Names::default() };
    let lost = file("openat", -9, [77, 0, 0, 0, 0, 0], relative);
    shows(&lost, Side::Caller, &[("fd.name", "<UNKNOWN>g"), ("fd.nameraw", "g"), ("fd.directory", "/")]);
}

#[test]
fn names_without_a_descriptor() {
    let two = Names { name: [Some(b"a"), Some(b"/x/b")], base: [b"/d", b""], ..Names::default() };
    let rename = file("renameat2", 0, [3, 0, AT_FDCWD, 0, 1, 0], two);
    shows(
        &rename,
        Side::Caller,
        &[
            ("fd.num", "-"),
            ("fd.name", "-"),
            ("fs.path.source", "/d/a"),
            ("fs.path.sourceraw", "a"),
            ("fs.path.target", "/x/b"),
            ("fs.path.name", "-"),
            ("evt.abspath.src", "/d/a"),
            ("evt.abspath.dst", "/x/b"),
            ("evt.count.error.other", "0"),
        ],
    );
    let link = Names { name: [Some(b"../x/y"), Some(b"new")], base: [b"", b"/tmp/sc"], ..Names::default() };
    shows(
        &file("symlink", 0, [0; 6], link),
        Side::Caller,
        &[("fs.path.source", "/tmp/sc/new"), ("fs.path.target", "/tmp/x/y"), ("fs.path.targetraw", "../x/y")],
    );
    let one = Names { name: [Some(b"g"), None], base: [b"/tmp/d", b""], ..Names::default() };
    let unlink = file("unlinkat", 0, [3, 0, 0, 0, 0, 0], one);
    shows(
        &unlink,
        Side::Caller,
        &[
            ("fd.num", "3"),
            ("fd.type", "directory"),
            ("fd.name", "/tmp/d"),
            ("fs.path.name", "/tmp/d/g"),
            ("fd.ino", "-"),
        ],
    );
    shows(&file("unlinkat", -2, [3, 0, 0, 0, 0, 0], one), Side::Caller, &[("fs.path.name", "-")]);
    let fchmod = Names { resolved: b"/tmp/f", mode: 0o100_644, ..Names::default() };
    shows(
        &file("fchmod", 0, [5, 0o600, 0, 0, 0, 0], fchmod),
        Side::Caller,
        &[("fd.num", "5"), ("fd.name", "/tmp/f"), ("fd.type", "file"), ("fs.path.name", "/tmp/f")],
    );
    shows(
        &call("dup2", -9, [99, 4, 0, 0, 0, 0]),
        Side::Caller,
        &[("fd.num", "99"), ("fd.name", ""), ("fd.typechar", "o")],
    );
    shows(
        &call("truncate", 0, [0; 6]),
        Side::Caller,
        &[("evt.res", "-"), ("evt.args", ""), ("evt.arg[0]", "truncate")],
    );
}

fn inet(local: [u8; 4], local_port: u16, remote: [u8; 4], remote_port: u16) -> Socket {
    let wide = |four: [u8; 4]| -> [u8; 16] {
        let mut wide = [0; 16];
        wide[..4].copy_from_slice(&four);
        wide
    };
    Socket {
        local: wide(local),
        remote: wide(remote),
        local_port,
        remote_port,
        family: 2,
        sock_type: 1,
        protocol: 6,
        fd: 4,
        ..zero()
    }
}

fn with_fd(socket: Socket) -> Socket {
    let mut socket = socket;
    socket.call.args[0] = 4;
    socket
}

#[test]
fn sockets_and_their_roles() {
    let ours = inet([10, 0, 0, 1], 40_000, [1, 2, 3, 4], 443);
    shows(
        &socket("connect", -115, with_fd(ours), b"", b""),
        Side::Caller,
        &[
            ("fd.name", "10.0.0.1:40000->1.2.3.4:443"),
            ("fd.cip", "10.0.0.1"),
            ("fd.sip", "1.2.3.4"),
            ("fd.sport", "443"),
            ("fd.lport", "40000"),
            ("fd.rip", "1.2.3.4"),
            ("fd.sproto", "443"),
            ("fd.l4proto", "tcp"),
            ("fd.sockfamily", "ip"),
            ("fd.typechar", "4"),
            ("fd.connected", "true"),
            ("fd.name_changed", "true"),
            ("fd.is_server", "false"),
            ("fd.directory", "-"),
            ("fd.ino", "0"),
            ("fd.ip", "-"),
            ("evt.category", "net"),
            ("evt.count.error.net", "1"),
        ],
    );
    let refused = inet([10, 0, 0, 1], 0, [0; 4], 0);
    shows(
        &socket("connect", -111, with_fd(refused), b"", b""),
        Side::Caller,
        &[
            ("fd.name", ""),
            ("fd.cip", "-"),
            ("fd.l4proto", "<NA>"),
            ("fd.connected", "false"),
            ("fd.typechar", "4"),
        ],
    );
    let accepted = inet([10, 0, 0, 1], 22, [1, 2, 3, 4], 40_000);
    shows(
        &socket("accept", 5, accepted, b"", b""),
        Side::Caller,
        &[
            ("fd.num", "5"),
            ("fd.name", "1.2.3.4:40000->10.0.0.1:22"),
            ("fd.cip", "1.2.3.4"),
            ("fd.lport", "22"),
            ("fd.rport", "40000"),
            ("fd.is_server", "true"),
        ],
    );
    // Established, seen in the middle: the lower port serves.
    shows(
        &socket("sendto", 5, with_fd(accepted), b"", b""),
        Side::Caller,
        &[
            ("fd.name", "1.2.3.4:40000->10.0.0.1:22"),
            ("fd.name_changed", "false"),
            ("fd.connected", "true"),
            ("evt.buflen", "5"),
            ("evt.is_io_write", "true"),
            ("evt.io_dir", "write"),
        ],
    );
    let bound = Socket { flags: socket_flag::LISTENER, ..inet([0; 4], 80, [0; 4], 0) };
    shows(
        &socket("listen", 0, with_fd(bound), b"", b""),
        Side::Caller,
        &[
            ("fd.name", "0.0.0.0:80"),
            ("fd.sport", "80"),
            ("fd.lport", "-"),
            ("fd.cproto", ""),
            ("fd.is_server", "true"),
            ("fd.l4proto", "tcp"),
        ],
    );
    let datagram = Socket { sock_type: 2, protocol: 17, ..inet([10, 0, 0, 1], 5000, [0; 4], 0) };
    let to = [2, 0, 0, 53, 8, 8, 8, 8];
    shows(
        &socket("sendto", 3, with_fd(datagram), &to, b""),
        Side::Caller,
        &[
            ("fd.name", "10.0.0.1:5000->8.8.8.8:53"),
            ("fd.name_changed", "true"),
            ("fd.connected", "false"),
            ("fd.l4proto", "udp"),
        ],
    );
    let unix = Socket { family: 1, sock: 0xabc, peer: 0xdef, sock_type: 1, ..zero() };
    shows(
        &socket("connect", 0, with_fd(unix), b"", b"/tmp/s\0junk"),
        Side::Caller,
        &[
            ("fd.name", "abc->def /tmp/s"),
            ("fd.type", "unix"),
            ("fd.sockfamily", "unix"),
            ("fd.sport", "-"),
            ("fd.connected", "true"),
        ],
    );
    shows(
        &socket("socket", -13, zero(), b"", b""),
        Side::Caller,
        &[("fd.num", "-1"), ("fd.typechar", "4"), ("fd.type", "-")],
    );
}

#[test]
fn both_ends_are_a_list() {
    let record = socket("connect", 0, with_fd(inet([10, 0, 0, 1], 9, [1, 2, 3, 4], 8)), b"", b"");
    let values = |record: &[u8], name: &str| -> Option<usize> {
        within(record, &process(), Side::Caller, |c| {
            match FieldRef::resolve(name, None).expect("a field").get(c) {
                Some(Value::List(list)) => Some(list.len()),
                other => {
                    assert_eq!(other, None);
                    None
                }
            }
        })
    };
    assert_eq!(
        (values(&record, "fd.ip"), values(&record, "fd.port"), values(&record, "fd.net")),
        (Some(2), Some(2), Some(2))
    );
    let known = file("open", 3, [0; 6], Names { name: [Some(b"/f"), None], ..Names::default() });
    assert_eq!(values(&known, "fd.ip"), Some(0), "exists, and compares with nothing");
    assert_eq!(values(&call("kill", 0, [0; 6]), "fd.ip"), None);
}

#[test]
fn processes_users_containers() {
    let record = call("setuid", 0, [0; 6]);
    shows(
        &record,
        Side::Caller,
        &[
            ("proc.name", "sh"),
            ("proc.exe", "argzero"),
            ("proc.exepath", "/bin/dash"),
            ("proc.args", "one two words  -x"),
            ("proc.args[1]", "two words"),
            ("proc.args[9]", ""),
            ("proc.cmdnargs", "4"),
            ("proc.cmdlenargs", "14"),
            ("proc.cmdline", "sh one two words  -x"),
            ("proc.exeline", "argzero one two words  -x"),
            ("proc.env[B]", "two words"),
            ("proc.env[C]", ""),
            ("proc.cwd", "/tmp/sc/"),
            ("proc.pid", "100"),
            ("proc.ppid", "50"),
            ("proc.vpid", "100"),
            ("proc.sid", "100"),
            ("proc.sname", "sh"),
            ("proc.pgid.exe", "argzero"),
            ("proc.pname", "-"),
            ("proc.aname[0]", "sh"),
            ("proc.aname[9]", "-"),
            ("proc.apid", "100"),
            ("proc.aname", ""),
            ("proc.loginshellid", "100"),
            ("proc.duration", "2000000000"),
            ("proc.exe_ino.ctime_duration_proc_start", "1000000000"),
            ("proc.exe_ino.mtime", "-"),
            ("proc.is_exe_from_memfd", "true"),
            ("proc.is_exe_lower_layer", "false"),
            ("proc.is_sid_leader", "true"),
            ("proc.vmsize", "40"),
            ("proc.nthreads", "3"),
            ("proc.nchilds", "2"),
            ("thread.tid", "100"),
            ("thread.vtid", "100"),
            ("thread.ismain", "true"),
            ("thread.cap_effective", "CAP_CHOWN CAP_DAC_OVERRIDE"),
            ("thread.cap_permitted", ""),
            ("thread.cgroup.memory", "/user.slice"),
            ("user.name", "root"),
            ("user.shell", "/bin/bash"),
            ("user.loginuid", "-1"),
            ("user.loginname", "<NA>"),
            ("group.name", "root"),
            ("container.id", "host"),
            ("container.type", "host"),
            ("container.name", "host"),
            ("container.image.repository", ""),
            ("container.privileged", "false"),
            ("container.start_ts", "-"),
            ("k8s.pod.name", "-"),
            ("evt.hostname", "h1"),
            ("evt.source", "syscall"),
        ],
    );
}

#[test]
fn lifecycle_events() {
    let fork = lifecycle(Kind::Fork, b"");
    shows(
        &fork,
        Side::Caller,
        &[("evt.type", "clone"), ("evt.rawres", "101"), ("thread.tid", "100"), ("evt.res", "SUCCESS")],
    );
    shows(&fork, Side::Child, &[("evt.rawres", "0"), ("thread.tid", "101")]);
    shows(
        &exit(9),
        Side::Caller,
        &[("evt.type", "procexit"), ("syscall.type", "-"), ("evt.dir", ">"), ("evt.res", "-")],
    );
    let sight = lifecycle(Kind::Process, b"");
    shows(&sight, Side::Caller, &[("evt.type", "-"), ("evt.args", "-")]);
}

/// Every field with every kind of argument that it takes.
fn every_field() -> Vec<FieldRef> {
    let mut all = Vec::new();
    for field in CLASSES.iter().flat_map(Class::fields) {
        let mut push = |arg| all.push(FieldRef { field, arg, ty: field.ty, shape: field.shape });
        push(Arg::None);
        if field.arg != ArgRule::None {
            (0..4).chain([u32::MAX]).for_each(|index| push(Arg::Index(index)));
            push(Arg::Key("name".to_owned()));
            push(Arg::Key("1700000000".to_owned()));
        }
        if field.arg_kind == ArgKind::Param {
            for param in sensor_common::syscalls::TABLE.iter().flat_map(|row| row.params) {
                push(Arg::Key(param.name.to_owned()));
            }
        }
    }
    all
}

fn read_everything(record: &[u8], text: &[u8]) {
    let mut process = process();
    process.argv = Some(text.into());
    process.env = Some(text.into());
    process.cwd = Some(text.into());
    process.name = text.into();
    for side in [Side::Caller, Side::Child] {
        within(record, &process, side, |c| {
            for field in every_field() {
                let _value = output::json(c, &field);
                let _text = output::printed(c, &field);
            }
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn hostile_bytes_never_panic(
        slot in 0_usize..sensor_common::syscalls::TABLE.len(),
        ret in any::<i64>(),
        args in any::<[u64; 6]>(),
        text in proptest::collection::vec(any::<u8>(), 0..40),
        ports in any::<(u16, u16)>(),
        family in 0_u16..12,
    ) {
        let row = &sensor_common::syscalls::TABLE[slot];
        let names = Names { name: [Some(&text), Some(&text)], base: [&text, &text], resolved: &text, word: &text, flags: u32::MAX, mode: args[5] as u32 };
        read_everything(&file(row.event, ret, args, names), &text);
        let mut body = Socket { family, sock_type: ports.1 % 5, protocol: ports.0 % 60, ..inet([1, 2, 3, 4], ports.0, [4, 3, 2, 1], ports.1) };
        body.call.args = args;
        read_everything(&socket(row.event, ret, body, &text, &text), &text);
        read_everything(&call(row.event, ret, args), &text);
        read_everything(&exit(args[0] as u32), &text);
        for kind in [Kind::Fork, Kind::Exec, Kind::Process] {
            read_everything(&lifecycle(kind, &text), &text);
        }
    }
}
