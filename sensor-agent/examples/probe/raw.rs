//! System calls by number: the probe must know exactly which call it makes, and a libc chooses for itself.
#![expect(unsafe_code, reason = "a system call by number has no safe interface")]

use std::arch::asm;

/// Bit that marks a number of the x32 ABI.
pub(crate) const X32: u64 = 0x4000_0000;

/// A native call; the result as the kernel gives it, negative errno on failure.
pub(crate) fn call(nr: u64, args: [u64; 6]) -> i64 {
    let [rdi, rsi, rdx, r10, r8, r9] = args;
    let ret: i64;
    // SAFETY: the callers pass addresses of memory that outlives the call, and calls that change no memory of ours.
    unsafe {
        asm!("syscall", inlateout("rax") nr => ret, in("rdi") rdi, in("rsi") rsi, in("rdx") rdx, in("r10") r10,
            in("r8") r8, in("r9") r9, out("rcx") _, out("r11") _, options(nostack));
    }
    ret
}

/// A call through the 32-bit gate. Addresses above 4 GiB do not fit: for calls that fail or take integers.
pub(crate) fn call_32(nr: u32, a: u32) -> i32 {
    let ret: u32;
    // SAFETY: as above; rbx belongs to LLVM and is put back.
    unsafe {
        asm!("xchg {b}, rbx", "int 0x80", "xchg {b}, rbx", b = inout(reg) u64::from(a) => _,
            inlateout("eax") nr => ret, in("ecx") 0, in("edx") 0, out("r8") _, out("r9") _, out("r10") _,
            out("r11") _);
    }
    ret as i32
}

/// A child in new namespaces; it ends at once with `status`. The child's id, or a negative errno.
pub(crate) fn clone_and_exit(flags: u64, status: u64) -> i64 {
    const CLONE: u64 = 56;
    const EXIT_GROUP: u64 = 231;
    let child: i64;
    // SAFETY: without CLONE_VM the child has its own copy of everything, and it makes one call that does not return.
    unsafe {
        asm!("syscall", "test rax, rax", "jnz 2f", "mov rdi, {status}", "mov eax, {exit}", "syscall", "2:",
            status = in(reg) status, exit = const EXIT_GROUP, inlateout("rax") CLONE => child, inout("rdi") flags => _,
            in("rsi") 0_u64, in("rdx") 0_u64, in("r10") 0_u64, in("r8") 0_u64, out("rcx") _, out("r11") _);
    }
    child
}
