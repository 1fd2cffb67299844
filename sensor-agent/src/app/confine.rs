//! What a half may do once it has opened what it needs (DESIGN D11): before its first thread starts it gives up capabilities,
//! files (landlock) and system calls (seccomp), for good. What a kernel or a container's profile does not allow to give up is
//! told, and costs nothing else: a sensor that refuses to see would be worse.

mod calls;
mod capabilities;
mod paths;
mod seccomp;

use super::config::Config;
use rustix::thread::CapabilitySet;

/// The sensor half, after its programs are attached and its maps are mapped: policy, ledger and ring need no capability any
/// more. It keeps those of these that it has, to read what belongs to other users' processes. Returns what it could not give up.
pub(super) fn sensor() -> Vec<String> {
    let kept = CapabilitySet::SYS_PTRACE | CapabilitySet::DAC_READ_SEARCH;
    lacks([capabilities::keep(kept), seccomp::allow(&[calls::COMMON, calls::OLDER, calls::SENSOR])])
}

/// The egress half, after its port is bound and its outputs are opened. Returns what it could not give up.
pub(super) fn egress(config: &Config) -> Vec<String> {
    let paths = paths::restrict(&paths::of(config));
    lacks([paths, seccomp::allow(&[calls::COMMON, calls::OLDER, calls::EGRESS])])
}

/// The same half, before it opens its outputs: as what it will be able to open again.
pub(super) fn without_capabilities() -> Vec<String> {
    lacks([capabilities::keep(CapabilitySet::empty())])
}

fn lacks<const N: usize>(results: [Result<(), String>; N]) -> Vec<String> {
    results.into_iter().filter_map(Result::err).collect()
}
