//! Kernel objects by name. The only caller of `accessors.c`; a wrapper is an address with its type, and every read
//! of it survives a stale or null address (it then reads zero).

use core::ffi::c_void;

use aya_ebpf::helpers::bpf_get_current_task;
use sensor_common::arch::Arch;

/// The architecture that this object is for.
pub const ARCH: Arch = if cfg!(feature = "arm64") { Arch::Arm64 } else { Arch::X86_64 };

/// An argument of a `tp_btf` program that the verifier knows the type of.
pub type Typed = *const c_void;

macro_rules! accessors {
    ($($name:ident($($arg:ident: $ty:ty),*) -> $ret:ty;)*) => {
        unsafe extern "C" { $(fn $name($($arg: $ty),*) -> $ret;)* }
    };
}

accessors! {
    saker_plain() -> u64;
    saker_load64(address: u64) -> u64;
    saker_regs_nr(regs: Typed) -> u64;
    saker_regs_arg0(regs: Typed) -> u64;
    saker_regs_arg1(regs: Typed) -> u64;
    saker_regs_arg2(regs: Typed) -> u64;
    saker_regs_arg3(regs: Typed) -> u64;
    saker_regs_arg4(regs: Typed) -> u64;
    saker_regs_arg5(regs: Typed) -> u64;
    saker_regs_is_32(regs: Typed, task: u64) -> u64;
    saker_iter_seq(meta: Typed) -> u64;
    saker_signal_pid(signal: u64, kind: u64) -> u64;
    saker_pid_nr(pid: u64, level: u64) -> u32;
    saker_pid_ns(pid: u64, level: u64) -> u64;
    saker_mm_rss(mm: u64, kind: u64) -> u64;
}

/// One kernel type: its methods and the accessor each calls.
macro_rules! object {
    ($(#[$meta:meta])* $type:ident { $($method:ident: $accessor:ident -> $ret:tt),* $(,)? }) => {
        unsafe extern "C" { $(fn $accessor(address: u64) -> object!(@raw $ret);)* }
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq)]
        pub struct $type(pub u64);
        impl $type {
            $(
                #[inline(always)]
                pub fn $method(self) -> $ret {
                    // SAFETY: an accessor only does arithmetic and fault-tolerant reads.
                    object!(@wrap $ret, unsafe { $accessor(self.0) })
                }
            )*
        }
    };
    (@raw u32) => { u32 };
    (@raw $other:tt) => { u64 };
    (@wrap u32, $e:expr) => { $e };
    (@wrap u64, $e:expr) => { $e };
    (@wrap $type:ident, $e:expr) => { $type($e) };
}

