//! The declarative system call table. A row says how the kernel side gathers a call and what its parameters
//! mean; supporting one more system call is one more row at the end (slots are never reused or moved).

mod generic;
mod numbers;
mod objects;

use crate::{arch::Arch, ledger::slot};

/// Which kernel program gathers the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Shape {
    /// Integer arguments only: [`crate::event::Call`].
    Call = 1,
    /// Names from user memory: [`crate::event::File`].
    Names = 2,
    /// Names, and the object behind the returned descriptor: [`crate::event::File`].
    Open = 3,
    /// The object behind an argument descriptor: [`crate::event::File`].
    Descriptor = 4,
    /// A socket: [`crate::event::Socket`].
    Socket = 5,
}

/// Argument index that stands for "none".
pub const NO_ARG: u8 = 0xff;
/// Descriptor "argument" that stands for the return value.
pub const RET: u8 = 0xfe;
/// Directory "argument" that stands for the working directory.
pub const CWD: u8 = 0xfd;

/// Address "argument" that stands for the `struct msghdr` behind argument 1.
pub const MSG: u8 = 0xfc;

/// What the kernel program needs to know of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Layout {
    /// Argument with the first and second name, or [`NO_ARG`].
    pub name: [u8; 2],
    /// Argument with the directory descriptor of each name, [`CWD`], or [`NO_ARG`] where the text is no path.
    pub base: [u8; 2],
    /// Argument with a short string, or [`NO_ARG`].
    pub word: u8,
    /// Argument with the descriptor of the object, [`RET`], or [`NO_ARG`].
    pub fd: u8,
    /// Argument with a socket address, [`MSG`], or [`NO_ARG`].
    pub addr: u8,
    /// Bits of [`traits`].
    pub traits: u8,
}

/// Bits of [`Layout::traits`].
pub mod traits {
    /// Only calls that failed are told by this row (success is told by another hook: fork, exec).
    pub const FAILED_ONLY: u8 = 1;
    /// Never plain I/O: told even of the agent itself.
    pub const EVIDENCE: u8 = 2;
}

/// A layout with nothing in it.
pub const PLAIN: Layout =
    Layout { name: [NO_ARG; 2], base: [NO_ARG; 2], word: NO_ARG, fd: NO_ARG, addr: NO_ARG, traits: 0 };

/// Type of a parameter as Falco names it; decides `evt.arg` and `evt.rawarg` rendering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamType {
    /// Negative errno or result.
    Errno,
    /// Descriptor.
    Fd,
    /// Process id.
    Pid,
    /// User id.
    Uid,
    /// Group id.
    Gid,
    /// Absolute or pwd-relative path.
    FsPath,
    /// Path relative to the descriptor parameter before it.
    FsRelPath,
    /// Text.
    CharBuf,
    /// Bytes that need not be text.
    ByteBuf,
    /// Open flags.
    OpenFlags,
    /// Bits of a named flag set.
    Flags(FlagSet),
    /// One value of a named set.
    EnumFlags(FlagSet),
    /// File mode bits rendered as `S_*` names.
    Mode,
    /// Decimal number.
    Uint,
    /// Signed decimal number.
    Int,
    /// Octal number (open mode).
    Octal,
    /// Hexadecimal number.
    Hex,
    /// Decimal number of 64 bits: the whole register.
    Uint64,
    /// Hexadecimal number of 64 bits, an address.
    Hex64,
    /// Signal number.
    Signal,
    /// Socket address.
    SockAddr,
    /// Socket tuple.
    SockTuple,
}

