//! Path of a kernel object, from its dentry upwards across mounts to the task's root.
//!
//! Not handled: a rename of an ancestor during the walk (the walk takes no lock; each component was right when read).

use aya_ebpf::helpers::generated::bpf_probe_read_kernel;
use sensor_common::{
    abi::{MAX_COMPONENTS, PATH_BYTES},
    tail::flag,
};

use crate::{
    kernel::{Dentry, Fs, Vfsmount, load64, plain_loads},
    maps::PathBuffer,
};

/// Longest name that is copied by whole words; longer ones take one helper call.
const WORDS_BYTES: u32 = 40;

/// [`walk`] as a subprogram: after it returns the verifier has little to remember, which makes programs with several
/// walks cheap to check. Not for programs that tail-call.
#[inline(never)]
pub fn walk_called(buffer: *mut PathBuffer, fs: Fs, mnt: Vfsmount, dentry: Dentry) {
    walk(buffer, fs, mnt, dentry);
}

/// Assembles the path of `(mnt, dentry)` as `fs`'s task sees it; it then is `bytes[start..PATH_BYTES]`.
/// The root itself is the empty path: unless it says `UNREACHABLE`, the caller reads it as `/`.
#[inline(always)]
pub fn walk(buffer: *mut PathBuffer, fs: Fs, mnt: Vfsmount, dentry: Dentry) {
    let (root_mnt, root_dentry) = (fs.root_mnt(), fs.root_dentry());
    let at_mnt = unsafe { &raw mut (*buffer).mnt };
    let at_root = unsafe { &raw mut (*buffer).mount_root };
    let at_dentry = unsafe { &raw mut (*buffer).dentry };
    let mount_root = mnt.root();
    let start = unsafe { &raw mut (*buffer).start };
    let flags = unsafe { &raw mut (*buffer).flags };
    // SAFETY: map value, here and below.
    unsafe {
        start.write_volatile(PATH_BYTES as u32);
        flags.write_volatile(0);
        at_mnt.write_volatile(mnt.0);
        at_root.write_volatile(mount_root.0);
        at_dentry.write_volatile(dentry.0);
    }
    if dentry.0 != mount_root.0 && dentry.is_unhashed() {
        unsafe { flags.write_volatile(u32::from(flag::DELETED)) };
    }
    let mut i = 0;
    while i < MAX_COMPONENTS {
        i += 1;
        let (mnt, mount_root, dentry) = unsafe {
            (
                Vfsmount(at_mnt.read_volatile()),
                Dentry(at_root.read_volatile()),
                Dentry(at_dentry.read_volatile()),
            )
        };
        if dentry == root_dentry && mnt == root_mnt {
            return;
        }
        if dentry == mount_root {
            let mount = mnt.mount();
            let up = mount.parent();
            if up == mount {
                unsafe { flags.write_volatile(flags.read_volatile() | u32::from(flag::UNREACHABLE)) };
                return;
            }
            unsafe {
                at_dentry.write_volatile(mount.mountpoint().0);
                at_mnt.write_volatile(up.vfs().0);
                at_root.write_volatile(up.vfs().root().0);
            }
            continue;
        }
        let parent = dentry.parent();
        let len = dentry.len() & 0xff;
        let name = dentry.name();
        let at = unsafe { start.read_volatile() };
        if at <= len + 1 {
            break;
        }
        if parent == dentry {
            // The root of a file system that is mounted nowhere (memfd, pipe): its name, if any, is all there is.
            // SAFETY: inside the buffer, checked above.
            unsafe {
                flags.write_volatile(u32::from(flag::UNREACHABLE));
                start.write_volatile(at - len);
                copy_name(buffer, at - len, len, name);
            }
            return;
        }
        // SAFETY: inside the buffer, checked above.
        unsafe {
            start.write_volatile(at - len - 1);
            let slash = crate::mask!(at - len - 1, "0xfff") as usize;
            *(&raw mut (*buffer).bytes).cast::<u8>().add(slash) = b'/';
            copy_name(buffer, at - len, len, name);
        }
        unsafe { at_dentry.write_volatile(parent.0) };
    }
    unsafe { flags.write_volatile(flags.read_volatile() | u32::from(flag::TRUNCATED)) };
}

/// Copies a component. With plain loads short names go by words; the 8 bytes behind the name, which belong to the
/// component copied before, are saved and put back.
#[inline(always)]
unsafe fn copy_name(buffer: *mut PathBuffer, at: u32, len: u32, name: u64) {
    unsafe {
        let bytes = (&raw mut (*buffer).bytes).cast::<u8>();
        let to = bytes.add(crate::mask!(at, "0xfff") as usize);
        if !plain_loads() || len > WORDS_BYTES {
            bpf_probe_read_kernel(to.cast(), crate::mask!(len, "0xff") as u32, name as *const _);
            return;
        }
        let after = to.add(crate::mask!(len, "0x3f") as usize).cast::<u64>();
        let saved = after.read_volatile();
        to.cast::<u64>().write_volatile(load64(name));
        if len > 8 {
            to.add(8).cast::<u64>().write_volatile(load64(name + 8));
            if len > 16 {
                to.add(16).cast::<u64>().write_volatile(load64(name + 16));
                if len > 24 {
                    to.add(24).cast::<u64>().write_volatile(load64(name + 24));
                    if len > 32 {
                        to.add(32).cast::<u64>().write_volatile(load64(name + 32));
                    }
                }
            }
        }
        after.write_volatile(saved);
    }
}
