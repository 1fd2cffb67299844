//! What the probe's child does. First one call after the other by number, logged; between the two markers it makes no
//! other call of the table. Then what takes a whole process: threads, forks, execs, a cgroup.

use std::{
    ffi::CStr,
    fs, io,
    mem::size_of_val,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use crate::raw;

/// Where the acts happen; the parent makes it.
pub(crate) const DIR: &str = "/tmp/saker-probe";
/// Names of the marker calls (chdir to them fails).
pub(crate) const BEGIN: &CStr = c"/saker-probe-begin";
/// See [`BEGIN`].
pub(crate) const END: &CStr = c"/saker-probe-end";
/// Component of the deep path: too long for copying by words.
pub(crate) const LONG: &str = "a-component-that-is-longer-than-forty-bytes-by-some";
/// Components of the deep path.
pub(crate) const DEPTH: usize = 40;

const CWD: u64 = -100_i64 as u64;
const CREATE: u64 = 0o102;
const SIGCHLD: u64 = 0x11;
const DIRECTORY: u64 = 0o200_000;

/// One call as it went.
#[derive(Debug)]
pub(crate) struct Act {
    pub(crate) label: String,
    pub(crate) nr: u16,
    pub(crate) ret: i64,
    pub(crate) args: [u64; 6],
}

#[derive(Default)]
struct Log {
    acts: Vec<Act>,
}

impl Log {
    fn call<const N: usize>(&mut self, label: &str, nr: u16, given: [u64; N]) -> i64 {
        let mut args = [0; 6];
        args[..N].copy_from_slice(&given);
        let (nr, args) = raw::here(nr, args);
        let ret = raw::call(nr, args);
        self.acts.push(Act { label: label.to_owned(), nr, ret, args });
        ret
    }
}

fn at(text: &CStr) -> u64 {
    text.as_ptr().addr() as u64
}

fn of<T: ?Sized>(value: &T) -> u64 {
    std::ptr::from_ref(value).addr() as u64
}

/// The path of the deep file below [`DIR`].
pub(crate) fn deep() -> PathBuf {
    (0..DEPTH).fold(PathBuf::from("deep"), |path, i| {
        path.join(if i % 7 == 3 { LONG.to_owned() } else { format!("d{i}") })
    })
}

/// The child's whole life; its log goes to standard output.
pub(crate) fn perform() -> io::Result<()> {
    let mut log = Log::default();
    log.acts.reserve(256);
    log.call("begin", 80, [at(BEGIN)]);
    names(&mut log);
    rest(&mut log);
    sockets(&mut log);
    log.call("end", 80, [at(END)]);
    for act in &log.acts {
        let args = act.args.map(|arg| arg.to_string()).join(" ");
        println!("act {} {} {args} {}", act.nr, act.ret, act.label);
    }
    facts()?;
    processes()
}

fn names(log: &mut Log) {
    log.call("open", 2, [at(c"/tmp/saker-probe/file"), 0, 0]);
    log.call("open missing", 2, [at(c"missing"), 0, 0]);
    log.call("open null", 2, [0, 0, 0]);
    log.call("openat cwd", 257, [CWD, at(c"sub/../file"), 0, 0]);
    let dir = log.call("openat dir", 257, [CWD, at(c"sub"), DIRECTORY, 0]) as u64;
    log.call("openat dirfd", 257, [dir, at(c"inner"), CREATE, 0o640]);
    log.call("openat absolute", 257, [dir, at(c"/tmp/saker-probe/link"), 0, 0]);
    log.call("openat bad dirfd", 257, [999, at(c"inner"), 0, 0]);
    log.call("openat empty", 257, [dir, at(c""), 0, 0]);
    let how: [u64; 3] = [CREATE, 0o600, 8];
    log.call("openat2", 437, [dir, at(c"how"), of(&how), 24]);
    log.call("creat", 85, [at(c"/tmp/saker-probe/created"), 0o644]);
    log.call("root", 2, [at(c"/"), DIRECTORY, 0]);
    let deep = std::ffi::CString::new(format!("{DIR}/{}/leaf", deep().display())).unwrap_or_default();
    log.call("open deep", 2, [at(&deep), 0, 0]);
    log.call("mkdir", 83, [at(c"made"), 0o755]);
    log.call("mkdirat", 258, [dir, at(c"made"), 0o700]);
    log.call("rmdir", 84, [at(c"made")]);
    log.call("unlinkat dir", 263, [dir, at(c"made"), 0x200]);
    log.call("rename", 82, [at(c"created"), at(c"/tmp/saker-probe/renamed")]);
    log.call("renameat", 264, [dir, at(c"how"), CWD, at(c"how2")]);
    log.call("renameat2", 316, [CWD, at(c"how2"), dir, at(c"how"), 1]);
    log.call("link", 86, [at(c"file"), at(c"hard")]);
    log.call("linkat", 265, [CWD, at(c"file"), dir, at(c"hard"), 0]);
    log.call("symlink", 88, [at(c"../no such"), at(c"soft")]);
    log.call("symlinkat", 266, [at(c"target"), dir, at(c"soft")]);
    log.call("unlink", 87, [at(c"hard")]);
    log.call("unlinkat", 263, [dir, at(c"hard"), 0]);
    log.call("chmod", 90, [at(c"file"), 0o4755]);
    log.call("fchmodat", 268, [dir, at(c"inner"), 0o600]);
    log.call("chown", 92, [at(c"file"), 0, 0]);
    log.call("lchown", 94, [at(c"link"), 0, 0]);
    log.call("fchownat", 260, [dir, at(c"inner"), 0, 0, 0]);
    log.call("truncate", 76, [at(c"file"), 3]);
    log.call("delete_module", 176, [at(c"saker_no_module"), 0]);
    log.call("execve missing", 59, [at(c"no-such-program"), 0, 0]);
    log.call("execveat missing", 322, [dir, at(c"no-such-program"), 0, 0, 0]);
    log.call("clone of a thread without memory", 56, [0x1_0000]);
    log.call("clone3 of nothing", 435, [0, 0]);
}

fn rest(log: &mut Log) {
    let file = log.call("open doomed", 2, [at(c"doomed"), CREATE, 0o600]) as u64;
    log.call("fchmod", 91, [file, 0o600]);
    log.call("unlink doomed", 87, [at(c"doomed")]);
    log.call("fchmod deleted", 91, [file, 0o600]);
    log.call("fchown", 93, [file, 0, 0]);
    log.call("ftruncate", 77, [file, 1]);
    log.call("fchmod bad", 91, [998, 0o600]);
    let memfd = log.call("memfd", 319, [at(c"saker-memory"), 1]) as u64;
    log.call("fchmod memfd", 91, [memfd, 0o600]);
    let mut pipe = [0_i32; 2];
    raw::call(22, [(&raw mut pipe).addr() as u64, 0, 0, 0, 0, 0]);
    log.call("fchmod pipe", 91, [pipe[0] as u64, 0o600]);
    log.call("mount", 165, [at(c"none"), at(c"mnt"), at(c"tmpfs"), 2, 0]);
    log.call("open mounted", 2, [at(c"mnt/f"), CREATE, 0o600]);
    log.call("umount2", 166, [at(c"mnt"), 2]);
    log.call("chdir", 80, [at(c"sub")]);
    log.call("open in sub", 2, [at(c"inner"), 0, 0]);
    let up = log.call("open up", 2, [at(c".."), DIRECTORY, 0]) as u64;
    log.call("fchdir", 81, [up]);
    log.call("ptrace", 101, [17, 0x7fff_fff0, 1, 2]);
    log.call("setns", 308, [997, 0x2000_0000]);
    log.call("unshare", 272, [0]);
    log.call("bpf", 321, [9999, 0, 0]);
    log.call("setuid", 105, [0]);
    log.call("setgid", 106, [0]);
    let copy = log.call("dup", 32, [up]) as u64;
    log.call("dup2", 33, [up, copy]);
    log.call("dup3", 292, [up, copy, 0o2_000_000]);
    log.call("kill", 62, [0x7fff_fff1, 0]);
    log.call("finit_module", 313, [996, at(c"x=1"), 3]);
    log.call("init_module", 175, [0, 0, at(c"x=2")]);
    log.call("userfaultfd", 323, [1]);
    log.call("chroot missing", 161, [at(c"no-such-root")]);
}

fn sockets(log: &mut Log) {
    const INET: u64 = 2;
    const UNIX: u64 = 1;
    const NONBLOCK: u64 = 0o4_000;
    let mut v4 = [2_u8, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    let server = log.call("socket", 41, [INET, 1, 0]) as u64;
    log.call("bind", 49, [server, of(&v4), 16]);
    log.call("listen", 50, [server, 8]);
    let mut len = 16_u32;
    raw::call(51, [server, (&raw mut v4).addr() as u64, (&raw mut len).addr() as u64, 0, 0, 0]);
    let client = log.call("socket client", 41, [INET, 1, 0]) as u64;
    log.call("connect", 42, [client, of(&v4), 16]);
    log.call("accept", 43, [server, 0, 0]);
    let hasty = log.call("socket hasty", 41, [INET, 1 | NONBLOCK, 0]) as u64;
    log.call("connect hasty", 42, [hasty, of(&v4), 16]);
    log.call("accept4", 288, [server, 0, 0, NONBLOCK]);
    log.call("accept none", 288, [hasty, 0, 0, 0]);
    let refused = [2_u8, 0, 0, 1, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    let lonely = log.call("socket lonely", 41, [INET, 1, 0]) as u64;
    log.call("connect refused", 42, [lonely, of(&refused), 16]);
    let copy = log.call("dup of socket", 32, [server]) as u64;
    log.call("dup2 of socket", 33, [client, copy]);
    log.call("dup3 of socket", 292, [lonely, copy, 0o2_000_000]);
    log.call("dup bad", 32, [995]);
    let udp = log.call("socket udp", 41, [INET, 2, 0]) as u64;
    log.call("sendto", 44, [udp, of(&v4), 4, 0, of(&v4), 16]);
    let vector = [of(&v4), 4];
    let message = [of(&v4), 16, of(&vector), 1, 0, 0, 0];
    log.call("sendmsg", 46, [udp, of(&message), 0]);
    let messages = [of(&v4), 16, of(&vector), 1, 0, 0, 0, 0];
    log.call("sendmmsg", 307, [udp, of(&messages), 1, 0]);
    log.call("recvfrom", 45, [udp, of(&v4), 0, 0x40, 0, 0]);
    log.call("recvmsg", 47, [udp, of(&message), 0x40]);
    log.call("sendto no socket", 44, [0, 0, 0, 0, 0, 0]);
    let mut v6 = [0_u8; 28];
    v6[0] = 10;
    v6[3] = 1;
    v6[23] = 1;
    let six = log.call("socket v6", 41, [10, 2, 0]) as u64;
    log.call("connect v6", 42, [six, of(&v6), 28]);
    for (label, path) in [("path", &b"/tmp/saker-probe/sock"[..]), ("abstract", b"\0saker-probe")] {
        let mut address = [0_u8; 110];
        address[0] = 1;
        address[2..2 + path.len()].copy_from_slice(path);
        let len = 2 + path.len() as u64;
        let server = log.call(&format!("socket {label}"), 41, [UNIX, 1, 0]) as u64;
        log.call(&format!("bind {label}"), 49, [server, of(&address), len]);
        log.call(&format!("listen {label}"), 50, [server, 8]);
        let client = log.call(&format!("socket client {label}"), 41, [UNIX, 1, 0]) as u64;
        log.call(&format!("connect {label}"), 42, [client, of(&address), len]);
        log.call(&format!("accept {label}"), 43, [server, 0, 0]);
        debug_assert_eq!(size_of_val(&address), 110);
    }
    raw::foreign();
}

/// What the parent cannot know of this process.
fn facts() -> io::Result<()> {
    let status = fs::read_to_string("/proc/self/status")?;
    for line in status.lines() {
        if let Some((name @ ("CapEff" | "CapPrm" | "CapInh" | "NSsid" | "PPid"), value)) =
            line.split_once(':')
        {
            println!("fact {name} {}", value.trim());
        }
    }
    for (name, file) in
        [("pid_ns", "pid_for_children"), ("mnt_ns", "mnt"), ("net_ns", "net"), ("user_ns", "user")]
    {
        let link = fs::read_link(format!("/proc/self/ns/{file}"))?;
        let inode: String = link.to_string_lossy().chars().filter(char::is_ascii_digit).collect();
        println!("fact {name} {inode}");
    }
    let loginuid = fs::read_to_string("/proc/self/loginuid").unwrap_or_else(|_| u32::MAX.to_string());
    println!("fact loginuid {}", loginuid.trim());
    println!("fact nofile {}", nofile()?);
    Ok(())
}

fn nofile() -> io::Result<String> {
    let limits = fs::read_to_string("/proc/self/limits")?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    Ok(line.and_then(|rest| rest.split_whitespace().next()).unwrap_or_default().to_owned())
}

fn processes() -> io::Result<()> {
    let me = Path::new("/proc/self/exe");
    let mut noop = Command::new(me);
    noop.args(["noop", "two words", ""]).env_clear().env("PROBE", "1").stdin(Stdio::null());
    println!("fact noop {}", started(&mut noop)?);
    let mut killed = Command::new(me);
    println!("fact killed {}", started(killed.arg("killed"))?);
    let mut threaded = Command::new(me);
    println!("fact threaded {}", started(threaded.arg("threaded"))?);
    let worker = thread::Builder::new().name("probe-thread".to_owned()).spawn(rustix::thread::gettid)?;
    if let Ok(tid) = worker.join() {
        println!("fact thread {}", tid.as_raw_nonzero());
    }
    if cfg!(target_arch = "aarch64") {
        fs::write("arm32", raw::program_32())?;
        fs::set_permissions("arm32", fs::Permissions::from_mode(0o755))?;
        // A processor or kernel without 32-bit programs has nothing to count.
        if let Ok(id) = started(&mut Command::new("./arm32")) {
            println!("fact arm32 {id}");
        }
    }
    println!("fact missing {:?}", Command::new("/saker-probe-no-program").spawn().is_err());
    // New mount, UTS, pid and network namespaces.
    let child = raw::clone_and_exit(0x0002_0000 | 0x0400_0000 | 0x2000_0000 | 0x4000_0000 | SIGCHLD, 5);
    println!("fact cloned {child}");
    let mut status = 0_i32;
    raw::call(61, [child as u64, (&raw mut status).addr() as u64, 0, 0, 0, 0]);
    cgroup()
}

fn started(command: &mut Command) -> io::Result<u32> {
    let mut child = command.spawn()?;
    child.wait()?;
    Ok(child.id())
}

/// A cgroup two levels down, entered, and one call from inside.
fn cgroup() -> io::Result<()> {
    let root = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"].into_iter().find(|path| {
        Path::new(path).join("cgroup.procs").exists() && !Path::new(path).join("tasks").exists()
    });
    let Some(root) = root else { return Ok(()) };
    let (outer, inner) = (format!("{root}/saker-probe"), format!("{root}/saker-probe/inner"));
    fs::create_dir(&outer)?;
    fs::create_dir(&inner)?;
    let id = std::os::unix::fs::MetadataExt::ino(&fs::metadata(&inner)?);
    println!("fact cgroup {id}");
    fs::write(format!("{inner}/cgroup.procs"), "0")?;
    let name = c"/saker-probe-in-cgroup";
    raw::call(80, [at(name), 0, 0, 0, 0, 0]);
    let exec = started(Command::new("/proc/self/exe").arg("noop"));
    fs::write(format!("{root}/cgroup.procs"), "0")?;
    fs::remove_dir(&inner)?;
    fs::remove_dir(&outer)?;
    println!("fact contained {}", exec?);
    Ok(())
}

/// Ends by a signal.
pub(crate) fn die() {
    const KILL: u16 = 62;
    raw::call(KILL, [u64::from(std::process::id()), 9, 0, 0, 0, 0]);
}

/// Executes from a thread that is not the leader: it takes over the process id.
pub(crate) fn exec_in_thread() -> io::Error {
    let thread = thread::spawn(|| Command::new("/proc/self/exe").arg("noop").exec());
    thread.join().unwrap_or_else(|_| io::Error::other("the thread panicked"))
}
