//! How the agent learns its ids in the initial pid namespace (DESIGN D11): it announces a nonce in the policy and then
//! calls `getpriority(which, nonce)`; the stage behind that call writes the caller's ids into the policy. Its other processes
//! are told a nonce each.

use rustix::{
    process::{Pid, getpriority_pgrp, getpriority_process},
    rand::{GetRandomFlags, getrandom},
};

use super::{CaptureError, control::Policy};

/// `PID_MAX_LIMIT`: above it a pid argument is valid and nobody's.
const PID_MAX: i32 = 1 << 22;

/// Calls of one handshake at most.
const CALLS: u32 = 1000;

/// The first seat is the sensor half's own.
const OWN_SEAT: usize = 0;

/// Other processes of the agent, whose plain I/O is filtered, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seat {
    /// The egress half.
    Egress = 1,
    /// The supervisor.
    Supervisor = 2,
}

/// Not to be guessed: who answers the handshake in our place is left out of the records.
fn nonce() -> Result<i32, CaptureError> {
    let mut bytes = [0; 4];
    getrandom(&mut bytes, GetRandomFlags::empty())
        .map_err(|error| CaptureError::Sys { call: "getrandom", source: error.into() })?;
    Ok(i32::from_ne_bytes(bytes) & i32::MAX | PID_MAX)
}

/// Learns the agent's tgid: its own plain I/O is filtered from now on.
pub(super) fn introduce_agent(policy: &Policy) -> Result<u32, CaptureError> {
    announce(policy, OWN_SEAT, |pid| getpriority_process(Some(pid)))?;
    match policy.own_tgid() {
        0 => Err(CaptureError::Blind),
        tgid => Ok(tgid),
    }
}

impl Policy {
    /// Called by the canary thread: from now on its own calls pass the filter of the agent's I/O, and its records may
    /// use the ring's reserve. Its `chdir` is always interesting.
    pub fn introduce_canary(&self) -> Result<u32, CaptureError> {
        announce(self, OWN_SEAT, |pid| getpriority_pgrp(Some(pid)))?;
        match self.canary_tid() {
            0 => Err(CaptureError::Blind),
            tid => Ok(tid),
        }
    }

    /// Opens a handshake for another process of the agent, which is to [`answer`] the returned nonce.
    pub fn invite(&self, seat: Seat) -> Result<u32, CaptureError> {
        let nonce = nonce()?.unsigned_abs();
        self.set_handshake(seat as usize, nonce);
        Ok(nonce)
    }
}

/// Makes the calling process known to a sensor that invited it. The kernel may skip it: the sensor asks again.
pub fn answer(nonce: u32) {
    if let Some(pid) = i32::try_from(nonce).ok().and_then(Pid::from_raw) {
        // Nobody has this pid: the call fails, and that is all the same.
        let _failed = getpriority_process(Some(pid));
    }
}

/// Calls until the kernel side has answered. Where tracepoints may be preempted (7.x) the kernel skips a run that meets
/// another one on its CPU, so one call is not enough to tell a blind sensor from a busy machine.
fn announce<T>(policy: &Policy, seat: usize, call: impl Fn(Pid) -> T) -> Result<(), CaptureError> {
    if let Some(pid) = Pid::from_raw(nonce()?) {
        policy.set_handshake(seat, pid.as_raw_nonzero().get().unsigned_abs());
        for _ in 0..CALLS {
            // Nobody has this pid: the call fails, and that is all the same.
            let _failed = call(pid);
            if !policy.is_handshake_open() {
                break;
            }
        }
    }
    Ok(())
}