/// Named sets of flag words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagSet {
    /// `AT_REMOVEDIR`.
    Unlinkat,
    /// `RENAME_*`.
    Rename,
    /// `AT_SYMLINK_FOLLOW`, `AT_EMPTY_PATH`.
    Linkat,
    /// `RESOLVE_*`.
    Openat2Resolve,
    /// `MS_*`.
    Mount,
    /// `MNT_*`.
    Umount,
    /// `PTRACE_*`.
    Ptrace,
    /// `AF_*`.
    SocketFamily,
    /// `BPF_*` commands.
    Bpf,
    /// `CLONE_*`.
    Clone,
    /// `MFD_*`.
    Memfd,
    /// `MODULE_INIT_*`.
    FinitModule,
    /// `UFFD_*`, `O_*`.
    Userfaultfd,
    /// `O_CLOEXEC` of dup3.
    Dup3,
    /// `O_NONBLOCK`, `O_TRUNC` of `delete_module`.
    DeleteModule,
    /// `SOCK_NONBLOCK`, `SOCK_CLOEXEC`.
    SocketFlags,
    /// `AT_EMPTY_PATH`, `AT_SYMLINK_NOFOLLOW` of execveat.
    Execveat,
    /// `AT_SYMLINK_NOFOLLOW`, `AT_EMPTY_PATH` of fchownat.
    Fchownat,
    /// `SEEK_*`.
    Seek,
    /// `PROT_*`.
    Prot,
    /// `R_OK` and so on.
    Access,
    /// `SHUT_*`.
    Shut,
    /// `LOCK_*`.
    Flock,
    /// `RLIMIT_*`.
    Rlimit,
    /// `MCL_*`.
    Mlockall,
    /// `PR_*`.
    Prctl,
    /// `KEYCTL_*`.
    Keyctl,
    /// `SPLICE_F_*`.
    Splice,
}

/// Where a parameter's value is in the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `Call::ret`.
    Ret,
    /// `Call::args[n]`.
    Arg(u8),
    /// `File::name[n]`.
    Name(u8),
    /// `File::word`.
    Word,
    /// `File::resolved`: of calls that have no name but an object.
    Object,
    /// `File::dev`.
    Dev,
    /// `File::ino`.
    Ino,
    /// `Socket` addresses.
    Tuple,
    /// `Socket::addr`.
    Addr,
    /// A constant: open flags that creat implies.
    Const(u64),
    /// Not in the record; keeps the positions of the parameters behind it.
    Absent,
}

/// A parameter of the exit event, in Falco's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param {
    /// Falco's name of it (`evt.arg.NAME`).
    pub name: &'static str,
    /// Its type.
    pub ty: ParamType,
    /// Where it is.
    pub from: Origin,
}

/// One system call.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Kernel's name of the call.
    pub name: &'static str,
    /// Falco's `evt.type`.
    pub event: &'static str,
    /// Number on x86-64, by which the call is known; [`Arch::number`] tells other architectures'.
    pub nr: u16,
    /// Which program gathers it.
    pub shape: Shape,
    /// What that program needs to know.
    pub layout: Layout,
    /// Parameters of the exit event, in Falco's order.
    pub params: &'static [Param],
}

/// The row of a ledger slot.
pub const fn row(slot: u16) -> Option<&'static Row> {
    if slot < slot::FIRST_SYSCALL {
        return None;
    }
    let index = (slot - slot::FIRST_SYSCALL) as usize;
    if index < TABLE.len() { Some(&TABLE[index]) } else { None }
}

/// The ledger slot of the `index`th row.
pub const fn slot_of_row(index: usize) -> u16 {
    slot::FIRST_SYSCALL + index as u16
}

/// Slot by native number, [`slot::UNKNOWN`] without a row: the initial `Control::slot_of`.
pub const fn slots(arch: Arch) -> [u16; crate::control::NUMBERS] {
    let mut slots = [slot::UNKNOWN; crate::control::NUMBERS];
    let mut i = 0;
    while i < TABLE.len() {
        if let Some(native) = arch.number(TABLE[i].nr) {
            slots[native as usize] = slot_of_row(i);
        }
        i += 1;
    }
    slots
}

/// Layout by slot: the kernel side's read-only copy of the table.
pub const fn layouts() -> [Layout; crate::ledger::SLOTS] {
    let mut layouts = [PLAIN; crate::ledger::SLOTS];
    let mut i = 0;
    while i < TABLE.len() {
        layouts[slot_of_row(i) as usize] = TABLE[i].layout;
        i += 1;
    }
    layouts
}

