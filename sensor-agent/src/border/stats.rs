//! Counters of the sensor half, as one message.

use sensor_common::ledger::Reason;
use serde::{Deserialize, Serialize};

use super::Latency;

/// A snapshot of every counter the sensor half keeps; all are totals since start unless said otherwise.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stats {
    /// When it was taken, ns since the epoch.
    pub time_ns: u64,
    /// Kernel ledger: one row per slot that saw anything.
    pub ledger: Vec<LedgerRow>,
    /// By possible CPU: events wanted, and lost.
    pub cpus: Vec<(u64, u64)>,
    /// Events lost by container id (`host`, or `?` where it is not known), as far as the kernel side could tell them apart.
    pub lost_in: Vec<(String, u64)>,
    /// Runs that the kernel skipped because a program was already running on the CPU, by program.
    pub recursion_misses: Vec<(String, u64)>,
    /// Ring: size, and bytes waiting when the snapshot was taken.
    pub ring: Ring,
    /// Records that were decoded.
    pub decoded: u64,
    /// Records that could not be decoded, by reason label.
    pub decode_failures: Vec<(String, u64)>,
    /// Entries of the process table now, and its bound.
    pub processes: u64,
    /// Bound of the process table.
    pub processes_max: u64,
    /// Processes evicted because the table was full.
    pub processes_evicted: u64,
    /// Containers that were asked for and are remembered.
    pub containers: u64,
    /// Host names of rules that have an address now.
    pub host_names: u64,
    /// Events that waited for what runtimes tell.
    pub hold: Hold,
    /// Bytes of events that are kept for who asks why they alerted.
    pub past_bytes: u64,
    /// Events evaluated by rules.
    pub evaluated: u64,
    /// Matches and costs by rule, in rule order; rules that have neither are left out.
    pub rules: Vec<RuleCount>,
    /// Policy generation in force.
    pub generation: u32,
    /// How long the drain stood still for the last new rule set, ns; 0: there was none.
    pub reload_pause_ns: u64,
    /// Times the consumer woke, and went round the drain loop.
    pub wakeups: u64,
    /// Messages to the egress half that its queue had no room for.
    pub discarded: u64,
}

/// One slot of the kernel ledger, summed over CPUs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerRow {
    /// System call or lifecycle hook ([`sensor_common::ledger::slot_name`]).
    pub syscall: String,
    /// `(reason label, count)` of every reason that is not zero.
    pub counts: Vec<(String, u64)>,
}

/// The ring buffer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ring {
    /// Data bytes.
    pub size_bytes: u64,
    /// Bytes that were waiting.
    pub used_bytes: u64,
    /// Bytes consumed since start: the consumer's progress.
    pub consumed_bytes: u64,
}

/// Events that waited for what runtimes tell of their container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Events that were held.
    pub held: u64,
    /// Of those: the runtimes answered.
    pub released: u64,
    /// Of those: `metadata.hold_ms` went by.
    pub timed_out: u64,
    /// Events that found no room to wait.
    pub overflowed: u64,
    /// Bytes of events that wait now.
    pub waiting_bytes: u64,
    /// How long the oldest event of a container waited, each time that its events went on.
    pub waited: Latency,
}

/// How often a rule matched, and what that cost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleCount {
    /// Rule name.
    pub rule: String,
    /// Its priority as a number, 0 is Emergency.
    pub priority: u8,
    /// Its source.
    pub source: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// Matches.
    pub count: u64,
    /// Evaluations, where they are measured; events that its index rules out are none.
    pub evaluated: u64,
    /// How long they took together, ns.
    pub took_ns: u64,
}

/// What became of the alerts for one sink; counted on the egress side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SinkCount {
    /// Sink name: `stdout`, `file`, `syslog`, `program`, `http`.
    pub sink: String,
    /// Alerts it took.
    pub delivered: u64,
    /// Alerts it refused with an error.
    pub failed: u64,
    /// Alerts it was never offered because the queue or the spool before it was full.
    pub discarded: u64,
    /// Attempts after the first.
    pub retried: u64,
    /// Alerts that wait now, in memory or on disk.
    pub waiting: u64,
    /// From the event to the delivery.
    pub latency: Latency,
}

impl Stats {
    /// Sum over all slots of one ledger reason.
    pub fn total(&self, reason: &str) -> u64 {
        self.ledger
            .iter()
            .flat_map(|row| &row.counts)
            .filter(|(label, _)| label == reason)
            .map(|(_, n)| n)
            .sum()
    }

    /// Events that were wanted: handed to the ring or lost on the way (Falco's `n_evts`).
    pub fn wanted(&self) -> u64 {
        self.total(Reason::Submitted.label()) + self.lost()
    }

    /// Sum over all slots of the reasons that are losses.
    pub fn lost(&self) -> u64 {
        Reason::ALL.iter().filter(|r| r.is_loss()).map(|r| self.total(r.label())).sum()
    }

    /// Runs that the kernel itself skipped, of all programs: events that no ledger slot could count.
    pub fn skipped(&self) -> u64 {
        self.recursion_misses.iter().map(|(_, count)| count).sum()
    }
}
