//! What the agent costs and what the host does, as the kernel says. Missing figures are missing, not zero.

use std::{fs, time::Duration};

use rustix::{
    param::page_size,
    time::{ClockId, clock_gettime},
};

use crate::border::Cost;

/// What the agent costs, and figures of the host that Falco tells, too.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Resources {
    /// Of both halves.
    pub(super) cost: Cost,
    /// What the agent's memory cgroup is charged with, the ring included (v2, then v1).
    pub(super) cgroup_bytes: Option<u64>,
    /// Share of the host's CPU time since its boot that was not idle, 0 to 1.
    pub(super) host_cpu: Option<f64>,
    /// Memory of the host in use, caches left out.
    pub(super) host_used_bytes: Option<u64>,
    /// Tasks that run or could.
    pub(super) host_running: Option<u64>,
    /// Open files of the host.
    pub(super) host_files: Option<u64>,
}

/// What the calling process costs.
pub fn cost() -> Cost {
    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    let statm = text("/proc/self/statm");
    let mut pages = statm.split_ascii_whitespace().map(|word| word.parse::<u64>().ok());
    let mut bytes = || Some(pages.next()?? * page_size() as u64);
    Cost {
        cpu: Duration::new(cpu.tv_sec.unsigned_abs(), cpu.tv_nsec.unsigned_abs() as u32),
        vsz_bytes: bytes(),
        rss_bytes: bytes(),
        pss_bytes: kilobytes(&text("/proc/self/smaps_rollup"), "Pss:"),
    }
}

fn text(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// With what the other half costs.
pub(super) fn read(other: Option<Cost>) -> Resources {
    let cgroup = ["/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory/memory.usage_in_bytes"];
    let stat = text("/proc/stat");
    let files = text("/proc/sys/fs/file-nr");
    Resources {
        cost: other.map_or_else(cost, |other| cost() + other),
        cgroup_bytes: cgroup.iter().find_map(|path| fs::read_to_string(path).ok()?.trim().parse().ok()),
        host_cpu: host_cpu(&stat),
        host_used_bytes: host_used(&text("/proc/meminfo")),
        host_running: stat.lines().find_map(|line| line.strip_prefix("procs_running ")?.parse().ok()),
        host_files: files.split_ascii_whitespace().next().and_then(|word| word.parse().ok()),
    }
}

/// A line `NAME   12 kB`, in bytes.
fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// `cpu USER NICE SYSTEM IDLE IOWAIT …`: what is neither idle nor waiting for a disk.
fn host_cpu(stat: &str) -> Option<f64> {
    let words = stat.lines().next()?.strip_prefix("cpu ")?.split_ascii_whitespace();
    // Guest time is in user time already.
    let ticks = words.take(8).map(|word| word.parse::<f64>().ok()).collect::<Option<Vec<_>>>()?;
    let (total, idle) = (ticks.iter().sum::<f64>(), ticks.get(3)? + ticks.get(4)?);
    (total > 0.0).then(|| (total - idle) / total)
}

/// As `free` counts: without free memory, buffers and caches.
fn host_used(meminfo: &str) -> Option<u64> {
    let of = |name| kilobytes(meminfo, name);
    let unused = of("MemFree:")? + of("Buffers:")? + of("Cached:")? + of("SReclaimable:").unwrap_or(0);
    Some(of("MemTotal:")?.saturating_sub(unused) + of("Shmem:").unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_texts_are_read() {
        let meminfo = "MemTotal: 1000 kB\nMemFree: 300 kB\nBuffers: 10 kB\nCached: 200 kB\nShmem: 5 kB\nSReclaimable: 20 kB\n";
        assert_eq!(host_used(meminfo), Some((1000 - 530 + 5) * 1024));
        assert_eq!(host_used("MemTotal: 1 kB\n"), None);
        assert_eq!(host_cpu("cpu  10 0 20 60 10 0 0 0 9 9\ncpu0 1\n"), Some(0.3));
        assert_eq!(host_cpu("cpu x"), None);
        let one = Cost { rss_bytes: Some(1), pss_bytes: Some(1), vsz_bytes: Some(1), ..Cost::default() };
        let own = read(Some(one));
        let Cost { rss_bytes, pss_bytes, .. } = own.cost;
        assert!(pss_bytes <= rss_bytes.map(|rss| rss + (8 << 20)) && pss_bytes > Some(1));
        assert_eq!((one + Cost::default()).rss_bytes, None, "what is not known of one is not known of both");
        assert!(own.host_running > Some(0) && own.host_files > Some(0) && own.host_used_bytes > Some(0));
    }
}
