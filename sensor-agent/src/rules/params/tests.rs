//! Texts and values of parameters, as Falco prints them.

use std::{env, fs, path::PathBuf};

use sensor_common::{Kind, event::Socket, event::file as made, syscalls::TABLE};

use crate::{
    decode::zero,
    enrich::Side,
    rules::fixture::{Names, call, exit, file, lifecycle, shows, socket},
};

const AT_FDCWD: u64 = (-100_i64).cast_unsigned();

fn one(name: &[u8]) -> Names<'_> {
    Names { name: [Some(name), None], base: [b"/tmp/sc", b""], ..Names::default() }
}

fn args(record: &[u8], expect: &str) {
    shows(record, Side::Caller, &[("evt.args", expect)]);
}

#[test]
fn opens() {
    let created = Names { flags: made::CREATED, ..one(b"/tmp/sc/new") };
    args(
        &file("open", 3, [0, 0o102 | 0o2_000_000, 0o644, 0, 0, 0], created),
        "fd=3(<f>/tmp/sc/new) name=/tmp/sc/new flags=20487(O_CREAT|O_RDWR|O_CLOEXEC|O_F_CREATED) mode=0644 dev=100801 ino=42",
    );
    args(
        &file("openat", -2, [AT_FDCWD, 0, 0, 0o777, 0, 0], one(b"d/../f")),
        "fd=-2(ENOENT) dirfd=-100(AT_FDCWD) name=d/../f(/tmp/sc/f) flags=1(O_RDONLY) mode=0 dev=100801 ino=42",
    );
    args(
        &file("openat2", 3, [7, 0, 0o20_200_001, 0o600, 8 | 2, 0], one(b"g")),
        "fd=3(<d>/tmp/sc/g) dirfd=7(<d>/tmp/sc) name=g(/tmp/sc/g) flags=9218(O_DIRECTORY|O_WRONLY|O_TMPFILE) mode=0600 resolve=5(RESOLVE_BENEATH|RESOLVE_NO_MAGICLINKS) dev=100801 ino=42",
    );
    let upper = Names { flags: made::UPPER_LAYER, ..one(b"/x") };
    args(
        &file("creat", 3, [0, 0o755, 0, 0, 0, 0], upper),
        "fd=3(<f>/x) name=/x mode=0755 dev=100801 ino=42 creat_flags=1(FD_UPPER_LAYER_CREAT)",
    );
    let unreadable = Names { name: [None, None], ..Names::default() };
    shows(
        &file("open", -14, [0; 6], unreadable),
        Side::Caller,
        &[("evt.arg.name", "<NA>"), ("evt.rawarg.name", "-")],
    );
}

#[test]
fn other_names() {
    let two = Names { name: [Some(b"/f"), Some(b"g")], base: [b"", b"/tmp/sc"], ..Names::default() };
    args(
        &file("renameat2", -17, [AT_FDCWD, 0, AT_FDCWD, 0, 3, 0], two),
        "res=-17(EEXIST) olddirfd=-100(AT_FDCWD) oldpath=/f newdirfd=-100(AT_FDCWD) newpath=g(/tmp/sc/g) flags=3(RENAME_NOREPLACE|RENAME_EXCHANGE)",
    );
    args(&file("mkdir", 0, [0, 0o755, 0, 0, 0, 0], one(b"/d")), "res=0 path=/d mode=1ED");
    args(
        &file("chmod", 0, [0, 0o4755, 0, 0, 0, 0], one(b"/f")),
        "res=0 filename=/f mode=04755(S_IXOTH|S_IROTH|S_IXGRP|S_IRGRP|S_IXUSR|S_IWUSR|S_IRUSR|S_ISUID)",
    );
    args(&file("chown", 0, [0, u64::MAX, 2, 0, 0, 0], one(b"/f")), "res=0 path=/f uid=-1 gid=2");
    let unknown_dir = Names { name: [Some(b"nd"), None], ..Names::default() };
    args(
        &file("mkdirat", -9, [77, 0, 0o700, 0, 0, 0], unknown_dir),
        "res=-9(EBADF) dirfd=77 path=nd(nd) mode=1C0",
    );
    let mount = Names { name: [Some(b"none"), Some(b"/")], ..Names::default() };
    args(
        &file("mount", 0, [0, 0, 0, 0x44000, 0, 0], mount),
        "res=0 dev=none dir=/ type=<NA> flags=278528(REC|PRIVATE)",
    );
    args(&file("chdir", -2, [0; 6], one(b"e")), "res=-2(ENOENT) path=e");
    let memfd = Names { word: b"name", ..Names::default() };
    args(
        &file("memfd_create", 4, [0, 3, 0, 0, 0, 0], memfd),
        "fd=4(<m>name) name=name flags=3(MFD_CLOEXEC|MFD_ALLOW_SEALING)",
    );
    let fchmod = Names { resolved: b"/f", mode: 0o100_000, ..Names::default() };
    args(&file("fchmod", 0, [5, 0o600, 0, 0, 0, 0], fchmod), "res=0 fd=5(<f>/f) mode=0600(S_IWUSR|S_IRUSR)");
}

