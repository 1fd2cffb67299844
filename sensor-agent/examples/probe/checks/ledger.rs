//! The ledger's identity.

use sensor_agent::{capture::Sensor, decode::Body};

use crate::Seen;

/// At rest: seen = filtered + submitted + losses in each row, and as many records came as were submitted (the
/// iterator's records did not come by the ring).
pub(crate) fn ledger(sensor: &Sensor, received: u64) -> Vec<String> {
    let mut faults = Vec::new();
    for row in sensor.ledger.rows() {
        let count =
            |label: &str| row.counts.iter().find(|(name, _)| name == label).map_or(0, |(_, count)| *count);
        let ended: u64 = row.counts.iter().filter(|(name, _)| name != "seen").map(|(_, count)| count).sum();
        if count("seen") != ended {
            faults.push(format!("ledger {}: {:?}", row.syscall, row.counts));
        }
    }
    if !is_at_rest(sensor, received) {
        let (submitted, scanned) = (submitted(sensor), super::processes::count(&sensor.processes));
        faults.push(format!("ledger: {submitted} submitted, {received} + {scanned} received"));
    }
    faults
}

/// Whether everything that was submitted has come.
pub(crate) fn is_at_rest(sensor: &Sensor, received: u64) -> bool {
    submitted(sensor) == received + super::processes::count(&sensor.processes)
}

fn submitted(sensor: &Sensor) -> u64 {
    let rows = sensor.ledger.rows();
    let counts = rows.iter().flat_map(|row| &row.counts);
    counts.filter(|(label, _)| label == "submitted").map(|(_, count)| count).sum()
}

/// Calls of a 32-bit program, or through the 32-bit gate, are counted and never taken for native ones.
pub(crate) fn calls_32(sensor: &Sensor, seen: &Seen) -> Vec<String> {
    let program = seen.fact("arm32");
    if cfg!(target_arch = "aarch64") && program.is_none() {
        println!("this machine runs no 32-bit programs");
        return Vec::new();
    }
    let mut faults = Vec::new();
    let rows = sensor.ledger.rows();
    let counts = rows.iter().flat_map(|row| &row.counts);
    if counts.filter(|(reason, _)| reason == "abi").map(|(_, count)| count).sum::<u64>() == 0 {
        faults.push("no 32-bit call was counted".to_owned());
    }
    let of_program = seen.records().filter(|record| Some(u64::from(record.prefix.task.tgid)) == program);
    let mut behind_exec = of_program.skip_while(|record| !matches!(record.body, Body::Exec(_)));
    if behind_exec.any(|record| record.call().is_some()) {
        faults.push("a 32-bit call was taken for a native one".to_owned());
    }
    faults
}
