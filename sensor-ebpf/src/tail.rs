//! Building a variable record in this CPU's scratch: the fixed part first, then strings behind it.

use aya_ebpf::helpers::generated::{
    bpf_probe_read_kernel, bpf_probe_read_kernel_str, bpf_probe_read_user, bpf_probe_read_user_str,
};
use sensor_common::{
    Slice, Source,
    abi::{CGROUP_BYTES, MAX_CGROUP_LEVELS, PATH_BYTES},
    ledger::Reason,
    tail::flag,
};

use crate::{
    kernel::{Dentry, Fs, Kernfs, Vfsmount},
    maps::{PathBuffer, SCRATCH, Scratch},
    path,
    send::{self, Account},
};

/// The scratch of this CPU, held until [`Builder::release`].
#[derive(Clone, Copy)]
pub struct Builder {
    pub scratch: *mut Scratch,
    /// Whether the program may have subprograms: it does not tail-call.
    may_call: bool,
}

impl Builder {
    /// Takes the scratch; counts and gives `None` when another run on this CPU was preempted inside it.
    #[inline(always)]
    pub fn take(account: Account) -> Option<Self> {
        let builder = Self::take_uncounted(account.cpu);
        if builder.is_none() {
            account.count(Reason::ScratchBusy);
        }
        builder
    }

    /// The same for who has no event to account for.
    #[inline(always)]
    pub fn take_uncounted(cpu: u32) -> Option<Self> {
        let scratch = SCRATCH.get_ptr_mut(cpu)?;
        // SAFETY: map value. Add first, then look: of two runs that meet here at least one gives way.
        unsafe {
            let users = &raw mut (*scratch).users;
            send::add(users, 1);
            if users.read_volatile() != 1 {
                send::add(users, u64::MAX);
                return None;
            }
        }
        Some(Self { scratch, may_call: true })
    }

    /// For a program that tail-calls: everything is inlined.
    #[inline(always)]
    pub fn inlined(self) -> Self {
        Self { may_call: false, ..self }
    }

    /// Gives the scratch back.
    #[inline(always)]
    pub fn release(self) {
        // SAFETY: map value.
        unsafe { send::add(&raw mut (*self.scratch).users, u64::MAX) };
    }

    /// The fixed part, zero or stale before; the tail starts behind it.
    #[inline(always)]
    pub fn start<T>(self) -> *mut T {
        // SAFETY: map value with room for every fixed part.
        unsafe {
            (&raw mut (*self.scratch).used).write_volatile(size_of::<T>() as u32);
            (&raw mut (*self.scratch).record).cast()
        }
    }

    #[inline(always)]
    fn used(self) -> u32 {
        // SAFETY: map value.
        unsafe { (&raw const (*self.scratch).used).read_volatile() }
    }

    #[inline(always)]
    fn end(self, used: u32) -> *mut u8 {
        // SAFETY: masked; the room behind the mask takes one more string of any budget.
        unsafe { (&raw mut (*self.scratch).record).cast::<u8>().add(crate::mask!(used, "0x7fff") as usize) }
    }

    /// Accounts `len` bytes that were written at the end.
    #[inline(always)]
    fn push(self, used: u32, len: u32, full: u32, flags: u8, source: Source) -> Slice {
        // SAFETY: map value.
        unsafe { (&raw mut (*self.scratch).used).write_volatile(used + len) };
        Slice { off: used as u16, len: len as u16, full, flags, source: source as u8, pad: 0 }
    }

    /// Accounts a string that a helper has read to the end; `n` is what the helper returned.
    #[inline(always)]
    fn push_str(self, used: u32, n: i64, budget: u32, source: Source) -> Slice {
        if n < 0 {
            return Slice { flags: flag::UNREADABLE, source: source as u8, ..Slice::NONE };
        }
        // The NUL counts, but kernels before 6.14 say 0 for an empty string of user memory.
        let len = if n == 0 { 0 } else { (n - 1) as u32 };
        let flags = if n as u32 == budget { flag::TRUNCATED } else { 0 };
        self.push(used, len, len, flags, source)
    }

    /// A NUL-terminated string of the caller's memory.
    #[inline(always)]
    pub fn user_str(self, address: u64, budget: u32, source: Source) -> Slice {
        if address == 0 {
            return Slice { flags: flag::UNREADABLE, source: source as u8, ..Slice::NONE };
        }
        let used = self.used();
        // SAFETY: room for `budget` bytes behind every masked offset.
        let n = unsafe { bpf_probe_read_user_str(self.end(used).cast(), budget, address as *const _) } as i64;
        self.push_str(used, n, budget, source)
    }

    /// A NUL-terminated string of kernel memory.
    #[inline(always)]
    pub fn kernel_str(self, address: u64, budget: u32, source: Source) -> Slice {
        let used = self.used();
        // SAFETY: room for `budget` bytes behind every masked offset.
        let n =
            unsafe { bpf_probe_read_kernel_str(self.end(used).cast(), budget, address as *const _) } as i64;
        self.push_str(used, n, budget, source)
    }