/// All rows: position and ledger slot belong together.
pub static TABLE: &[Row] = &ALL;

const N_ROWS: usize =
    FIRST.len() + objects::ROWS.len() + numbers::ROWS.len() + generic::CALLS.len() + generic::EVIDENT.len();

static ALL: [Row; N_ROWS] = {
    let mut all = [FIRST[0]; N_ROWS];
    let next = put(&mut all, 0, FIRST);
    let next = put(&mut all, next, objects::ROWS);
    let mut next = put(&mut all, next, numbers::ROWS);
    let mut i = 0;
    while i < generic::CALLS.len() {
        let (name, nr) = generic::CALLS[i];
        all[next] = plain(name, nr, &[]);
        (i, next) = (i + 1, next + 1);
    }
    i = 0;
    while i < generic::EVIDENT.len() {
        let (name, nr) = generic::EVIDENT[i];
        all[next] = call(name, nr, &[]);
        (i, next) = (i + 1, next + 1);
    }
    all
};

/// Puts rows at a place, and returns the one behind them.
const fn put(all: &mut [Row; N_ROWS], at: usize, rows: &[Row]) -> usize {
    let mut i = 0;
    while i < rows.len() {
        all[at + i] = rows[i];
        i += 1;
    }
    at + rows.len()
}

use Origin::{Absent, Addr, Arg, Const, Dev, Ino, Name, Ret, Tuple, Word};
use ParamType::{
    ByteBuf, CharBuf, EnumFlags, Errno, Fd, Flags, FsPath, FsRelPath, Gid, Hex, Int, Mode, Octal, OpenFlags,
    Pid, SockAddr, SockTuple, Uid, Uint,
};

const fn p(name: &'static str, ty: ParamType, from: Origin) -> Param {
    Param { name, ty, from }
}

/// Integers of a call that is told of the agent itself, too.
const fn call(name: &'static str, nr: u16, params: &'static [Param]) -> Row {
    evidence(plain(name, nr, params))
}

/// Integers of a call that is plain input and output.
const fn plain(name: &'static str, nr: u16, params: &'static [Param]) -> Row {
    Row { name, event: name, nr, shape: Shape::Call, layout: PLAIN, params }
}

/// The same row under Falco's other name.
const fn event(event: &'static str, row: Row) -> Row {
    Row { event, ..row }
}

/// One name in argument `arg`, relative to the directory in argument `base`.
const fn names1(name: &'static str, nr: u16, base: u8, arg: u8, params: &'static [Param]) -> Row {
    let layout = Layout { name: [arg, NO_ARG], base: [base, NO_ARG], ..PLAIN };
    Row { name, event: name, nr, shape: Shape::Names, layout, params }
}

/// Two names, each `(directory argument, name argument)`.
const fn names2(name: &'static str, nr: u16, one: (u8, u8), two: (u8, u8), params: &'static [Param]) -> Row {
    let layout = Layout { name: [one.1, two.1], base: [one.0, two.0], ..PLAIN };
    Row { name, event: name, nr, shape: Shape::Names, layout, params }
}

/// A short string in argument `arg` that is no path.
const fn word(name: &'static str, nr: u16, arg: u8, params: &'static [Param]) -> Row {
    Row { name, event: name, nr, shape: Shape::Names, layout: Layout { word: arg, ..PLAIN }, params }
}

const fn open(name: &'static str, nr: u16, base: u8, arg: u8, params: &'static [Param]) -> Row {
    let layout = Layout { name: [arg, NO_ARG], base: [base, NO_ARG], fd: RET, ..PLAIN };
    Row { name, event: name, nr, shape: Shape::Open, layout, params }
}

const fn descriptor(name: &'static str, nr: u16, params: &'static [Param]) -> Row {
    Row { name, event: name, nr, shape: Shape::Descriptor, layout: Layout { fd: 0, ..PLAIN }, params }
}

