//! Second stage for calls with names: open and its relatives, and all that take one or two paths. What is gathered is
//! the row's `Layout`; `exit_open` also walks the object behind the new descriptor.

use aya_ebpf::{
    helpers::generated::bpf_probe_read_user, macros::btf_tracepoint, programs::BtfTracePointContext,
};
use sensor_common::{
    Kind, Slice, Source,
    abi::{PATH_BYTES, WORD_BYTES},
    arch::Arch,
    event::{File, file},
    ledger::{Reason, SLOTS},
    syscalls::{CWD, Layout, NO_ARG, layouts, traits},
    tail::flag,
};

use crate::{
    hooks::prelude::{Told, caller, clear, fill_call},
    kernel::{ARCH, Regs, Task},
    maps::Scratch,
    policy, send,
    send::Account,
    snapshot,
    tail::Builder,
};

/// The table's layouts, in read-only data.
static LAYOUTS: [Layout; SLOTS] = layouts();

const AT_FDCWD: i32 = -100;
const FMODE_CREATED: u32 = 0x10_0000;
const OVERLAYFS_SUPER_MAGIC: u64 = 0x794c_7630;
const NR_OPENAT2: u64 = 437;

#[btf_tracepoint(function = "sys_exit")]
pub fn exit_names(ctx: BtfTracePointContext) -> i32 {
    gather(&ctx, false);
    0
}

#[btf_tracepoint(function = "sys_exit")]
pub fn exit_open(ctx: BtfTracePointContext) -> i32 {
    gather(&ctx, true);
    0
}

/// The layout of a slot.
#[inline(always)]
pub fn layout(slot: u16) -> Layout {
    let index = crate::mask!(slot, "0x1ff") as usize;
    const _: () = assert!(SLOTS == 0x200);
    // SAFETY: masked to the table's length; volatile, or LLVM would fold the table into code.
    unsafe { (&raw const LAYOUTS).cast::<Layout>().add(index).read_volatile() }
}

#[inline(always)]
fn gather(ctx: &BtfTracePointContext, opens: bool) {
    let Some(control) = policy::control() else { return };
    let regs = Regs(ctx.arg(0));
    let nr = regs.nr() & 0x1ff;
    let ret = ctx.arg::<u64>(1) as i64;
    let Some(account) = Account::open(policy::slot_of(control, nr)) else { return };
    account.count(Reason::Seen);
    let layout = layout(account.slot);
    let task = caller(account);
    let is_own = layout.traits & traits::EVIDENCE == 0 && policy::is_own(control, task.tgid(), task.tid());
    if is_own || (layout.traits & traits::FAILED_ONLY != 0 && ret >= 0) {
        account.count(Reason::Filtered);
        return;
    }
    let Some(builder) = Builder::take(account) else { return };
    let told = builder.start::<Told<File>>();
    // SAFETY: map memory of that type.
    unsafe {
        (*told).prefix.header = account.header(Kind::File, 0, control);
        snapshot::task(task, &raw mut (*told).prefix.task);
        let body = &raw mut (*told).body;
        clear(body);
        fill_call(&raw mut (*body).call, nr, regs.args(), ret);
        if opens && nr == NR_OPENAT2 {
            // struct open_how { u64 flags, mode, resolve } takes the place of its pointer and what follows.
            let how = (*body).call.args[2];
            bpf_probe_read_user(
                (&raw mut (*body).call.args).cast::<u64>().add(2).cast(),
                24,
                how as *const _,
            );
        }
        if opens && matches!(ARCH, Arch::Arm64) {
            // The third argument of all opens that arm64 has.
            let flags = (&raw mut (*body).call.args).cast::<u64>().add(2);
            *flags = ARCH.open_flags(*flags);
        }
        keep_args(builder.scratch, regs.args());
        let first = name(task, builder, layout.name[0], layout.base[0]);
        (*body).name[0] = first.0;
        (*body).base[0] = first.1;
        if opens {
            if ret >= 0 {
                opened(task, builder, ret as u32, body);
            }
        } else {
            let second = name(task, builder, layout.name[1], layout.base[1]);
            (*body).name[1] = second.0;
            (*body).base[1] = second.1;
            if layout.word != NO_ARG {
                let address = arg(builder.scratch, layout.word);
                (*body).word = builder.user_str(address, WORD_BYTES as u32, Source::UserExit);
            }
        }
    }
    let _sent = send::variable(account, control, Kind::File, builder.scratch);
    builder.release();
    crate::trace!(ctx, "call {} with names returned {}, sent {}", nr, ret, _sent as u32);
}

