//! Second stage for calls on sockets: the tuple from the kernel's socket, and the address as the caller gave it.

use aya_ebpf::{
    helpers::generated::bpf_probe_read_user, macros::btf_tracepoint, programs::BtfTracePointContext,
};
use sensor_common::{
    Kind, Source,
    event::{Socket, socket},
    ledger::Reason,
    syscalls::{MSG, NO_ARG, RET},
};

use crate::{
    hooks::{
        names::layout,
        prelude::{Told, caller, clear, fill_call},
    },
    kernel::{self, Regs, Sock, load64},
    policy, send,
    send::Account,
    snapshot,
    tail::Builder,
};

const S_IFMT: u32 = 0o170_000;
const S_IFSOCK: u32 = 0o140_000;
const AF_UNIX: u32 = 1;
const AF_INET: u32 = 2;
const AF_INET6: u32 = 10;
const TCP_LISTEN: u32 = 10;

#[btf_tracepoint(function = "sys_exit")]
pub fn exit_socket(ctx: BtfTracePointContext) -> i32 {
    let Some(control) = policy::control() else { return 0 };
    let regs = Regs(ctx.arg(0));
    let nr = regs.nr() & 0x1ff;
    let ret = ctx.arg::<u64>(1) as i64;
    let Some(account) = Account::open(policy::slot_of(control, nr)) else { return 0 };
    account.count(Reason::Seen);
    let task = caller(account);
    if policy::is_own(control, task.tgid(), task.tid()) {
        account.count(Reason::Filtered);
        return 0;
    }
    let Some(builder) = Builder::take(account) else { return 0 };
    let layout = layout(account.slot);
    let args = regs.args();
    let told = builder.start::<Told<Socket>>();
    // SAFETY: map memory of that type.
    unsafe {
        (*told).prefix.header = account.header(Kind::Socket, 0, control);
        snapshot::task(task, &raw mut (*told).prefix.task);
        let body = &raw mut (*told).body;
        clear(body);
        fill_call(&raw mut (*body).call, nr, args, ret);
        let fd = if layout.fd == RET { ret as i32 } else { args[0] as i32 };
        (*body).fd = fd;
        if fd >= 0 {
            object(task, builder, fd as u32, body);
        }
        // The address argument comes with its length behind it: connect(fd, addr, len), sendto(.., addr, len).
        if layout.addr == 1 {
            (*body).addr = builder.user_small(args[1], args[2], Source::UserExit);
        } else if layout.addr == MSG {
            let mut name = [0_u64; 2];
            // struct msghdr { void *msg_name; int msg_namelen; ... }, also the head of a struct mmsghdr.
            bpf_probe_read_user(name.as_mut_ptr().cast(), 16, args[1] as *const _);
            (*body).addr = builder.user_small(name[0], name[1] & 0xffff_ffff, Source::UserExit);
        } else if layout.addr != NO_ARG {
            (*body).addr = builder.user_small(args[4], args[5], Source::UserExit);
        }
    }
    let _sent = send::variable(account, control, Kind::Socket, builder.scratch);
    builder.release();
    crate::trace!(&ctx, "call {} on a socket returned {}, sent {}", nr, ret, _sent as u32);
    0
}

/// The socket behind a descriptor; a descriptor that is no socket leaves the family zero.
#[inline(always)]
unsafe fn object(task: kernel::Task, builder: Builder, fd: u32, body: *mut Socket) {
    let file = task.file(fd);
    if file.0 == 0 || file.inode().mode() & S_IFMT != S_IFSOCK {
        return;
    }
    let handle = kernel::Socket(file.private());
    let sock = handle.sk();
    let family = sock.family();
    unsafe {
        (*body).sock = sock.0;
        (*body).sock_type = handle.kind() as u16;
        (*body).protocol = sock.protocol() as u16;
        (*body).family = family as u16;
        if sock.state() == TCP_LISTEN {
            (*body).flags |= socket::LISTENER;
        }
        if family == AF_UNIX {
            unix(builder, sock, body);
        } else if family == AF_INET || family == AF_INET6 {
            inet(sock, family, body);
        }
        if task.file(fd) != file {
            (*body).flags |= socket::RACED;
        }
    }
}

#[inline(always)]
unsafe fn inet(sock: Sock, family: u32, body: *mut Socket) {
    unsafe {
        (*body).local_port = sock.num() as u16;
        (*body).remote_port = (sock.dport() as u16).swap_bytes();
        let (local, remote) =
            ((&raw mut (*body).local).cast::<u64>(), (&raw mut (*body).remote).cast::<u64>());
        if family == AF_INET {
            local.cast::<u32>().write(sock.saddr());
            remote.cast::<u32>().write(sock.daddr());
        } else {
            local.write(load64(sock.saddr6()));
            local.add(1).write(load64(sock.saddr6() + 8));
            remote.write(load64(sock.daddr6()));
            remote.add(1).write(load64(sock.daddr6() + 8));
        }
    }
}

/// `struct sockaddr_un` of the socket's own name, or of its peer's.
#[inline(always)]
unsafe fn unix(builder: Builder, sock: Sock, body: *mut Socket) {
    let peer = sock.unix_peer();
    unsafe { (*body).peer = peer.0 };
    let mut address = sock.unix_addr();
    if address.0 == 0 && peer.0 != 0 {
        address = peer.unix_addr();
    }
    let len = address.len();
    // The first two bytes are the family.
    if address.0 != 0 && len > 2 {
        unsafe { (*body).path = builder.kernel_small(address.name() + 2, u64::from(len - 2), Source::Fd) };
    }
}
