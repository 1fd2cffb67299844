//! System calls by number: the probe must know exactly which call it makes, and a libc chooses for itself.
//!
//! Numbers and flags of open are x86-64's, as the sensor tells them; here they become the machine's.
#![expect(unsafe_code, reason = "a system call by number has no safe interface")]

use std::arch::asm;

use sensor_common::arch::Arch;

/// Number of openat.
pub(crate) const OPENAT: u16 = 257;
/// Number of clone.
const CLONE: u16 = 56;

/// The call and arguments that stand for these on this machine: arm64 has the newest of each family only.
pub(crate) fn here(nr: u16, args: [u64; 6]) -> (u16, [u64; 6]) {
    const CWD: u64 = -100_i64 as u64;
    let [a, b, c, ..] = args;
    match nr {
        _ if Arch::HERE.number(nr).is_some() => (nr, args),
        // open, creat
        2 => (OPENAT, [CWD, a, b, c, 0, 0]),
        85 => (OPENAT, [CWD, a, 0o1101, b, 0, 0]),
        // mkdir, rmdir, unlink
        83 => (258, [CWD, a, b, 0, 0, 0]),
        84 => (263, [CWD, a, 0x200, 0, 0, 0]),
        87 => (263, [CWD, a, 0, 0, 0, 0]),
        // rename, link, symlink
        82 => (264, [CWD, a, CWD, b, 0, 0]),
        86 => (265, [CWD, a, CWD, b, 0, 0]),
        88 => (266, [a, CWD, b, 0, 0, 0]),
        // chmod, chown, lchown
        90 => (268, [CWD, a, b, 0, 0, 0]),
        92 => (260, [CWD, a, b, c, 0, 0]),
        94 => (260, [CWD, a, b, c, 0x100, 0]),
        // dup2, pipe
        33 => (292, [a, b, 0, 0, 0, 0]),
        22 => (293, [a, 0, 0, 0, 0, 0]),
        _ => (nr, args),
    }
}

/// A call by its number on x86-64; the result as the kernel gives it, negative errno on failure.
pub(crate) fn call(nr: u16, args: [u64; 6]) -> i64 {
    let (nr, mut args) = here(nr, args);
    if nr == OPENAT {
        // Doing it twice changes nothing, so this is the way back, too.
        args[2] = Arch::HERE.open_flags(args[2]);
    }
    native(u64::from(Arch::HERE.number(nr).unwrap_or(u16::MAX)), args)
}

/// A call by the machine's number.
#[cfg(target_arch = "x86_64")]
pub(crate) fn native(nr: u64, args: [u64; 6]) -> i64 {
    let [rdi, rsi, rdx, r10, r8, r9] = args;
    let ret: i64;
    // SAFETY: the callers pass addresses of memory that outlives the call, and calls that change no memory of ours.
    unsafe {
        asm!("syscall", inlateout("rax") nr => ret, in("rdi") rdi, in("rsi") rsi, in("rdx") rdx, in("r10") r10,
            in("r8") r8, in("r9") r9, out("rcx") _, out("r11") _, options(nostack));
    }
    ret
}

/// A call by the machine's number.
#[cfg(target_arch = "aarch64")]
pub(crate) fn native(nr: u64, args: [u64; 6]) -> i64 {
    let [x0, x1, x2, x3, x4, x5] = args;
    let ret: i64;
    // SAFETY: the callers pass addresses of memory that outlives the call, and calls that change no memory of ours.
    unsafe {
        asm!("svc 0", in("x8") nr, inlateout("x0") x0 => ret, in("x1") x1, in("x2") x2, in("x3") x3, in("x4") x4,
            in("x5") x5, options(nostack));
    }
    ret
}

/// Calls of other tables than the native one, here: unlink through the 32-bit gate and, as x32, with a name. Neither works; both
/// were tried.
#[cfg(target_arch = "x86_64")]
pub(crate) fn foreign() {
    const X32: u64 = 0x4000_0000;
    // SAFETY: the address is not read, it is null; rbx belongs to LLVM and is put back.
    unsafe {
        asm!("xchg {b}, rbx", "int 0x80", "xchg {b}, rbx", b = inout(reg) 0_u64 => _, inlateout("eax") 10 => _,
            in("ecx") 0, in("edx") 0, out("r8") _, out("r9") _, out("r10") _, out("r11") _);
    }
    native(X32 + 87, [c"/saker-probe-x32".as_ptr().addr() as u64, 0, 0, 0, 0, 0]);
}

/// arm64 has no such gate: only a 32-bit program makes 32-bit calls.
#[cfg(target_arch = "aarch64")]
pub(crate) fn foreign() {}

/// A 32-bit ARM program that calls unlink(NULL), which is fgetxattr among arm64's numbers, and ends.
pub(crate) fn program_32() -> Vec<u8> {
    const WHERE: u32 = 0x1_0000;
    const CODE: [u32; 6] = [0xe3a0_0000, 0xe3a0_700a, 0xef00_0000, 0xe3a0_0007, 0xe3a0_7001, 0xef00_0000];
    const HEADERS: u32 = 52 + 32;
    const SIZE: u32 = HEADERS + size_of_val(&CODE) as u32;
    // Executable, ARM, version, entry, program headers, no sections, EABI 5, sizes, one program header.
    let header = [0x28_0002, 1, WHERE + HEADERS, 52, 0, 0x0500_0000, 0x20_0034, 1, 0];
    // To be loaded from the file's start, readable and executable.
    let segment = [1, 0, WHERE, WHERE, SIZE, SIZE, 5, WHERE];
    let words = header.into_iter().chain(segment).chain(CODE);
    b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0".iter().copied().chain(words.flat_map(u32::to_le_bytes)).collect()
}

/// A child in new namespaces; it ends at once with `status`. The child's id, or a negative errno.
pub(crate) fn clone_and_exit(flags: u64, status: u64) -> i64 {
    const EXIT_GROUP: u64 = if cfg!(target_arch = "aarch64") { 94 } else { 231 };
    // Without CLONE_VM the child has its own copy of everything, and it makes one call that does not return.
    let child = call(CLONE, [flags, 0, 0, 0, 0, 0]);
    if child == 0 {
        native(EXIT_GROUP, [status, 0, 0, 0, 0, 0]);
    }
    child
}