/// Puts the argument registers where they can be indexed.
#[inline(always)]
unsafe fn keep_args(scratch: *mut Scratch, args: [u64; 6]) {
    unsafe {
        let to = (&raw mut (*scratch).args).cast::<u64>();
        let mut i = 0;
        while i < 6 {
            to.add(i).write_volatile(args[i]);
            i += 1;
        }
    }
}

#[inline(always)]
unsafe fn arg(scratch: *mut Scratch, index: u8) -> u64 {
    unsafe {
        (&raw const (*scratch).args).cast::<u64>().add(crate::mask!(index, "7") as usize).read_volatile()
    }
}

/// A name as spelled and, if it is relative, the directory it starts from.
#[inline(always)]
unsafe fn name(task: Task, builder: Builder, name: u8, base: u8) -> (Slice, Slice) {
    if name == NO_ARG {
        return (Slice::NONE, Slice::NONE);
    }
    let address = unsafe { arg(builder.scratch, name) };
    let spelled = builder.user_str(address, PATH_BYTES as u32, Source::UserExit);
    if base == NO_ARG || spelled.flags & flag::UNREADABLE != 0 || is_absolute(builder, spelled) {
        return (spelled, Slice::NONE);
    }
    let fs = task.fs();
    let dirfd = if base == CWD { AT_FDCWD } else { unsafe { arg(builder.scratch, base) as i32 } };
    let (mnt, dentry, source) = if dirfd == AT_FDCWD {
        (fs.pwd_mnt(), fs.pwd_dentry(), Source::Task)
    } else {
        let directory = task.file(dirfd as u32);
        (directory.mnt(), directory.dentry(), Source::Fd)
    };
    if dentry.0 == 0 {
        return (spelled, Slice::NONE);
    }
    (spelled, builder.path(fs, mnt, dentry, source))
}

#[inline(always)]
fn is_absolute(builder: Builder, spelled: Slice) -> bool {
    let off = crate::mask!(spelled.off, "0x7fff") as usize;
    // SAFETY: masked offset into the record.
    spelled.len > 0 && unsafe { *(&raw const (*builder.scratch).record).cast::<u8>().add(off) } == b'/'
}

/// The object behind the descriptor that the call returned.
#[inline(always)]
unsafe fn opened(task: Task, builder: Builder, fd: u32, body: *mut File) {
    let object = task.file(fd);
    if object.0 == 0 {
        return;
    }
    let inode = object.inode();
    let sb = inode.sb();
    let mut flags = 0;
    if object.mode() & FMODE_CREATED != 0 {
        flags |= file::CREATED;
    }
    if sb.magic() == OVERLAYFS_SUPER_MAGIC {
        flags |= if inode.ovl_upper() != 0 { file::UPPER_LAYER } else { file::LOWER_LAYER };
    }
    unsafe {
        (*body).ino = inode.ino();
        (*body).dev = sb.user_dev();
        (*body).mode = inode.mode();
        (*body).flags = flags;
        let mut resolved = builder.path(task.fs(), object.mnt(), object.dentry(), Source::Fd);
        if task.file(fd) != object {
            resolved.flags |= flag::RACED;
        }
        (*body).resolved = resolved;
    }
}
