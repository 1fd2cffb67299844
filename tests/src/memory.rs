//! Memory of a process and all its descendants.

use std::fmt;
use std::fs;

use anyhow::{Context, Result};

/// Bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Resident, a page that several of them have counted once (Pss).
    pub resident: u64,
    /// The sum of what each has resident (Rss).
    pub rss: u64,
    /// Processes.
    pub processes: usize,
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (resident, rss) = (self.resident >> 10, self.rss >> 10);
        write!(f, "{resident} KiB resident in {} processes ({rss} KiB as sum of RSS)", self.processes)
    }
}

/// Of `pid` and below.
pub fn of(pid: i32) -> Result<Memory> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let bytes = |name: &str| -> Result<u64> {
        let line = rollup.lines().find_map(|line| line.strip_prefix(name)).context("no such line")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? << 10)
    };
    let mut memory = Memory { resident: bytes("Pss:")?, rss: bytes("Rss:")?, processes: 1 };
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        for child in fs::read_to_string(task?.path().join("children"))?.split_whitespace() {
            let below = of(child.parse()?)?;
            memory.resident += below.resident;
            memory.rss += below.rss;
            memory.processes += below.processes;
        }
    }
    Ok(memory)
}
