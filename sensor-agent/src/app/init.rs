//! The duty of a container's first process: orphans become its children, and somebody has to take note of their end.

use rustix::process::{WaitId, WaitIdOptions, waitid};

/// `__WNOTHREAD` of `linux/wait.h`: children of the calling thread only. Orphans are given to the main thread; what other
/// threads have started (`program_output`) stays theirs to wait for.
const OF_THIS_THREAD: WaitIdOptions = WaitIdOptions::from_bits_retain(0x2000_0000);

/// Takes note of orphans that have ended; does not wait. Called by the main thread, which starts no process itself.
pub(super) fn reap() {
    if std::process::id() == 1 {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | OF_THIS_THREAD;
        while let Ok(Some(_ended)) = waitid(WaitId::All, options) {}
    }
}