#[test]
fn plain_calls() {
    args(
        &call("ptrace", -3, [16, 999, 0, 0x20, 0, 0]),
        "res=-3(ESRCH) addr=0 data=20 request=11(PTRACE_ATTACH) pid=999",
    );
    args(
        &call("ptrace", -5, [77, 100, 0, 0, 0, 0]),
        "res=-5(EIO) addr=0 data=0 request=0(PTRACE_UNKNOWN) pid=100(sh)",
    );
    args(&call("kill", 0, [100, 9, 0, 0, 0, 0]), "res=0 pid=100(sh) sig=9(SIGKILL)");
    args(&call("kill", 0, [0, 0, 0, 0, 0, 0]), "res=0 pid=0 sig=0");
    args(&call("unshare", 0, [0x2_0000, 0, 0, 0, 0, 0]), "res=0 flags=32(CLONE_NEWNS)");
    args(&call("setns", 0, [3, 0x0400_0000, 0, 0, 0, 0]), "res=0 fd=3 nstype=128(CLONE_NEWUTS)");
    args(&call("bpf", 6, [10, 0, 0, 0, 0, 0]), "fd=6(<b>) cmd=10(BPF_PROG_TEST_RUN|BPF_PROG_RUN)");
    args(&call("setuid", -1, [65_534, 0, 0, 0, 0, 0]), "res=-1(EPERM) uid=65534(nobody)");
    args(&call("setgid", -22, [u64::MAX, 0, 0, 0, 0, 0]), "res=-22(EINVAL) gid=-1(<NONE>)");
    args(&call("dup3", 9, [3, 9, 0o2_000_000, 0, 0, 0]), "res=9 oldfd=3 newfd=9 flags=4096(O_CLOEXEC)");
    args(&call("dup3", -22, [3, 3, 0, 0, 0, 0]), "res=-22(EINVAL) oldfd=3 newfd=3 flags=0(O_NONE)");
    args(
        &call("finit_module", -38, [99, 0, 3, 0, 0, 0]),
        "res=-38(ENOSYS) fd=99 uargs=<NA> flags=3(MODULE_INIT_IGNORE_MODVERSIONS|MODULE_INIT_IGNORE_VERMAGIC)",
    );
    shows(
        &call("unshare", 0, [0x120_0000, 0, 0, 0, 0, 0]),
        Side::Caller,
        &[
            ("evt.rawarg.flags", "1800000"),
            ("evt.arg.res", "0"),
            ("evt.arg[1]", "CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID"),
            ("evt.arg.pid", "-"),
        ],
    );
}

