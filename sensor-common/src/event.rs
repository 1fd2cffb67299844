//! Fixed parts of the record kinds. Each follows [`crate::Header`] and [`crate::Task`].

use crate::{Header, Slice, Task, wire};

wire! {
    /// Start of every record: who and when.
    pub struct Prefix {
        /// First bytes.
        pub header: Header,
        /// The acting task; of a fork, the child.
        pub task: Task,
    }

    /// Fixed part of `Fork`, `Exec` and `Process`: what user space keeps about a process
    /// (the parameters of Falco's clone and execve events).
    pub struct Process {
        /// `CLONE_*` bits that clone or clone3 was called with (Fork); else 0.
        pub clone_flags: u64,
        /// Inode of the executable.
        pub exe_ino: u64,
        /// `i_ctime` of the executable, ns since the epoch.
        pub exe_ctime_ns: u64,
        /// `i_mtime` of the executable, ns since the epoch.
        pub exe_mtime_ns: u64,
        /// Start of the pid namespace's init, ns of `CLOCK_BOOTTIME`.
        pub pidns_start_ns: u64,
        /// Soft `RLIMIT_NOFILE`.
        pub fdlimit: u64,
        /// `maj_flt`.
        pub maj_flt: u64,
        /// `min_flt`.
        pub min_flt: u64,
        /// `mm->total_vm`, pages of 4 KiB whatever the machine's are; so the next two.
        pub vm_pages: u64,
        /// Resident pages (file, anonymous and shared memory).
        pub rss_pages: u64,
        /// Swapped pages.
        pub swap_pages: u64,
        /// `s_dev` of the executable as user space encodes it (`new_encode_dev`).
        pub exe_dev: u32,
        /// Bits of [`exe`].
        pub exe_flags: u32,
        /// Thread id in the task's own pid namespace.
        pub vtid: u32,
        /// Process id in the task's own pid namespace.
        pub vpid: u32,
        /// Process group id in the initial pid namespace.
        pub pgid: u32,
        /// Process group id in the task's own pid namespace.
        pub vpgid: u32,
        /// Session id in the task's own pid namespace.
        pub vsid: u32,
        /// `real_parent`'s process id in the parent's own pid namespace.
        pub pvpid: u32,
        /// Process id of the task that called clone (Fork): with `CLONE_PARENT` it is not the parent. Else 0.
        pub caller_tgid: u32,
        /// Thread id of the task that called clone (Fork). Else 0.
        pub caller_tid: u32,
        /// System call that made the task (Fork), as x86-64 numbers it; a 32-bit caller's as its own table does. Else 0.
        pub call_nr: u32,
        /// Zero.
        pub pad: u32,
        /// Path of the executable (kernel object).
        pub exe: Slice,
        /// `argv`, NUL separated; the first string is Falco's `proc.exe`.
        pub argv: Slice,
        /// Environment, NUL separated.
        pub env: Slice,
        /// Working directory (kernel object).
        pub cwd: Slice,
        /// Path of `Task::cgroup_id` in its hierarchy.
        pub cgroup: Slice,
        /// `bprm->filename` (Exec).
        pub filename: Slice,
    }

    /// Fixed part of `Exit`.
    pub struct Exit {
        /// `exit_code` as `wait(2)` would report it.
        pub status: u32,
        /// Bits of [`exit`].
        pub flags: u32,
        /// Thread id of the task that inherits the children; 0 when unknown.
        pub reaper_tid: u32,
        /// Zero.
        pub pad: u32,
    }

    /// Fixed part of `Cgroup`.
    pub struct Cgroup {
        /// `kernfs_node.id`.
        pub id: u64,
        /// `cgroup->root->hierarchy_id`.
        pub hierarchy: u32,
        /// Zero.
        pub pad: u32,
        /// Path in its hierarchy.
        pub path: Slice,
        /// Zero.
        pub pad2: u32,
    }

    /// A system call: its fixed part stands alone in `Call` and first in `File` and `Socket`.
    pub struct Call {
        /// Return value; negative errno on failure.
        pub ret: i64,
        /// Argument registers, in order; flags of the open family as x86-64 has them.
        pub args: [u64; 6],
        /// The machine's number of the call; which call it is the header's slot tells.
        pub nr: u32,
        /// Zero.
        pub pad: u32,
    }

    /// Fixed part of `File`: a system call with up to two names.
    pub struct File {
        /// The call.
        pub call: Call,
        /// Inode of the object (opens that succeeded).
        pub ino: u64,
        /// `s_dev` of the object as user space encodes it (`new_encode_dev`).
        pub dev: u32,
        /// Bits of [`file`].
        pub flags: u32,
        /// `i_mode` of the object.
        pub mode: u32,
        /// Zero.
        pub pad: u32,
        /// Names as the process spelled them.
        pub name: [Slice; 2],
        /// Directory that a relative name starts from (pwd or dirfd), from kernel objects; none for absolute names.
        pub base: [Slice; 2],
        /// Path of the object that the call opened, from the kernel object.
        pub resolved: Slice,
        /// A third string of the call: file-system type of `mount`.
        pub word: Slice,
    }

    /// Fixed part of `Socket`: a system call on a socket.
    pub struct Socket {
        /// The call.
        pub call: Call,
        /// `struct sock` address, an opaque identity (Falco prints it for unix sockets).
        pub sock: u64,
        /// Peer `struct sock` address of a unix socket.
        pub peer: u64,
        /// Local address, network order; IPv4 in the first 4 bytes.
        pub local: [u8; 16],
        /// Remote address, network order; IPv4 in the first 4 bytes.
        pub remote: [u8; 16],
        /// Local port, host order.
        pub local_port: u16,
        /// Remote port, host order.
        pub remote_port: u16,
        /// Address family of the socket (`AF_*`); 0 when the descriptor is not a socket.
        pub family: u16,
        /// `SOCK_STREAM` and so on.
        pub sock_type: u16,
        /// `IPPROTO_*`.
        pub protocol: u16,
        /// Bits of [`socket`].
        pub flags: u16,
        /// Descriptor the call was about.
        pub fd: i32,
        /// Socket address as the caller gave it, raw `struct sockaddr`.
        pub addr: Slice,
        /// Path of a unix socket (local one if bound, else the peer's).
        pub path: Slice,
    }
}