object!(
    /// `struct task_struct`
    Task {
        flags: saker_task_flags -> u32,
        tid: saker_task_tid -> u32,
        tgid: saker_task_tgid -> u32,
        real_parent: saker_task_real_parent -> Task,
        group_leader: saker_task_group_leader -> Task,
        start_boottime: saker_task_start_boottime -> u64,
        cred: saker_task_cred -> Cred,
        mm: saker_task_mm -> Mm,
        fs: saker_task_fs -> Fs,
        files: saker_task_files -> Files,
        nsproxy: saker_task_nsproxy -> Nsproxy,
        signal: saker_task_signal -> Signal,
        cgroups: saker_task_cgroups -> CssSet,
        thread_pid: saker_task_thread_pid -> Pid,
        maj_flt: saker_task_maj_flt -> u64,
        min_flt: saker_task_min_flt -> u64,
        exit_code: saker_task_exit_code -> u32,
        comm: saker_task_comm -> u64,
        fork_nr: saker_task_fork_nr -> u64,
        fork_arg0: saker_task_fork_arg0 -> u64,
        loginuid: saker_task_loginuid -> u32,
    }
);
object!(
    /// `struct cred`
    Cred {
        euid: saker_cred_euid -> u32,
        egid: saker_cred_egid -> u32,
        cap_inheritable: saker_cred_cap_inheritable -> u64,
        cap_permitted: saker_cred_cap_permitted -> u64,
        cap_effective: saker_cred_cap_effective -> u64,
        user_ns: saker_cred_user_ns -> UserNs,
    }
);
object!(
    /// `struct signal_struct`
    Signal {
        tty: saker_signal_tty -> Tty,
        live: saker_signal_live -> u32,
        nofile: saker_signal_nofile -> u64,
    }
);
object!(
    /// `struct pid`
    Pid { level: saker_pid_level -> u32 }
);
object!(
    /// `struct nsproxy`
    Nsproxy {
        mnt: saker_nsproxy_mnt -> MntNs,
        pid_for_children: saker_nsproxy_pid -> PidNs,
        net: saker_nsproxy_net -> NetNs,
    }
);
object!(
    /// `struct pid_namespace`
    PidNs { inum: saker_pid_ns_inum -> u32, child_reaper: saker_pid_ns_reaper -> Task }
);
object!(
    /// `struct mnt_namespace`
    MntNs { inum: saker_mnt_ns_inum -> u32 }
);
object!(
    /// `struct net`
    NetNs { inum: saker_net_ns_inum -> u32 }
);
object!(
    /// `struct user_namespace`
    UserNs { inum: saker_user_ns_inum -> u32 }
);
object!(
    /// `struct tty_struct`
    Tty { driver: saker_tty_driver -> TtyDriver, index: saker_tty_index -> u32 }
);
object!(
    /// `struct tty_driver`
    TtyDriver { major: saker_tty_driver_major -> u32, minor_start: saker_tty_driver_minor_start -> u32 }
);
object!(
    /// `struct mm_struct`
    Mm {
        arg_start: saker_mm_arg_start -> u64,
        arg_end: saker_mm_arg_end -> u64,
        env_start: saker_mm_env_start -> u64,
        env_end: saker_mm_env_end -> u64,
        total_vm: saker_mm_total_vm -> u64,
        exe_file: saker_mm_exe_file -> File,
    }
);
object!(
    /// `struct files_struct`
    Files { fdt: saker_files_fdt -> Fdtable }
);
object!(
    /// `struct fdtable`
    Fdtable { max: saker_fdt_max -> u32, fd: saker_fdt_fd -> u64 }
);
object!(
    /// `struct fs_struct`
    Fs {
        root_mnt: saker_fs_root_mnt -> Vfsmount,
        root_dentry: saker_fs_root_dentry -> Dentry,
        pwd_mnt: saker_fs_pwd_mnt -> Vfsmount,
        pwd_dentry: saker_fs_pwd_dentry -> Dentry,
    }
);
object!(
    /// `struct file`
    File {
        mnt: saker_file_mnt -> Vfsmount,
        dentry: saker_file_dentry -> Dentry,
        inode: saker_file_inode -> Inode,
        private: saker_file_private -> u64,
        mode: saker_file_mode -> u32,
    }
);
object!(
    /// `struct dentry`
    Dentry {
        parent: saker_dentry_parent -> Dentry,
        len: saker_dentry_len -> u32,
        name: saker_dentry_name -> u64,
        pprev: saker_dentry_pprev -> u64,
    }
);
object!(
    /// `struct vfsmount`
    Vfsmount { root: saker_vfsmount_root -> Dentry, mount: saker_mount_of -> Mount }
);
object!(
    /// `struct mount`
    Mount {
        vfs: saker_mount_vfs -> Vfsmount,
        parent: saker_mount_parent -> Mount,
        mountpoint: saker_mount_mountpoint -> Dentry,
    }
);
object!(
    /// `struct inode`
    Inode {
        ino: saker_inode_ino -> u64,
        sb: saker_inode_sb -> SuperBlock,
        mode: saker_inode_mode -> u32,
        ctime_ns: saker_inode_ctime -> u64,
        mtime_ns: saker_inode_mtime -> u64,
        ovl_upper: saker_ovl_upper -> u64,
    }
);
object!(
    /// `struct super_block`
    SuperBlock { dev: saker_sb_dev -> u32, magic: saker_sb_magic -> u64 }
);
object!(
    /// `struct socket`
    Socket { sk: saker_socket_sk -> Sock, kind: saker_socket_type -> u32 }
);
object!(
    /// `struct sock`, `struct inet_sock`, `struct unix_sock`
    Sock {
        family: saker_sock_family -> u32,
        state: saker_sock_state -> u32,
        protocol: saker_sock_protocol -> u32,
        dport: saker_sock_dport -> u32,
        num: saker_sock_num -> u32,
        daddr: saker_sock_daddr -> u32,
        saddr: saker_sock_saddr -> u32,
        daddr6: saker_sock_daddr6 -> u64,
        saddr6: saker_sock_saddr6 -> u64,
        unix_addr: saker_unix_addr -> UnixAddress,
        unix_peer: saker_unix_peer -> Sock,
    }
);
object!(
    /// `struct unix_address`
    UnixAddress { len: saker_unix_addr_len -> u32, name: saker_unix_addr_name -> u64 }
);
object!(
    /// `struct css_set`
    CssSet {
        default: saker_css_set_default -> Cgroup,
        memory: saker_css_set_memory -> Cgroup,
        pids: saker_css_set_pids -> Cgroup,
    }
);
object!(
    /// `struct cgroup`
    Cgroup { kn: saker_cgroup_kn -> Kernfs, hierarchy: saker_cgroup_hierarchy -> u32 }
);
object!(
    /// `struct kernfs_node`
    Kernfs { id: saker_kn_id -> u64, name: saker_kn_name -> u64, parent: saker_kn_parent -> Kernfs }
);
object!(
    /// `struct linux_binprm`
    Binprm { filename: saker_bprm_filename -> u64 }
);

