//! Sets of flag names: Falco's numbers, names in its print order, and how the kernel's bits become them.

use bumpalo::Bump;
use sensor_common::{event::file, syscalls::FlagSet};

use super::numbers;
use crate::rules::text::Text;

/// A set of names.
#[derive(Debug)]
pub struct Set {
    /// `(kernel mask, kernel value, Falco's bits)`; empty when the numbers are the kernel's.
    kernel: &'static [(u64, u64, u64)],
    /// Falco's value and name, in print order. A name for 0 prints when nothing is set.
    names: &'static [(u64, &'static str)],
}

impl Set {
    /// Numbers as the kernel has them.
    pub(super) const fn plain(names: &'static [(u64, &'static str)]) -> Self {
        Self { kernel: &[], names }
    }

    /// Falco's number for the kernel's.
    pub(super) fn convert(&self, kernel: u64) -> u64 {
        if self.kernel.is_empty() {
            return kernel & u64::from(u32::MAX);
        }
        let set = self.kernel.iter().filter(|(mask, value, _)| kernel & mask == *value);
        set.fold(0, |bits, (_, _, bit)| bits | bit)
    }

    /// Names of the bits that are set, joined by `|`; a name takes its bits away.
    pub(super) fn names_of_bits<'a>(&self, arena: &'a Bump, value: u64) -> &'a [u8] {
        let mut text = Text::new(arena);
        let mut rest = value;
        for (bits, name) in self.names {
            let is_set = if *bits == 0 { value == 0 } else { rest & bits == *bits };
            if is_set {
                text.separate(b"|").push(name.as_bytes());
                rest &= !bits;
            }
        }
        text.finish()
    }

    /// All names of exactly this value, joined by `|`.
    pub(super) fn names_of_value<'a>(&self, arena: &'a Bump, value: u64) -> &'a [u8] {
        let mut text = Text::new(arena);
        for (_, name) in self.names.iter().filter(|(number, _)| *number == value) {
            text.separate(b"|").push(name.as_bytes());
        }
        text.finish()
    }
}

/// The set of a parameter.
pub(super) fn of(set: FlagSet) -> &'static Set {
    match set {
        FlagSet::Unlinkat => &UNLINKAT,
        FlagSet::Rename => &RENAME,
        FlagSet::Linkat => &LINKAT,
        FlagSet::Openat2Resolve => &RESOLVE,
        FlagSet::Mount => &MOUNT,
        FlagSet::Umount => &UMOUNT,
        FlagSet::SocketFamily => &FAMILY,
        FlagSet::Bpf => &BPF,
        FlagSet::Clone => &CLONE,
        FlagSet::Memfd => &MEMFD,
        FlagSet::FinitModule => &FINIT_MODULE,
        FlagSet::Userfaultfd | FlagSet::Dup3 => &OPEN_BITS,
        FlagSet::SocketFlags => &SOCKET,
        FlagSet::DeleteModule => &DELETE_MODULE,
        FlagSet::Seek => &numbers::SEEK,
        FlagSet::Prot => &numbers::PROT,
        FlagSet::Access => &numbers::ACCESS,
        FlagSet::Shut => &numbers::SHUT,
        FlagSet::Flock => &numbers::FLOCK,
        FlagSet::Rlimit => &numbers::RLIMIT,
        FlagSet::Mlockall => &numbers::MLOCKALL,
        FlagSet::Prctl => &numbers::PRCTL,
        FlagSet::Keyctl => &numbers::KEYCTL,
        FlagSet::Splice => &numbers::SPLICE,
        FlagSet::Execveat | FlagSet::Fchownat => &AT_NOFOLLOW,
        // Falco numbers the requests its own way: see `ptrace`.
        FlagSet::Ptrace => &NONE,
    }
}

/// What the kernel says of an opened file, as bits of [`OPEN`].
pub(super) fn made_bits(made: u32) -> u64 {
    [(file::CREATED, 1 << 14), (file::UPPER_LAYER, 1 << 15), (file::LOWER_LAYER, 1 << 16)]
        .into_iter()
        .filter(|(bit, _)| made & bit != 0)
        .fold(0, |bits, (_, bit)| bits | bit)
}

const fn bit(kernel: u64, falco: u64) -> (u64, u64, u64) {
    (kernel, kernel, falco)
}

static NONE: Set = Set { kernel: &[], names: &[] };

