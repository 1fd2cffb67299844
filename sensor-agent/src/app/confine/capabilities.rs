//! Capabilities of the calling thread, which must be the only one.

use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities, set_no_new_privs,
};

/// Gives up every capability but those of `kept` that it has, for good: also for programs that it would start.
pub(super) fn keep(kept: CapabilitySet) -> Result<(), String> {
    let failed = |what: &str, error: rustix::io::Errno| format!("{what} cannot be given up: {error}");
    let now = capabilities(None).map_err(|error| failed("capabilities", error))?;
    if now.effective.contains(CapabilitySet::SETPCAP) {
        for capability in CapabilitySet::all().iter().filter(|it| !kept.contains(*it)) {
            // A kernel does not know all of them.
            let _unknown = remove_capability_from_bounding_set(capability);
        }
    }
    // Kernels without an ambient set are older than those with BPF rings.
    clear_ambient_capability_set().map_err(|error| failed("ambient capabilities", error))?;
    let kept = now.permitted & kept;
    let sets = CapabilitySets { effective: kept, permitted: kept, inheritable: CapabilitySet::empty() };
    set_capabilities(None, sets).map_err(|error| failed("capabilities", error))?;
    set_no_new_privs(true).map_err(|error| failed("new privileges", error))
}
