//! Every map, with its size and why. Small control maps are mmapable: after start they cost no capability.

use aya_ebpf::{
    bindings::BPF_F_MMAPABLE,
    macros::map,
    maps::{Array, LruHashMap, ProgramArray, RingBuf},
};
use sensor_common::{
    abi::{MAX_RECORD, PATH_BYTES},
    control::{Control, NUMBERS},
    ledger::{CpuLedger, Victims},
};

/// The one ring: one order for all events. The loader sets its size.
#[map]
pub static RING: RingBuf = RingBuf::with_byte_size(1 << 24, 0);

/// Policy; one value.
#[map]
pub static CONTROL: Array<Control> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// 1 while the consumer sleeps; a value of its own so that writing it never shares a cache line with the policy.
#[map]
pub static ASLEEP: Array<u32> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// Loss accounting, one value per possible CPU (the loader sets how many).
#[map]
pub static LEDGER: Array<CpuLedger> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// Which cgroups lost events; one value for all CPUs, written on loss only.
#[map]
pub static VICTIMS: Array<Victims> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// Where variable records are built, one value per possible CPU. A plain array: per-CPU values end at 32 KiB.
#[map]
pub static SCRATCH: Array<Scratch> = Array::with_max_entries(1, 0);

/// Second stage of the `sys_exit` dispatcher, by system call number; one more for the in-band snapshot.
#[map]
pub static EXIT_PROGRAMS: ProgramArray = ProgramArray::with_max_entries(NUMBERS as u32 + 1, 0);
/// Index of the in-band snapshot in [`EXIT_PROGRAMS`].
pub const SNAPSHOT: u32 = NUMBERS as u32;

/// Processes whose snapshot user space has: tgid to start time, ns. LRU: forgetting costs one more snapshot.
#[map]
pub static KNOWN: LruHashMap<u32, u64> = LruHashMap::with_max_entries(1 << 16, 0);

/// Room for backwards path assembly: the path ends at `PATH_BYTES`; the rest takes the whole-word copies.
#[repr(C)]
pub struct PathBuffer {
    /// Start of the path in `bytes`. In the map, not in a register: that is what bounds the verifier's states.
    pub start: u32,
    /// Bits of `sensor_common::tail::flag`.
    pub flags: u32,
    /// Where the walk is: `struct vfsmount`, its root, the dentry. In the map for the same reason.
    pub mnt: u64,
    pub mount_root: u64,
    pub dentry: u64,
    pub bytes: [u8; PATH_BYTES + 512],
}

/// One CPU's working memory.
#[repr(C, align(8))]
pub struct Scratch {
    /// Runs inside: more than one means that a run was preempted here.
    pub users: u64,
    /// Bytes of `record` in use.
    pub used: u32,
    /// Ring bytes that this CPU's data records may take before anybody looks at the ring's fill again.
    pub grant_bytes: u32,
    /// The task whose call the dispatcher handed on: a helper call less in the second stage. No other call can come
    /// between them, as the kernel does not start the dispatcher on a CPU where it runs.
    pub caller: u64,
    /// The process of this CPU's last call, if user space knows it: forgettings (see `Control`) and tgid, start.
    pub known: [u64; 2],
    pub args: [u64; 8],
    pub path: PathBuffer,
    /// Longer than a record: the verifier wants every masked offset plus the longest string to be inside.
    pub record: [u8; RECORD_ROOM],
}

/// Offsets into [`Scratch::record`] are masked with this.
pub const RECORD_MASK: usize = 0x7fff;
const RECORD_ROOM: usize = RECORD_MASK + 1 + PATH_BYTES + 8;
const _: () = assert!(MAX_RECORD <= RECORD_MASK);