const OPEN_NAMES: &[(u64, &str)] = &[
    (1 << 11, "O_LARGEFILE"),
    (1 << 10, "O_DIRECTORY"),
    (1 << 9, "O_DIRECT"),
    (1 << 8, "O_TRUNC"),
    (1 << 7, "O_SYNC"),
    (1 << 6, "O_NONBLOCK"),
    (1 << 5, "O_EXCL"),
    (1 << 4, "O_DSYNC"),
    (1 << 3, "O_APPEND"),
    (1 << 2, "O_CREAT"),
    (3, "O_RDWR"),
    (2, "O_WRONLY"),
    (1, "O_RDONLY"),
    (1 << 12, "O_CLOEXEC"),
    (0, "O_NONE"),
    (1 << 13, "O_TMPFILE"),
    (1 << 14, "O_F_CREATED"),
    (1 << 15, "FD_UPPER_LAYER"),
    (1 << 16, "FD_LOWER_LAYER"),
];

const O_NONBLOCK: (u64, u64, u64) = bit(0o4000, 1 << 6);
const O_CLOEXEC: (u64, u64, u64) = bit(0o2_000_000, 1 << 12);

/// Flags of the open family.
pub(super) static OPEN: Set = Set {
    kernel: &[
        (3, 0, 1),
        (3, 1, 2),
        (3, 2, 3),
        // O_PATH and access mode 3 count as reading.
        (3, 3, 1),
        bit(0o100, 1 << 2),
        bit(0o2000, 1 << 3),
        bit(0o10_000, 1 << 4),
        bit(0o200, 1 << 5),
        O_NONBLOCK,
        bit(0o4_010_000, 1 << 7),
        bit(0o1000, 1 << 8),
        bit(0o40_000, 1 << 9),
        bit(0o200_000, 1 << 10),
        bit(0o100_000, 1 << 11),
        O_CLOEXEC,
        bit(0o20_200_000, 1 << 13),
    ],
    names: OPEN_NAMES,
};

/// The same names for calls without an access mode.
static OPEN_BITS: Set = Set { kernel: &[O_NONBLOCK, O_CLOEXEC], names: OPEN_NAMES };
pub(super) static SOCKET: Set = Set { kernel: &[O_NONBLOCK, O_CLOEXEC], names: OPEN_NAMES };

/// What `creat` says beside its mode.
pub(super) static CREAT: Set =
    Set { kernel: &[], names: &[(1, "FD_UPPER_LAYER_CREAT"), (2, "FD_LOWER_LAYER_CREAT")] };

static UNLINKAT: Set = Set { kernel: &[], names: &[(0x200, "AT_REMOVEDIR")] };
static RENAME: Set =
    Set { kernel: &[], names: &[(1, "RENAME_NOREPLACE"), (2, "RENAME_EXCHANGE"), (4, "RENAME_WHITEOUT")] };
static LINKAT: Set = Set { kernel: &[], names: &[(0x400, "AT_SYMLINK_FOLLOW"), (0x1000, "AT_EMPTY_PATH")] };
static AT_NOFOLLOW: Set =
    Set { kernel: &[], names: &[(0x100, "AT_SYMLINK_NOFOLLOW"), (0x1000, "AT_EMPTY_PATH")] };
static UMOUNT: Set =
    Set { kernel: &[], names: &[(1, "FORCE"), (2, "DETACH"), (4, "EXPIRE"), (8, "NOFOLLOW")] };
static MEMFD: Set =
    Set { kernel: &[], names: &[(1, "MFD_CLOEXEC"), (2, "MFD_ALLOW_SEALING"), (4, "MFD_HUGETLB")] };
static FINIT_MODULE: Set = Set {
    kernel: &[],
    names: &[
        (1, "MODULE_INIT_IGNORE_MODVERSIONS"),
        (2, "MODULE_INIT_IGNORE_VERMAGIC"),
        (4, "MODULE_INIT_COMPRESSED_FILE"),
    ],
};

static DELETE_MODULE: Set =
    Set { kernel: &[bit(0o1000, 1), bit(0o4000, 2)], names: &[(2, "O_NONBLOCK"), (1, "O_TRUNC")] };

