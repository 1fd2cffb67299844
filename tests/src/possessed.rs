//! Makes a thread of another process do system calls, as an attacker who has taken it over would: what they answer is what the
//! process is able to do. By ptrace; x86-64 only.

use anyhow::{Context, Result, ensure};
use nix::libc::{c_long, user_regs_struct};
use nix::sys::ptrace;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// `syscall`
const INSTRUCTION: [u8; 2] = [0x0f, 0x05];
/// Below the stack pointer nobody looks, behind the red zone.
const SCRATCH: u64 = 16 << 10;

/// The main thread of a process that waits in a system call. It goes on with that when this is dropped.
pub struct Possessed {
    thread: Pid,
    before: user_regs_struct,
    scratch: u64,
}

impl Possessed {
    /// Takes over the main thread of `tgid`.
    pub fn new(tgid: i32) -> Result<Self> {
        let thread = Pid::from_raw(tgid);
        ptrace::seize(thread, ptrace::Options::empty()).with_context(|| format!("cannot seize {thread}"))?;
        ptrace::interrupt(thread)?;
        let status = waitpid(thread, Some(WaitPidFlag::__WALL))?;
        ensure!(matches!(status, WaitStatus::PtraceEvent(..)), "{thread} did not stop: {status:?}");
        let before = ptrace::getregs(thread)?;
        let possessed = Self { thread, before, scratch: before.rsp - SCRATCH };
        let word = ptrace::read(thread, (before.rip - 2) as *mut _)?;
        ensure!(word.to_le_bytes()[..2] == INSTRUCTION, "{thread} was not in a system call: {before:?}");
        Ok(possessed)
    }

    /// Writes bytes into its memory; their address.
    pub fn put(&mut self, bytes: &[u8]) -> Result<u64> {
        let address = self.scratch;
        for word in bytes.chunks(8) {
            let mut whole = [0; 8];
            whole[..word.len()].copy_from_slice(word);
            ptrace::write(self.thread, self.scratch as *mut _, c_long::from_le_bytes(whole))?;
            self.scratch += 8;
        }
        Ok(address)
    }

    /// Does a call; what it returns, a negative error number on failure.
    pub fn call(&mut self, number: i64, arguments: &[u64]) -> Result<i64> {
        let argument = |index: usize| arguments.get(index).copied().unwrap_or_default();
        let registers = user_regs_struct {
            rax: number.cast_unsigned(),
            orig_rax: u64::MAX,
            rip: self.before.rip - 2,
            rdi: argument(0),
            rsi: argument(1),
            rdx: argument(2),
            r10: argument(3),
            r8: argument(4),
            r9: argument(5),
            ..self.before
        };
        ptrace::setregs(self.thread, registers)?;
        ptrace::step(self.thread, None)?;
        let status = waitpid(self.thread, Some(WaitPidFlag::__WALL))?;
        ensure!(matches!(status, WaitStatus::Stopped(_, Signal::SIGTRAP)), "{} : {status:?}", self.thread);
        Ok(ptrace::getregs(self.thread)?.rax.cast_signed())
    }
}

impl Drop for Possessed {
    fn drop(&mut self) {
        // The call in which it waited is begun again.
        let registers = user_regs_struct {
            rip: self.before.rip - 2,
            rax: self.before.orig_rax,
            orig_rax: u64::MAX,
            ..self.before
        };
        // A process that has died is no longer traced.
        ptrace::setregs(self.thread, registers).ok();
        ptrace::detach(self.thread, None).ok();
    }
}
