//! What the running kernel offers and permits, looked at and, where permitted, tried: `doctor` and `--version` tell it.

use std::fs;

use rustix::{
    process::{Resource, getrlimit},
    system::uname,
    thread::{CapabilitySet, capabilities},
};

use crate::{
    app::config::RingSize,
    capture::{CaptureError, HOOKS, Hook, Need, Options, Sensor},
};

/// The kernel's offer.
#[derive(Debug)]
pub(super) struct Kernel {
    /// `uname -r`
    pub(super) release: String,
    /// `uname -m`
    pub(super) machine: String,
    /// Bytes of its BTF; `None` without.
    pub(super) btf_bytes: Option<u64>,
    /// Whether each of [`WANTED`] is effective.
    pub(super) capabilities: Vec<(&'static str, bool)>,
    /// `RLIMIT_MEMLOCK`, bytes; `None` is no limit. Kernels before 5.11 charge maps to it.
    pub(super) memlock_bytes: Option<u64>,
    /// What attaching gave.
    pub(super) attached: Result<Attached, CaptureError>,
}

/// An attachment that was tried and is gone again.
#[derive(Debug)]
pub(super) struct Attached {
    /// Kernel memory is read by plain loads.
    pub(super) has_plain_loads: bool,
    /// Each hook with what the kernel said against it.
    pub(super) hooks: Vec<(&'static Hook, Option<String>)>,
    /// Processes that the start-up scan told of, bytes of records.
    pub(super) scanned_bytes: usize,
}

const WANTED: [(&str, CapabilitySet); 5] = [
    ("CAP_BPF", CapabilitySet::BPF),
    ("CAP_PERFMON", CapabilitySet::PERFMON),
    ("CAP_SYS_RESOURCE", CapabilitySet::SYS_RESOURCE),
    ("CAP_SYS_ADMIN", CapabilitySet::SYS_ADMIN),
    (PTRACE, CapabilitySet::SYS_PTRACE),
];

/// To read what belongs to others' processes.
const PTRACE: &str = "CAP_SYS_PTRACE";

impl Kernel {
    /// Whether the passwd of a container may be read.
    pub(super) fn reads_users(&self) -> bool {
        self.capabilities.contains(&(PTRACE, true))
    }

    /// Looks, and attaches for a moment.
    pub(super) fn look(ring: RingSize) -> Self {
        let name = uname();
        let effective = capabilities(None).map_or(CapabilitySet::empty(), |sets| sets.effective);
        let has = |set| effective.contains(set);
        Self {
            release: name.release().to_string_lossy().into_owned(),
            machine: name.machine().to_string_lossy().into_owned(),
            btf_bytes: fs::metadata("/sys/kernel/btf/vmlinux").ok().map(|meta| meta.len()),
            capabilities: WANTED.iter().map(|(name, set)| (*name, has(*set))).collect(),
            memlock_bytes: getrlimit(Resource::Memlock).current,
            attached: attach(ring),
        }
    }
}

fn attach(ring: RingSize) -> Result<Attached, CaptureError> {
    let sensor = Sensor::attach(Options { ring_bytes: ring.bytes, reserve_bytes: ring.reserve_bytes })?;
    let refusal = |hook: &Hook| {
        let degraded = sensor.degraded.iter().find(|degraded| degraded.hook.program == hook.program);
        degraded.map(|degraded| degraded.reason.clone())
    };
    Ok(Attached {
        has_plain_loads: sensor.features.has_plain_loads(),
        hooks: HOOKS.iter().map(|hook| (hook, refusal(hook))).collect(),
        scanned_bytes: sensor.processes.len(),
    })
}

impl Attached {
    /// Names of the hooks that attach.
    pub(super) fn in_use(&self) -> impl Iterator<Item = &'static str> {
        self.hooks.iter().filter(|(_, refusal)| refusal.is_none()).map(|(hook, _)| hook.program)
    }

    /// Hooks that do not, with what is lost by it and what the kernel said.
    pub(super) fn degraded(&self) -> impl Iterator<Item = (&'static str, &'static str, &str)> {
        self.hooks.iter().filter_map(|(hook, refusal)| {
            let without = match hook.need {
                Need::Required => "the sensor does not start without it",
                Need::Optional { without } => without,
            };
            Some((hook.program, without, refusal.as_deref()?))
        })
    }
}