const fn socket(name: &'static str, nr: u16, fd: u8, addr: u8, params: &'static [Param]) -> Row {
    Row { name, event: name, nr, shape: Shape::Socket, layout: Layout { fd, addr, ..PLAIN }, params }
}

const fn failed_exec(name: &'static str, nr: u16, base: u8, arg: u8, params: &'static [Param]) -> Row {
    let layout = Layout {
        name: [arg, NO_ARG],
        base: [base, NO_ARG],
        traits: traits::FAILED_ONLY | traits::EVIDENCE,
        ..PLAIN
    };
    Row { name, event: name, nr, shape: Shape::Names, layout, params }
}

/// A clone that failed; it has the parameters of one that did not.
const fn failed_clone(name: &'static str, nr: u16) -> Row {
    let layout = Layout { traits: traits::FAILED_ONLY | traits::EVIDENCE, ..PLAIN };
    Row { name, event: name, nr, shape: Shape::Names, layout, params: CLONE }
}

/// The same row, told of the agent too.
const fn evidence(row: Row) -> Row {
    let traits = row.layout.traits | traits::EVIDENCE;
    Row { layout: Layout { traits, ..row.layout }, ..row }
}

const CLONE: &[Param] = &[p("res", Pid, Ret)];
const DUP: &[Param] = &[p("res", Fd, Ret), p("oldfd", Fd, Arg(0))];
const FCHMOD: &[Param] = &[p("res", Errno, Ret), p("fd", Fd, Arg(0)), p("mode", Mode, Arg(1))];
const ID: &[Param] = &[p("res", Errno, Ret), p("uid", Uid, Arg(0))];
const GROUP: &[Param] = &[p("res", Errno, Ret), p("gid", Gid, Arg(0))];

