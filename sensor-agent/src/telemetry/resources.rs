//! What the agent costs: its own CPU time and memory, as the kernel says. Missing figures are missing, not zero.

use std::{fs, time::Duration};

use rustix::{
    param::page_size,
    time::{ClockId, clock_gettime},
};

/// Costs of this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Resources {
    /// CPU time of all threads.
    pub(super) cpu: Duration,
    /// Resident bytes.
    pub(super) rss_bytes: Option<u64>,
    /// Bytes of address space.
    pub(super) vsz_bytes: Option<u64>,
    /// What the agent's memory cgroup is charged with, the ring included (v2, then v1).
    pub(super) cgroup_bytes: Option<u64>,
}

pub(super) fn read() -> Resources {
    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let mut pages = statm.split_ascii_whitespace().map(|word| word.parse::<u64>().ok());
    let mut bytes = || Some(pages.next()?? * page_size() as u64);
    let cgroup = ["/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory/memory.usage_in_bytes"];
    Resources {
        cpu: Duration::new(cpu.tv_sec.unsigned_abs(), cpu.tv_nsec.unsigned_abs() as u32),
        vsz_bytes: bytes(),
        rss_bytes: bytes(),
        cgroup_bytes: cgroup.iter().find_map(|path| fs::read_to_string(path).ok()?.trim().parse().ok()),
    }
}
