//! Fills the two things that are read from a task: the [`Task`] snapshot of every record, and the [`Process`] that
//! fork, exec and first sight tell.

use sensor_common::{Slice, Source, Task, event::Process, event::exe, task::flag};

use crate::{
    kernel::{self, Cgroup, File, PidType, Rss},
    tail::Builder,
};

const PF_KTHREAD: u32 = 0x0020_0000;
const OVERLAYFS_SUPER_MAGIC: u64 = 0x794c_7630;

/// The cgroup that tells a container: the unified one, unless the task sits in its root (v1 and hybrid hosts), then
/// memory's, then pids'.
#[inline(always)]
pub fn cgroup_of(task: kernel::Task) -> Cgroup {
    let set = task.cgroups();
    let unified = set.default();
    if unified.kn().parent().0 != 0 {
        return unified;
    }
    let memory = set.memory();
    if memory.kn().parent().0 != 0 {
        return memory;
    }
    let pids = set.pids();
    if pids.kn().parent().0 != 0 { pids } else { unified }
}

/// Writes every field of `to` (ring or map memory, not initialised).
#[inline(always)]
pub fn task(task: kernel::Task, to: *mut Task) {
    let cred = task.cred();
    let signal = task.signal();
    let parent = task.real_parent().group_leader();
    let namespaces = task.nsproxy();
    let cgroup = cgroup_of(task);
    let tty = signal.tty();
    let driver = tty.driver();
    // SAFETY: `to` is valid for writes of a Task.
    unsafe {
        (*to).start_ns = task.group_leader().start_boottime();
        (*to).parent_start_ns = parent.start_boottime();
        (*to).cgroup_id = cgroup.kn().id();
        (*to).cap_effective = cred.cap_effective();
        (*to).cap_permitted = cred.cap_permitted();
        (*to).cap_inheritable = cred.cap_inheritable();
        (*to).tgid = task.tgid();
        (*to).tid = task.tid();
        (*to).ppid = parent.tgid();
        (*to).uid = cred.euid();
        (*to).gid = cred.egid();
        (*to).loginuid = task.loginuid();
        (*to).tty =
            if tty.0 == 0 { 0 } else { kernel::user_dev(driver.major(), driver.minor_start() + tty.index()) };
        (*to).sid = signal.pid(PidType::Session).global();
        (*to).pid_ns = namespaces.pid_for_children().inum();
        (*to).mnt_ns = namespaces.mnt().inum();
        (*to).net_ns = namespaces.net().inum();
        (*to).user_ns = cred.user_ns().inum();
        (*to).cgroup_hierarchy = cgroup.hierarchy();
        (*to).flags = if task.flags() & PF_KTHREAD != 0 { flag::KTHREAD } else { 0 };
        let comm = (&raw mut (*to).comm).cast::<u64>();
        comm.write_unaligned(kernel::load64(task.comm()));
        comm.add(1).write_unaligned(kernel::load64(task.comm() + 8));
    }
}

/// The numbers of a [`Process`]; its strings are set to none.
#[inline(always)]
pub fn process(task: kernel::Task, to: *mut Process) {
    let mm = task.mm();
    let signal = task.signal();
    let pid = task.thread_pid();
    let leader = task.group_leader().thread_pid();
    let group = signal.pid(PidType::Group);
    // SAFETY: `to` is valid for writes of a Process.
    unsafe {
        (*to).clone_flags = 0;
        (*to).pidns_start_ns = pid.namespace().child_reaper().start_boottime();
        (*to).fdlimit = signal.nofile();
        (*to).maj_flt = task.maj_flt();
        (*to).min_flt = task.min_flt();
        (*to).vm_pages = mm.total_vm();
        (*to).rss_pages = mm.rss(Rss::File) + mm.rss(Rss::Anonymous) + mm.rss(Rss::Shared);
        (*to).swap_pages = mm.rss(Rss::Swap);
        (*to).vtid = pid.innermost();
        (*to).vpid = leader.innermost();
        (*to).pgid = group.global();
        (*to).vpgid = group.innermost();
        (*to).vsid = signal.pid(PidType::Session).innermost();
        (*to).pvpid = task.real_parent().group_leader().thread_pid().innermost();
        (*to).caller_tgid = 0;
        (*to).caller_tid = 0;
        (*to).call_nr = 0;
        (*to).pad = 0;
        (*to).exe = Slice::NONE;
        (*to).argv = Slice::NONE;
        (*to).env = Slice::NONE;
        (*to).cwd = Slice::NONE;
        (*to).cgroup = Slice::NONE;
        (*to).filename = Slice::NONE;
    }
    executable(mm.exe_file(), to);
}

#[inline(always)]
fn executable(file: File, to: *mut Process) {
    let inode = file.inode();
    let sb = inode.sb();
    let mut flags = 0;
    if sb.magic() == OVERLAYFS_SUPER_MAGIC {
        flags |= if inode.ovl_upper() != 0 { exe::UPPER_LAYER } else { exe::LOWER_LAYER };
    }
    let dentry = file.dentry();
    // "memfd:" of a file that is the root of its own, unmounted tree.
    const MEMFD: u64 = u64::from_le_bytes(*b"memfd:\0\0");
    if dentry.0 != 0
        && dentry.parent() == dentry
        && kernel::load64(dentry.name()) & 0x0000_ffff_ffff_ffff == MEMFD
    {
        flags |= exe::FROM_MEMFD;
    }
    // SAFETY: `to` is valid for writes of a Process.
    unsafe {
        (*to).exe_ino = inode.ino();
        (*to).exe_ctime_ns = inode.ctime_ns();
        (*to).exe_mtime_ns = inode.mtime_ns();
        (*to).exe_dev = sb.user_dev();
        (*to).exe_flags = flags;
    }
}

/// Appends the strings of a process that is the running task: its own memory can be read.
#[inline(always)]
pub fn strings(task: kernel::Task, builder: Builder, to: *mut Process, own_memory: bool) {
    let (mm, fs) = (task.mm(), task.fs());
    let exe = mm.exe_file();
    // SAFETY: `to` is valid for writes of a Process. Volatile: a string that is stored at once is a string less for
    // the verifier to keep in mind during the walks.
    unsafe {
        if exe.0 != 0 {
            let path = builder.path(fs, exe.mnt(), exe.dentry(), Source::Task);
            (&raw mut (*to).exe).write_volatile(path);
        }
        if own_memory {
            let argv = builder.user_bytes(mm.arg_start(), mm.arg_end(), Source::Task);
            (&raw mut (*to).argv).write_volatile(argv);
            let env = builder.user_bytes(mm.env_start(), mm.env_end(), Source::Task);
            (&raw mut (*to).env).write_volatile(env);
        }
        if fs.0 != 0 {
            let path = builder.path(fs, fs.pwd_mnt(), fs.pwd_dentry(), Source::Task);
            (&raw mut (*to).cwd).write_volatile(path);
        }
        let path = builder.cgroup(cgroup_of(task).kn());
        (&raw mut (*to).cgroup).write_volatile(path);
    }
}
