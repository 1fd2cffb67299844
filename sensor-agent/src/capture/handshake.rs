//! How the agent learns its ids in the initial pid namespace (DESIGN D11): it announces a nonce in the policy and then
//! calls `getpriority(which, nonce)`; the stage behind that call writes the caller's ids into the policy.

use rustix::process::{Pid, getpriority_pgrp, getpriority_process};

use super::{CaptureError, control::Policy};

/// A nonce that is a valid pid argument but nobody's: above `PID_MAX_LIMIT` (4 Mi).
const NONCE: i32 = 0x5a4b_0000;

/// Learns the agent's tgid: its own plain I/O is filtered from now on.
pub(super) fn introduce_agent(policy: &Policy) -> Result<u32, CaptureError> {
    announce(policy, |pid| getpriority_process(Some(pid)));
    match policy.own_tgid() {
        0 => Err(CaptureError::Blind),
        tgid => Ok(tgid),
    }
}

impl Policy {
    /// Called by the canary thread: its own calls pass the filter of the agent's I/O from now on. The handshake's
    /// call must be interesting.
    pub fn introduce_canary(&self) -> Result<u32, CaptureError> {
        announce(self, |pid| getpriority_pgrp(Some(pid)));
        match self.canary_tid() {
            0 => Err(CaptureError::Blind),
            tid => Ok(tid),
        }
    }
}

fn announce<T>(policy: &Policy, call: impl FnOnce(Pid) -> T) {
    if let Some(pid) = Pid::from_raw(NONCE) {
        policy.set_handshake(pid.as_raw_nonzero().get().unsigned_abs());
        // Nobody has this pid: the call fails, and that is all the same.
        let _failed = call(pid);
    }
}
