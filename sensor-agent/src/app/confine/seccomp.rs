//! System calls of the calling thread, which must be the only one, and of those that it starts.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    apply_filter,
};

/// From now on only these calls, threads, and nothing that starts a process; others fail with EPERM.
pub(super) fn allow(calls: &[&[i64]]) -> Result<(), String> {
    let failed = |error: &dyn std::fmt::Display| format!("system calls cannot be given up: {error}");
    // clone3 hides its flags in memory; without it the C library takes clone.
    let mut without_clone3 = BTreeMap::new();
    without_clone3.insert(libc::SYS_clone3, Vec::new());
    let no_such_call = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    let clone3 =
        program(without_clone3, SeccompAction::Allow, no_such_call).map_err(|error| failed(&error))?;
    let mut allowed: BTreeMap<_, _> = calls.concat().into_iter().map(|call| (call, Vec::new())).collect();
    allowed.insert(libc::SYS_clone3, Vec::new());
    allowed.insert(libc::SYS_clone, vec![thread().map_err(|error| failed(&error))?]);
    allowed.insert(libc::SYS_tgkill, vec![itself().map_err(|error| failed(&error))?]);
    let refused = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let all = program(allowed, refused, SeccompAction::Allow).map_err(|error| failed(&error))?;
    [clone3, all].iter().try_for_each(|program| apply_filter(program).map_err(|error| failed(&error)))
}

fn program(
    calls: BTreeMap<i64, Vec<SeccompRule>>,
    others: SeccompAction,
    these: SeccompAction,
) -> seccompiler::Result<BpfProgram> {
    let architecture = std::env::consts::ARCH.try_into()?;
    Ok(SeccompFilter::new(calls, others, these, architecture)?.try_into()?)
}

/// `tgkill` of this process: how it aborts.
fn itself() -> seccompiler::Result<SeccompRule> {
    let own = std::process::id().into();
    let is_own = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, own)?;
    Ok(SeccompRule::new(vec![is_own])?)
}

/// `clone` with `CLONE_THREAD`.
fn thread() -> seccompiler::Result<SeccompRule> {
    let flag = libc::CLONE_THREAD.unsigned_abs().into();
    let is_thread = SeccompCondition::new(0, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(flag), flag)?;
    Ok(SeccompRule::new(vec![is_thread])?)
}