/// Whether reads are plain loads (6.2 and newer); a constant by the time the verifier looks.
#[inline(always)]
pub fn plain_loads() -> bool {
    // SAFETY: returns the immediate that the loader wrote.
    unsafe { saker_plain() != 0 }
}

/// Eight bytes at a kernel address, zero when it is bad.
#[inline(always)]
pub fn load64(address: u64) -> u64 {
    // SAFETY: fault-tolerant read.
    unsafe { saker_load64(address) }
}

/// The running task.
#[inline(always)]
pub fn current() -> Task {
    // SAFETY: helper without arguments.
    Task(unsafe { bpf_get_current_task() })
}

/// `seq_file` of an iterator program.
#[inline(always)]
pub fn iter_seq(meta: Typed) -> u64 {
    // SAFETY: `meta` is the verifier-typed first context word of an iterator.
    unsafe { saker_iter_seq(meta) }
}

/// `struct pt_regs` of `sys_exit`: typed, so plain loads on every kernel.
#[derive(Clone, Copy)]
pub struct Regs(pub Typed);

impl Regs {
    /// System call number.
    #[inline(always)]
    pub fn nr(self) -> u64 {
        // SAFETY: typed by the verifier.
        unsafe { saker_regs_nr(self.0) }
    }

    /// Whether `task`, which runs, made the call as a 32-bit process: the number is then one of another table.
    #[inline(always)]
    pub fn is_32(self, task: Task) -> bool {
        // SAFETY: typed by the verifier; the task is read fault-tolerantly.
        unsafe { saker_regs_is_32(self.0, task.0) != 0 }
    }

    /// The six argument registers.
    #[inline(always)]
    pub fn args(self) -> [u64; 6] {
        // SAFETY: typed by the verifier, all six.
        unsafe {
            [
                saker_regs_arg0(self.0),
                saker_regs_arg1(self.0),
                saker_regs_arg2(self.0),
                saker_regs_arg3(self.0),
                saker_regs_arg4(self.0),
                saker_regs_arg5(self.0),
            ]
        }
    }
}

/// `enum pid_type`
#[derive(Clone, Copy)]
pub enum PidType {
    Group = 2,
    Session = 3,
}

impl Signal {
    /// `signal->pids[kind]`
    #[inline(always)]
    pub fn pid(self, kind: PidType) -> Pid {
        // SAFETY: fault-tolerant read.
        Pid(unsafe { saker_signal_pid(self.0, kind as u64) })
    }
}

impl Pid {
    /// Number in the initial namespace.
    #[inline(always)]
    pub fn global(self) -> u32 {
        // SAFETY: fault-tolerant read.
        unsafe { saker_pid_nr(self.0, 0) }
    }

    /// Number in the innermost namespace the pid has.
    #[inline(always)]
    pub fn innermost(self) -> u32 {
        // SAFETY: fault-tolerant read; a wild level reads zero.
        unsafe { saker_pid_nr(self.0, u64::from(self.level() & 0x3f)) }
    }

    /// The innermost namespace.
    #[inline(always)]
    pub fn namespace(self) -> PidNs {
        // SAFETY: fault-tolerant read; a wild level reads zero.
        PidNs(unsafe { saker_pid_ns(self.0, u64::from(self.level() & 0x3f)) })
    }
}

/// Counters of `mm->rss_stat`.
#[derive(Clone, Copy)]
pub enum Rss {
    File = 0,
    Anonymous = 1,
    Swap = 2,
    Shared = 3,
}

impl Mm {
    /// Pages of one kind; a transiently negative counter reads as zero.
    #[inline(always)]
    pub fn rss(self, kind: Rss) -> u64 {
        // SAFETY: fault-tolerant read.
        let pages = unsafe { saker_mm_rss(self.0, kind as u64) } as i64;
        if pages < 0 { 0 } else { pages as u64 }
    }
}

impl Task {
    /// The file behind a descriptor, null when the slot is empty.
    #[inline(always)]
    pub fn file(self, fd: u32) -> File {
        let table = self.files().fdt();
        if fd >= table.max() {
            return File(0);
        }
        File(load64(table.fd() + 8 * u64::from(fd)))
    }
}

impl Dentry {
    /// `d_unhashed`: the object has no name any more.
    #[inline(always)]
    pub fn is_unhashed(self) -> bool {
        self.pprev() == 0
    }
}

/// A device number as user space sees it (`new_encode_dev`) from `major` and `minor`.
#[inline(always)]
pub fn user_dev(major: u32, minor: u32) -> u32 {
    (minor & 0xff) | (major << 8) | ((minor & !0xff) << 12)
}

impl SuperBlock {
    /// `s_dev` as user space sees it.
    #[inline(always)]
    pub fn user_dev(self) -> u32 {
        let dev = self.dev();
        user_dev(dev >> 20, dev & 0xf_ffff)
    }
}