    /// `from..to` of the caller's memory (argv, environment), cut at 4095 bytes.
    #[inline(always)]
    pub fn user_bytes(self, from: u64, to: u64, source: Source) -> Slice {
        let full = if to > from { to - from } else { 0 };
        if full == 0 {
            return Slice { source: source as u8, ..Slice::NONE };
        }
        let (len, flags) = if full > 4095 { (4095, flag::TRUNCATED) } else { (full, 0) };
        let used = self.used();
        // SAFETY: room for 4095 bytes behind every masked offset.
        let n = unsafe {
            bpf_probe_read_user(self.end(used).cast(), crate::mask!(len, "0xfff") as u32, from as *const _)
        };
        if n != 0 {
            return Slice { flags: flag::UNREADABLE, full: full as u32, source: source as u8, ..Slice::NONE };
        }
        self.push(used, len as u32, full as u32, flags, source)
    }

    /// At most 127 bytes of the caller's memory (a socket address).
    #[inline(always)]
    pub fn user_small(self, address: u64, len: u64, source: Source) -> Slice {
        if address == 0 || len == 0 {
            return Slice { source: source as u8, ..Slice::NONE };
        }
        let kept = if len > 127 { 127 } else { len };
        let used = self.used();
        // SAFETY: room for 127 bytes behind every masked offset.
        let n = unsafe {
            bpf_probe_read_user(self.end(used).cast(), crate::mask!(kept, "0x7f") as u32, address as *const _)
        };
        if n != 0 {
            return Slice { flags: flag::UNREADABLE, full: len as u32, source: source as u8, ..Slice::NONE };
        }
        let flags = if len > 127 { flag::TRUNCATED } else { 0 };
        self.push(used, kept as u32, len as u32, flags, source)
    }

    /// At most 127 bytes of kernel memory (a unix socket's name).
    #[inline(always)]
    pub fn kernel_small(self, address: u64, len: u64, source: Source) -> Slice {
        let kept = if len > 127 { 127 } else { len };
        let used = self.used();
        // SAFETY: room for 127 bytes behind every masked offset.
        let n = unsafe {
            bpf_probe_read_kernel(
                self.end(used).cast(),
                crate::mask!(kept, "0x7f") as u32,
                address as *const _,
            )
        };
        if n != 0 {
            return Slice { flags: flag::UNREADABLE, full: len as u32, source: source as u8, ..Slice::NONE };
        }
        self.push(used, kept as u32, len as u32, 0, source)
    }

    /// The path of a kernel object as `fs`'s task sees it.
    #[inline(always)]
    pub fn path(self, fs: Fs, mnt: Vfsmount, dentry: Dentry, source: Source) -> Slice {
        // SAFETY: map value.
        let buffer: *mut PathBuffer = unsafe { &raw mut (*self.scratch).path };
        if self.may_call {
            path::walk_called(buffer, fs, mnt, dentry);
        } else {
            path::walk(buffer, fs, mnt, dentry);
        }
        // SAFETY: map value.
        let (start, flags) = unsafe {
            ((&raw const (*buffer).start).read_volatile(), (&raw const (*buffer).flags).read_volatile())
        };
        let used = self.used();
        if start >= PATH_BYTES as u32 {
            if flags & u32::from(flag::UNREACHABLE) != 0 {
                return self.push(used, 0, 0, flags as u8, source);
            }
            // SAFETY: masked offset.
            unsafe { *self.end(used) = b'/' };
            return self.push(used, 1, 1, flags as u8, source);
        }
        let len = PATH_BYTES as u32 - start;
        // SAFETY: room for 4095 bytes behind every masked offset, on either side.
        unsafe {
            let from = (&raw const (*buffer).bytes).cast::<u8>().add(crate::mask!(start, "0xfff") as usize);
            let to = self.end(used);
            if len <= 8 * SHORT_WORDS {
                // A dozen loads and stores, where a helper call costs more than a hundred instructions.
                let mut i = 0;
                while i < SHORT_WORDS as usize {
                    let word = from.cast::<u64>().add(i).read_volatile();
                    to.cast::<u64>().add(i).write_volatile(word);
                    i += 1;
                }
            } else {
                bpf_probe_read_kernel(to.cast(), crate::mask!(len, "0xfff") as u32, from.cast());
            }
        }
        self.push(used, len, len, flags as u8, source)
    }

    /// The path of a cgroup in its hierarchy, leaf first as the kernel links it: user space turns the
    /// components round (each ends with a NUL).
    #[inline(always)]
    pub fn cgroup(self, leaf: Kernfs) -> Slice {
        let begin = self.used();
        let mut node = leaf;
        let mut flags = flag::TRUNCATED;
        let mut i = 0;
        while i < MAX_CGROUP_LEVELS {
            i += 1;
            let parent = node.parent();
            if parent.0 == 0 {
                flags = 0;
                break;
            }
            let used = self.used();
            // SAFETY: room for a component behind every masked offset.
            let n = unsafe {
                bpf_probe_read_kernel_str(self.end(used).cast(), COMPONENT_BYTES, node.name() as *const _)
            } as i64;
            if n <= 0 || used + n as u32 - begin > CGROUP_BYTES as u32 {
                break;
            }
            // SAFETY: map value.
            unsafe { (&raw mut (*self.scratch).used).write_volatile(used + n as u32) };
            node = parent;
        }
        let len = self.used() - begin;
        Slice { off: begin as u16, len: len as u16, full: len, flags, source: Source::Task as u8, pad: 0 }
    }
}

/// Words of a path that is copied without a helper call.
const SHORT_WORDS: u32 = 8;

/// Budget of one cgroup path component (`NAME_MAX` + NUL).
const COMPONENT_BYTES: u32 = 256;
