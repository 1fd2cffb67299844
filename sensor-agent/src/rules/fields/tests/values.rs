//! Values of calls with names, of processes, of lifecycle events.

use sensor_common::Kind;

use crate::{
    enrich::Side,
    rules::fixture::{Names, call, exit, file, lifecycle, shows},
};

const O_CREAT: u64 = 0o100;
const AT_FDCWD: u64 = (-100_i64).cast_unsigned();

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
            ("evt.deltatime", "1500000000"),
            ("evt.deltatime.s", "1"),
            ("evt.deltatime.ns", "500000000"),
            ("evt.is_async", "false"),
            ("evt.asynctype", "-"),
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

#[test]
fn what_a_descriptor_is_where_the_record_tells_no_object() {
    for (event, ret, args, expect) in [
        ("eventfd2", 3, [0; 6], ["3", "event", "e", "", ""]),
        ("eventfd2", -22, [0; 6], ["-1", "-", "e", "", ""]),
        ("signalfd4", 3, [0; 6], ["3", "signalfd", "s", "", ""]),
        ("timerfd_create", 3, [0; 6], ["3", "timerfd", "t", "", ""]),
        ("inotify_init1", 3, [0; 6], ["3", "inotify", "i", "", ""]),
        ("io_uring_setup", 3, [0; 6], ["3", "io_uring", "r", "", ""]),
        ("io_uring_setup", -22, [0; 6], ["-1", "-", "o", "", ""]),
        ("pidfd_open", 3, [7, 0, 0, 0, 0, 0], ["3", "pidfd", "P", "/proc/7", ""]),
        // A file, a socket, anything: absent, and not as if it had no name.
        ("close", 0, [5, 0, 0, 0, 0, 0], ["5", "-", "-", "-", "-"]),
        ("close", -9, [5, 0, 0, 0, 0, 0], ["5", "-", "o", "", ""]),
    ] {
        let names = ["fd.num", "fd.type", "fd.typechar", "fd.name", "fd.nameraw"];
        let expect: Vec<_> = names.into_iter().zip(expect).collect();
        shows(&call(event, ret, args), Side::Caller, &expect);
    }
}