/// The calls that rules mostly ask for. Only ever append, and to the last part of [`TABLE`]: the position of a row is its
/// ledger slot, part of the record ABI.
const FIRST: &[Row] = &[
    open(
        "open",
        2,
        CWD,
        0,
        &[
            p("fd", Fd, Ret),
            p("name", FsPath, Name(0)),
            p("flags", OpenFlags, Arg(1)),
            p("mode", Octal, Arg(2)),
            p("dev", Hex, Dev),
            p("ino", Uint, Ino),
        ],
    ),
    open(
        "openat",
        257,
        0,
        1,
        &[
            p("fd", Fd, Ret),
            p("dirfd", Fd, Arg(0)),
            p("name", FsRelPath, Name(0)),
            p("flags", OpenFlags, Arg(2)),
            p("mode", Octal, Arg(3)),
            p("dev", Hex, Dev),
            p("ino", Uint, Ino),
        ],
    ),
    // `struct open_how` is read by the kernel side into args[2..5]: flags, mode, resolve.
    open(
        "openat2",
        437,
        0,
        1,
        &[
            p("fd", Fd, Ret),
            p("dirfd", Fd, Arg(0)),
            p("name", FsRelPath, Name(0)),
            p("flags", OpenFlags, Arg(2)),
            p("mode", Octal, Arg(3)),
            p("resolve", Flags(FlagSet::Openat2Resolve), Arg(4)),
            p("dev", Hex, Dev),
            p("ino", Uint, Ino),
        ],
    ),
    open(
        "creat",
        85,
        CWD,
        0,
        &[
            p("fd", Fd, Ret),
            p("name", FsPath, Name(0)),
            p("mode", Octal, Arg(1)),
            p("dev", Hex, Dev),
            p("ino", Uint, Ino),
            p("creat_flags", OpenFlags, Const(0)),
        ],
    ),
    socket(
        "connect",
        42,
        0,
        1,
        &[p("res", Errno, Ret), p("tuple", SockTuple, Tuple), p("fd", Fd, Arg(0)), p("addr", SockAddr, Addr)],
    ),
    socket("bind", 49, 0, 1, &[p("res", Errno, Ret), p("addr", SockAddr, Addr), p("fd", Fd, Arg(0))]),
    socket("listen", 50, 0, NO_ARG, &[p("res", Errno, Ret), p("fd", Fd, Arg(0)), p("backlog", Int, Arg(1))]),
    socket(
        "accept",
        43,
        RET,
        NO_ARG,
        &[
            p("fd", Fd, Ret),
            p("tuple", SockTuple, Tuple),
            p("queuepct", Uint, Absent),
            p("queuelen", Uint, Absent),
            p("queuemax", Uint, Absent),
        ],
    ),
    socket(
        "accept4",
        288,
        RET,
        NO_ARG,
        &[
            p("fd", Fd, Ret),
            p("tuple", SockTuple, Tuple),
            p("queuepct", Uint, Absent),
            p("queuelen", Uint, Absent),
            p("queuemax", Uint, Absent),
            p("flags", Hex, Arg(3)),
        ],
    ),
    socket(
        "socket",
        41,
        RET,
        NO_ARG,
        &[
            p("fd", Fd, Ret),
            p("domain", EnumFlags(FlagSet::SocketFamily), Arg(0)),
            p("type", Uint, Arg(1)),
            p("proto", Uint, Arg(2)),
            p("flags", Flags(FlagSet::SocketFlags), Arg(1)),
        ],
    ),
    socket(
        "sendto",
        44,
        0,
        4,
        &[
            p("res", Errno, Ret),
            p("data", ByteBuf, Absent),
            p("fd", Fd, Arg(0)),
            p("size", Uint, Arg(2)),
            p("tuple", SockTuple, Tuple),
        ],
    ),
    socket(
        "sendmsg",
        46,
        0,
        MSG,
        &[
            p("res", Errno, Ret),
            p("data", ByteBuf, Absent),
            p("fd", Fd, Arg(0)),
            p("size", Uint, Absent),
            p("tuple", SockTuple, Tuple),
        ],
    ),
    socket(
        "recvfrom",
        45,
        0,
        NO_ARG,
        &[
            p("res", Errno, Ret),
            p("data", ByteBuf, Absent),
            p("tuple", SockTuple, Tuple),
            p("fd", Fd, Arg(0)),
            p("size", Uint, Arg(2)),
        ],
    ),
    socket(
        "recvmsg",
        47,
        0,
        NO_ARG,
        &[
            p("res", Errno, Ret),
            p("size", Uint, Absent),
            p("data", ByteBuf, Absent),
            p("tuple", SockTuple, Tuple),
            p("msgcontrol", ByteBuf, Absent),
            p("fd", Fd, Arg(0)),
        ],
    ),
    failed_exec("execve", 59, CWD, 0, &[p("res", Errno, Ret), p("filename", FsPath, Name(0))]),
    failed_exec("execveat", 322, 0, 1, &[p("res", Errno, Ret), p("filename", FsPath, Name(0))]),
    names1("unlink", 87, CWD, 0, &[p("res", Errno, Ret), p("path", FsPath, Name(0))]),
    names1(
        "unlinkat",
        263,
        0,
        1,
        &[
            p("res", Errno, Ret),
            p("dirfd", Fd, Arg(0)),
            p("name", FsRelPath, Name(0)),
            p("flags", Flags(FlagSet::Unlinkat), Arg(2)),
        ],
    ),
    names1("rmdir", 84, CWD, 0, &[p("res", Errno, Ret), p("path", FsPath, Name(0))]),
    names1("mkdir", 83, CWD, 0, &[p("res", Errno, Ret), p("path", FsPath, Name(0)), p("mode", Hex, Arg(1))]),
    names1(
        "mkdirat",
        258,
        0,
        1,
        &[
            p("res", Errno, Ret),
            p("dirfd", Fd, Arg(0)),
            p("path", FsRelPath, Name(0)),
            p("mode", Hex, Arg(2)),
        ],
    ),
    names2(
        "rename",
        82,
        (CWD, 0),
        (CWD, 1),
        &[p("res", Errno, Ret), p("oldpath", FsPath, Name(0)), p("newpath", FsPath, Name(1))],
    ),
    names2(
        "renameat",
        264,
        (0, 1),
        (2, 3),
        &[
            p("res", Errno, Ret),
            p("olddirfd", Fd, Arg(0)),
            p("oldpath", FsRelPath, Name(0)),
            p("newdirfd", Fd, Arg(2)),
            p("newpath", FsRelPath, Name(1)),
        ],
    ),
    names2(
        "renameat2",
        316,
        (0, 1),
        (2, 3),
        &[
            p("res", Errno, Ret),
            p("olddirfd", Fd, Arg(0)),
            p("oldpath", FsRelPath, Name(0)),
            p("newdirfd", Fd, Arg(2)),
            p("newpath", FsRelPath, Name(1)),
            p("flags", Flags(FlagSet::Rename), Arg(4)),
        ],
    ),
    names2(
        "link",
        86,
        (CWD, 0),
        (CWD, 1),
        &[p("res", Errno, Ret), p("oldpath", FsPath, Name(0)), p("newpath", FsPath, Name(1))],
    ),
    names2(
        "linkat",
        265,
        (0, 1),
        (2, 3),
        &[
            p("res", Errno, Ret),
            p("olddir", Fd, Arg(0)),
            p("oldpath", FsRelPath, Name(0)),
            p("newdir", Fd, Arg(2)),
            p("newpath", FsRelPath, Name(1)),
            p("flags", Flags(FlagSet::Linkat), Arg(4)),
        ],
    ),
    names2(
        "symlink",
        88,
        (NO_ARG, 0),
        (CWD, 1),
        &[p("res", Errno, Ret), p("target", CharBuf, Name(0)), p("linkpath", FsPath, Name(1))],
    ),
    names2(
        "symlinkat",
        266,
        (NO_ARG, 0),
        (1, 2),
        &[
            p("res", Errno, Ret),
            p("target", CharBuf, Name(0)),
            p("linkdirfd", Fd, Arg(1)),
            p("linkpath", FsRelPath, Name(1)),
        ],
    ),
    names1(
        "chmod",
        90,
        CWD,
        0,
        &[p("res", Errno, Ret), p("filename", FsPath, Name(0)), p("mode", Mode, Arg(1))],
    ),
    names1(
        "fchmodat",
        268,
        0,
        1,
        &[
            p("res", Errno, Ret),
            p("dirfd", Fd, Arg(0)),
            p("filename", FsRelPath, Name(0)),
            p("mode", Mode, Arg(2)),
        ],
    ),
    descriptor("fchmod", 91, FCHMOD),
    names1(
        "chown",
        92,
        CWD,
        0,
        &[p("res", Errno, Ret), p("path", FsPath, Name(0)), p("uid", Int, Arg(1)), p("gid", Int, Arg(2))],
    ),
    names1(
        "lchown",
        94,
        CWD,
        0,
        &[p("res", Errno, Ret), p("path", FsPath, Name(0)), p("uid", Int, Arg(1)), p("gid", Int, Arg(2))],
    ),
    names1(
        "fchownat",
        260,
        0,
        1,
        &[
            p("res", Errno, Ret),
            p("dirfd", Fd, Arg(0)),
            p("pathname", FsRelPath, Name(0)),
            p("uid", Int, Arg(2)),
            p("gid", Int, Arg(3)),
            p("flags", Flags(FlagSet::Fchownat), Arg(4)),
        ],
    ),
    descriptor(
        "fchown",
        93,
        &[p("res", Errno, Ret), p("fd", Fd, Arg(0)), p("uid", Int, Arg(1)), p("gid", Int, Arg(2))],
    ),
    Row {
        name: "mount",
        event: "mount",
        nr: 165,
        shape: Shape::Names,
        layout: Layout { name: [0, 1], base: [NO_ARG, CWD], word: 2, traits: traits::EVIDENCE, ..PLAIN },
        params: &[
            p("res", Errno, Ret),
            p("dev", CharBuf, Name(0)),
            p("dir", FsPath, Name(1)),
            p("type", CharBuf, Word),
            p("flags", Flags(FlagSet::Mount), Arg(3)),
        ],
    },
    evidence(names1(
        "umount2",
        166,
        CWD,
        0,
        &[p("res", Errno, Ret), p("name", FsPath, Name(0)), p("flags", Flags(FlagSet::Umount), Arg(1))],
    )),
    evidence(word(
        "memfd_create",
        319,
        0,
        &[p("fd", Fd, Ret), p("name", CharBuf, Word), p("flags", Flags(FlagSet::Memfd), Arg(1))],
    )),
    evidence(names1("chroot", 161, CWD, 0, &[p("res", Errno, Ret), p("path", FsPath, Name(0))])),
    names1("chdir", 80, CWD, 0, &[p("res", Errno, Ret), p("path", CharBuf, Name(0))]),
    descriptor("fchdir", 81, &[p("res", Errno, Ret), p("fd", Fd, Arg(0))]),
    call(
        "ptrace",
        101,
        &[
            p("res", Errno, Ret),
            p("addr", Hex, Arg(2)),
            p("data", Hex, Arg(3)),
            p("request", EnumFlags(FlagSet::Ptrace), Arg(0)),
            p("pid", Pid, Arg(1)),
        ],
    ),
    call(
        "setns",
        308,
        &[p("res", Errno, Ret), p("fd", Fd, Arg(0)), p("nstype", Flags(FlagSet::Clone), Arg(1))],
    ),
    call("unshare", 272, &[p("res", Errno, Ret), p("flags", Flags(FlagSet::Clone), Arg(0))]),
    call("bpf", 321, &[p("fd", Fd, Ret), p("cmd", EnumFlags(FlagSet::Bpf), Arg(0))]),
    call("setuid", 105, ID),
    call("setgid", 106, GROUP),
    socket("dup", 32, RET, NO_ARG, DUP),
    socket("dup2", 33, RET, NO_ARG, &[p("res", Fd, Ret), p("oldfd", Fd, Arg(0)), p("newfd", Fd, Arg(1))]),
    socket(
        "dup3",
        292,
        RET,
        NO_ARG,
        &[
            p("res", Fd, Ret),
            p("oldfd", Fd, Arg(0)),
            p("newfd", Fd, Arg(1)),
            p("flags", Flags(FlagSet::Dup3), Arg(2)),
        ],
    ),
    call("kill", 62, &[p("res", Errno, Ret), p("pid", Pid, Arg(0)), p("sig", ParamType::Signal, Arg(1))]),
    evidence(word(
        "finit_module",
        313,
        1,
        &[
            p("res", Errno, Ret),
            p("fd", Fd, Arg(0)),
            p("uargs", CharBuf, Word),
            p("flags", Flags(FlagSet::FinitModule), Arg(2)),
        ],
    )),
    evidence(word(
        "init_module",
        175,
        2,
        &[
            p("res", Errno, Ret),
            p("img", ByteBuf, Absent),
            p("length", Uint, Arg(1)),
            p("uargs", CharBuf, Word),
        ],
    )),
    evidence(word(
        "delete_module",
        176,
        0,
        &[p("res", Errno, Ret), p("name", CharBuf, Word), p("flags", Flags(FlagSet::DeleteModule), Arg(1))],
    )),
    call("userfaultfd", 323, &[p("res", Errno, Ret), p("flags", Flags(FlagSet::Userfaultfd), Arg(0))]),
    names1("truncate", 76, CWD, 0, &[]),
    descriptor("ftruncate", 77, &[]),
    // The first message only.
    socket(
        "sendmmsg",
        307,
        0,
        MSG,
        &[
            p("res", Errno, Ret),
            p("fd", Fd, Arg(0)),
            p("size", Uint, Absent),
            p("data", ByteBuf, Absent),
            p("tuple", SockTuple, Tuple),
        ],
    ),
    failed_clone("clone", 56),
    failed_clone("fork", 57),
    failed_clone("vfork", 58),
    failed_clone("clone3", 435),
];