static RESOLVE: Set = Set {
    kernel: &[bit(8, 1), bit(0x10, 2), bit(2, 4), bit(4, 8), bit(1, 16), bit(0x20, 32)],
    names: &[
        (1, "RESOLVE_BENEATH"),
        (2, "RESOLVE_IN_ROOT"),
        (4, "RESOLVE_NO_MAGICLINKS"),
        (8, "RESOLVE_NO_SYMLINKS"),
        (16, "RESOLVE_NO_XDEV"),
        (32, "RESOLVE_CACHED"),
    ],
};

/// What Falco knows of an executable.
pub(super) static EXE: Set = Set {
    kernel: &[
        bit(sensor_common::event::exe::UPPER_LAYER as u64, 2),
        bit(sensor_common::event::exe::FROM_MEMFD as u64, 4),
        bit(sensor_common::event::exe::LOWER_LAYER as u64, 8),
    ],
    names: &[(1, "EXE_WRITABLE"), (2, "EXE_UPPER_LAYER"), (4, "EXE_FROM_MEMFD"), (8, "EXE_LOWER_LAYER")],
};

/// `CLONE_*`.
pub(super) static CLONE: Set = Set {
    kernel: &[
        bit(0x400, 1),
        bit(0x200, 1 << 1),
        bit(0x8000_0000, 1 << 2),
        bit(0x0800_0000, 1 << 3),
        bit(0x4000_0000, 1 << 4),
        bit(0x2_0000, 1 << 5),
        bit(0x2000_0000, 1 << 6),
        bit(0x0400_0000, 1 << 7),
        bit(0x8000, 1 << 8),
        bit(0x10_0000, 1 << 9),
        bit(0x2000, 1 << 10),
        bit(0x800, 1 << 11),
        bit(0x4_0000, 1 << 12),
        bit(0x1_0000, 1 << 13),
        bit(0x80_0000, 1 << 14),
        bit(0x100, 1 << 15),
        bit(0x1000_0000, 1 << 19),
        bit(0x20_0000, 1 << 23),
        bit(0x0100_0000, 1 << 24),
        bit(0x8_0000, 1 << 25),
        bit(0x4000, 1 << 27),
        bit(0x0200_0000, 1 << 28),
    ],
    names: &[
        (1, "CLONE_FILES"),
        (1 << 1, "CLONE_FS"),
        (1 << 2, "CLONE_IO"),
        (1 << 3, "CLONE_NEWIPC"),
        (1 << 4, "CLONE_NEWNET"),
        (1 << 5, "CLONE_NEWNS"),
        (1 << 6, "CLONE_NEWPID"),
        (1 << 7, "CLONE_NEWUTS"),
        (1 << 8, "CLONE_PARENT"),
        (1 << 9, "CLONE_PARENT_SETTID"),
        (1 << 10, "CLONE_PTRACE"),
        (1 << 11, "CLONE_SIGHAND"),
        (1 << 12, "CLONE_SYSVSEM"),
        (1 << 13, "CLONE_THREAD"),
        (1 << 14, "CLONE_UNTRACED"),
        (1 << 15, "CLONE_VM"),
        (1 << 19, "CLONE_NEWUSER"),
        (1 << 23, "CLONE_CHILD_CLEARTID"),
        (1 << 24, "CLONE_CHILD_SETTID"),
        (1 << 25, "CLONE_SETTLS"),
        (1 << 26, "CLONE_STOPPED"),
        (1 << 27, "CLONE_VFORK"),
        (1 << 28, "CLONE_NEWCGROUP"),
        (1 << 29, "CLONE_CHILD_IN_PIDNS"),
    ],
};

static MOUNT: Set = Set {
    kernel: &[],
    names: &[
        (1, "RDONLY"),
        (1 << 1, "NOSUID"),
        (1 << 2, "NODEV"),
        (1 << 3, "NOEXEC"),
        (1 << 4, "SYNCHRONOUS"),
        (1 << 5, "REMOUNT"),
        (1 << 6, "MANDLOCK"),
        (1 << 7, "DIRSYNC"),
        (1 << 10, "NOATIME"),
        (1 << 11, "NODIRATIME"),
        (1 << 12, "BIND"),
        (1 << 13, "MOVE"),
        (1 << 14, "REC"),
        (1 << 15, "SILENT"),
        (1 << 16, "POSIXACL"),
        (1 << 17, "UNBINDABLE"),
        (1 << 18, "PRIVATE"),
        (1 << 19, "SLAVE"),
        (1 << 20, "SHARED"),
        (1 << 21, "RELATIME"),
        (1 << 22, "KERNMOUNT"),
        (1 << 23, "I_VERSION"),
        (1 << 24, "STRICTATIME"),
        (1 << 25, "LAZYTIME"),
        (1 << 28, "NOSEC"),
        (1 << 29, "BORN"),
        (1 << 30, "ACTIVE"),
        (1 << 31, "NOUSER"),
    ],
};