const _: () = assert!(size_of::<Prefix>().is_multiple_of(8));
const _: () = assert!(size_of::<Process>().is_multiple_of(8));
const _: () = assert!(size_of::<Cgroup>().is_multiple_of(8));
const _: () = assert!(size_of::<Call>() == 64);
const _: () = assert!(size_of::<File>().is_multiple_of(8));
const _: () = assert!(size_of::<Socket>().is_multiple_of(8));

/// Bits of [`Process::exe_flags`].
pub mod exe {
    /// The executable lives in the upper layer of an overlayfs.
    pub const UPPER_LAYER: u32 = 1;
    /// The executable lives in a lower layer of an overlayfs.
    pub const LOWER_LAYER: u32 = 2;
    /// The executable is a memfd.
    pub const FROM_MEMFD: u32 = 4;
}

/// Bits of [`Exit::flags`].
pub mod exit {
    /// The last thread of its group ended.
    pub const GROUP_DEAD: u32 = 1;
}

/// Bits of [`File::flags`].
pub mod file {
    /// The call created the file (`FMODE_CREATED`).
    pub const CREATED: u32 = 1;
    /// The object is in the upper layer of an overlayfs.
    pub const UPPER_LAYER: u32 = 2;
    /// The object is in a lower layer of an overlayfs.
    pub const LOWER_LAYER: u32 = 4;
}

/// Bits of [`Socket::flags`].
pub mod socket {
    /// The descriptor's slot held another object after it was read.
    pub const RACED: u16 = 1;
    /// The socket is bound to a port by the caller or listens: its local end is the server.
    pub const LISTENER: u16 = 2;
}