#[test]
fn sockets() {
    let mut body =
        Socket { family: 2, sock_type: 1, protocol: 6, local_port: 4000, remote_port: 80, ..zero() };
    body.local[..4].copy_from_slice(&[10, 0, 0, 1]);
    body.remote[..4].copy_from_slice(&[1, 2, 3, 4]);
    body.call.args[0] = 4;
    let addr = [2, 0, 0, 80, 1, 2, 3, 4];
    args(
        &socket("connect", 0, body, &addr, b""),
        "res=0 tuple=10.0.0.1:4000->1.2.3.4:80 fd=4(<4t>10.0.0.1:4000->1.2.3.4:80) addr=1.2.3.4:80",
    );
    args(
        &socket("recvfrom", 2, body, b"", b""),
        "res=2 data=NULL tuple=1.2.3.4:80->10.0.0.1:4000 fd=4(<4t>10.0.0.1:4000->1.2.3.4:80) size=0",
    );
    let mut fresh = Socket { family: 2, sock_type: 3, protocol: 1, ..zero() };
    fresh.call.args = [2, 3, 1, 0, 0, 0];
    args(
        &socket("socket", 5, fresh, b"", b""),
        "fd=5(<4r>) domain=2(AF_INET) type=3 proto=1 flags=0(O_NONE)",
    );
    let mut unix = Socket { family: 1, sock_type: 1, ..zero() };
    unix.call.args = [1, 1 | 0o2_004_000, 0, 0, 0, 0];
    args(
        &socket("socket", 5, unix, b"", b""),
        "fd=5(<u>) domain=1(AF_LOCAL|AF_UNIX) type=526337 proto=0 flags=4160(O_NONBLOCK|O_CLOEXEC)",
    );
    unix.call.args = [4, 0, 0, 0, 0, 0];
    args(&socket("bind", 0, unix, b"\x01\0/s\0x", b"/s"), "res=0 addr=/s fd=4(<u>/s)");
    args(&socket("bind", -14, unix, b"", b""), "res=-14(EFAULT) addr=<NA> fd=4(<u>)");
    body.call.args[3] = 0o2_004_000;
    shows(
        &socket("accept4", 5, body, b"", b""),
        Side::Caller,
        &[("evt.arg.flags", "1040"), ("evt.arg.queuelen", "<NA>")],
    );
    let mut v6 = [0; 28];
    v6[0] = 10;
    (v6[2], v6[3], v6[23]) = (0x52, 0x1c, 1);
    args(&socket("connect", -9, zero(), &v6, b""), "res=-9(EBADF) tuple=NULL fd=0 addr=::1:21020");
}

#[test]
fn lifecycle_parameters() {
    args(&exit(0x300), "status=768 ret=3 sig=0 core=0 reaper_tid=0");
    args(&exit(0x8b), "status=139 ret=0 sig=11(SIGSEGV) core=1 reaper_tid=0");
    let fork = lifecycle(Kind::Fork, b"");
    shows(
        &fork,
        Side::Caller,
        &[
            ("evt.arg.res", "101"),
            ("evt.arg.exe", "argzero"),
            ("evt.arg.flags", "CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID"),
            ("evt.arg.tid", "sh"),
            ("evt.arg.cwd", "<NA>"),
            ("evt.arg.uid", "0"),
        ],
    );
    shows(
        &lifecycle(Kind::Exec, b"/tmp/f"),
        Side::Caller,
        &[
            ("evt.type", "execve"),
            ("evt.arg.res", "0"),
            ("evt.arg.args", "one.two words..-x."),
            ("evt.arg.env", "A=1.B= two words .PATH=/bin."),
            ("evt.arg.flags", "EXE_UPPER_LAYER|EXE_FROM_MEMFD"),
            ("evt.arg.loginuid", "<NONE>"),
            ("evt.arg.uid", "root"),
            ("evt.arg.trusted_exepath", "/bin/dash"),
            ("evt.arg.filename", "/tmp/f"),
            ("evt.rawarg.flags", "6"),
        ],
    );
    shows(
        &file("execve", -2, [0; 6], one(b"/none")),
        Side::Caller,
        &[("evt.arg.res", "ENOENT"), ("evt.arg.filename", "/none"), ("evt.arg.comm", "sh"), ("fd.num", "-")],
    );
}

/// Names, and positions, of the parameters are those of Falco's events.
#[test]
fn the_table_has_falcos_parameters() {
    let Some(folder) = env::var_os("SAKER_CONFORMANCE") else {
        eprintln!("skipped: SAKER_CONFORMANCE does not name a folder with Falco's lists");
        return;
    };
    let path = PathBuf::from(folder).join("reference/list-events.json");
    let text = fs::read_to_string(path).expect("Falco's list");
    let events: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let events = events["Syscall events"].as_array().expect("events");
    let known: Vec<_> =
        TABLE.iter().filter(|row| !row.params.is_empty() && !row.event.starts_with("execve")).collect();
    assert!(known.len() > 40);
    for row in known {
        let theirs =
            events.iter().find(|event| event["name"] == row.event && event["dir"] == "<").expect("an event");
        let theirs: Vec<_> =
            theirs["params"].as_array().expect("parameters").iter().map(|p| p["name"].as_str()).collect();
        let ours: Vec<_> = row.params.iter().map(|param| Some(param.name)).collect();
        assert_eq!(ours, theirs, "{}", row.event);
    }
}
