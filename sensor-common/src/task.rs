//! The task snapshot that every record carries, so that loss of a fork or exec never costs identity.

use crate::wire;

wire! {
    /// Who did it, read from `task_struct` at the hook. Ids are those of the initial namespaces.
    pub struct Task {
        /// `group_leader->start_boottime`, ns: with `tgid` the identity of the process.
        pub start_ns: u64,
        /// `real_parent->group_leader->start_boottime`, ns.
        pub parent_start_ns: u64,
        /// `kernfs_node.id` of the task's cgroup (see `cgroup_hierarchy`).
        pub cgroup_id: u64,
        /// `cred->cap_effective`, kernel bit numbers.
        pub cap_effective: u64,
        /// `cred->cap_permitted`.
        pub cap_permitted: u64,
        /// `cred->cap_inheritable`.
        pub cap_inheritable: u64,
        /// Thread group id, what user space calls the pid.
        pub tgid: u32,
        /// Thread id.
        pub tid: u32,
        /// `real_parent->tgid`.
        pub ppid: u32,
        /// `cred->euid`.
        pub uid: u32,
        /// `cred->egid`.
        pub gid: u32,
        /// Audit login uid; `u32::MAX` when unset.
        pub loginuid: u32,
        /// Controlling terminal as user space encodes device numbers (`new_encode_dev`, Falco's `proc.tty`); 0 without one.
        pub tty: u32,
        /// Session id in the initial pid namespace.
        pub sid: u32,
        /// Inode number of the pid namespace for children.
        pub pid_ns: u32,
        /// Inode number of the mount namespace.
        pub mnt_ns: u32,
        /// Inode number of the network namespace.
        pub net_ns: u32,
        /// Inode number of the user namespace of the credentials.
        pub user_ns: u32,
        /// `cgroup->root->hierarchy_id`: 0 is the unified hierarchy; v1 ids are unique only inside theirs.
        pub cgroup_hierarchy: u32,
        /// Bits of [`flag`].
        pub flags: u32,
        /// `task_struct.comm`, NUL padded.
        pub comm: [u8; 16],
    }
}

const _: () = assert!(size_of::<Task>() == 120);

/// Bits of [`Task::flags`].
pub mod flag {
    /// `PF_KTHREAD`.
    pub const KTHREAD: u32 = 1;
}