static FAMILY: Set = Set {
    kernel: &[],
    names: &[
        (39, "AF_NFC"),
        (38, "AF_ALG"),
        (37, "AF_CAIF"),
        (36, "AF_IEEE802154"),
        (35, "AF_PHONET"),
        (34, "AF_ISDN"),
        (33, "AF_RXRPC"),
        (32, "AF_IUCV"),
        (31, "AF_BLUETOOTH"),
        (30, "AF_TIPC"),
        (29, "AF_CAN"),
        (26, "AF_LLC"),
        (25, "AF_WANPIPE"),
        (24, "AF_PPPOX"),
        (23, "AF_IRDA"),
        (22, "AF_SNA"),
        (21, "AF_RDS"),
        (20, "AF_ATMSVC"),
        (19, "AF_ECONET"),
        (18, "AF_ASH"),
        (17, "AF_PACKET"),
        (16, "AF_ROUTE"),
        (16, "AF_NETLINK"),
        (15, "AF_KEY"),
        (14, "AF_SECURITY"),
        (13, "AF_NETBEUI"),
        (12, "AF_DECnet"),
        (11, "AF_ROSE"),
        (10, "AF_INET6"),
        (9, "AF_X25"),
        (8, "AF_ATMPVC"),
        (7, "AF_BRIDGE"),
        (6, "AF_NETROM"),
        (5, "AF_APPLETALK"),
        (4, "AF_IPX"),
        (3, "AF_AX25"),
        (2, "AF_INET"),
        (1, "AF_LOCAL"),
        (1, "AF_UNIX"),
        (0, "AF_UNSPEC"),
    ],
};

static BPF: Set = Set {
    kernel: &[],
    names: &[
        (0, "BPF_MAP_CREATE"),
        (1, "BPF_MAP_LOOKUP_ELEM"),
        (2, "BPF_MAP_UPDATE_ELEM"),
        (3, "BPF_MAP_DELETE_ELEM"),
        (4, "BPF_MAP_GET_NEXT_KEY"),
        (5, "BPF_PROG_LOAD"),
        (6, "BPF_OBJ_PIN"),
        (7, "BPF_OBJ_GET"),
        (8, "BPF_PROG_ATTACH"),
        (9, "BPF_PROG_DETACH"),
        (10, "BPF_PROG_TEST_RUN"),
        (10, "BPF_PROG_RUN"),
        (11, "BPF_PROG_GET_NEXT_ID"),
        (12, "BPF_MAP_GET_NEXT_ID"),
        (13, "BPF_PROG_GET_FD_BY_ID"),
        (14, "BPF_MAP_GET_FD_BY_ID"),
        (15, "BPF_OBJ_GET_INFO_BY_FD"),
        (16, "BPF_PROG_QUERY"),
        (17, "BPF_RAW_TRACEPOINT_OPEN"),
        (18, "BPF_BTF_LOAD"),
        (19, "BPF_BTF_GET_FD_BY_ID"),
        (20, "BPF_TASK_FD_QUERY"),
        (21, "BPF_MAP_LOOKUP_AND_DELETE_ELEM"),
        (22, "BPF_MAP_FREEZE"),
        (23, "BPF_BTF_GET_NEXT_ID"),
        (24, "BPF_MAP_LOOKUP_BATCH"),
        (25, "BPF_MAP_LOOKUP_AND_DELETE_BATCH"),
        (26, "BPF_MAP_UPDATE_BATCH"),
        (27, "BPF_MAP_DELETE_BATCH"),
        (28, "BPF_LINK_CREATE"),
        (29, "BPF_LINK_UPDATE"),
        (30, "BPF_LINK_GET_FD_BY_ID"),
        (31, "BPF_LINK_GET_NEXT_ID"),
        (32, "BPF_ENABLE_STATS"),
        (33, "BPF_ITER_CREATE"),
        (34, "BPF_LINK_DETACH"),
        (35, "BPF_PROG_BIND_MAP"),
    ],
};
