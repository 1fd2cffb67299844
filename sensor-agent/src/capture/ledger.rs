//! Reads the kernel's loss ledger through its mapping.

use std::{fs, mem::offset_of};

use sensor_common::ledger::{CpuLedger, REASONS, Reason, SLOTS, VICTIMS, Victim, Victims, slot_name};

use crate::border::stats::LedgerRow;

use super::mapping::Mapping;

/// The ledger, summed over CPUs on demand, and the programs' recursion misses beside it.
#[derive(Debug)]
pub struct LedgerReader {
    pub(super) value: Mapping,
    pub(super) victims: Mapping,
    pub(super) cpus: usize,
    /// `(program, descriptor)` of the attached programs.
    pub(super) programs: Vec<(&'static str, i32)>,
}

impl LedgerReader {
    /// Every slot that saw anything.
    pub fn rows(&self) -> Vec<LedgerRow> {
        (0..SLOTS).filter_map(|slot| self.row(slot)).collect()
    }

    /// By possible CPU: events wanted (handed to the ring or lost), and lost.
    pub fn cpus(&self) -> Vec<(u64, u64)> {
        let of =
            |cpu: usize, reason: Reason| (0..SLOTS).map(|slot| self.cell(cpu, slot, reason)).sum::<u64>();
        let count = |cpu: usize| {
            let losses = Reason::ALL.into_iter().filter(|reason| reason.is_loss());
            let lost = losses.map(|reason| of(cpu, reason)).sum();
            (of(cpu, Reason::Submitted) + lost, lost)
        };
        (0..self.cpus).map(count).collect()
    }

    /// Which cgroups lost events, and how many events of others were lost that have no row.
    pub fn victims(&self) -> (Vec<Victim>, u64) {
        let row = |index: usize| {
            let at = offset_of!(Victims, rows) + index * size_of::<Victim>();
            let of = |field: usize| self.victims.u64(at + field);
            Victim {
                cgroup_id: of(offset_of!(Victim, cgroup_id)),
                hierarchy: of(offset_of!(Victim, hierarchy)),
                lost: of(offset_of!(Victim, lost)),
            }
        };
        let rows = (0..VICTIMS).map(row).filter(|victim| victim.lost != 0).collect();
        (rows, self.victims.u64(offset_of!(Victims, others)))
    }

    fn row(&self, slot: usize) -> Option<LedgerRow> {
        let counts: Vec<(String, u64)> = Reason::ALL
            .iter()
            .map(|reason| (reason, self.sum(slot, *reason)))
            .filter(|(_, count)| *count != 0)
            .map(|(reason, count)| (reason.label().to_owned(), count))
            .collect();
        if counts.is_empty() {
            return None;
        }
        let syscall = slot_name(slot as u16).unwrap_or("unnamed").to_owned();
        Some(LedgerRow { syscall, counts })
    }

    fn sum(&self, slot: usize, reason: Reason) -> u64 {
        (0..self.cpus).map(|cpu| self.cell(cpu, slot, reason)).sum()
    }

    fn cell(&self, cpu: usize, slot: usize, reason: Reason) -> u64 {
        self.value.u64(cpu * size_of::<CpuLedger>() + 8 * (slot * REASONS + reason as usize))
    }

    /// Runs that the kernel skipped because the program was already running on the CPU (5.12 and newer), from the
    /// programs' fdinfo: it needs no capability.
    pub fn recursion_misses(&self) -> Vec<(String, u64)> {
        let misses = |fd: &i32| {
            let info = fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).ok()?;
            info.lines().find_map(|line| line.strip_prefix("recursion_misses:")?.trim().parse().ok())
        };
        self.programs.iter().filter_map(|(name, fd)| Some(((*name).to_owned(), misses(fd)?))).collect()
    }
}
