//! The ledger's identity.

use sensor_agent::capture::Sensor;

/// At rest: seen = filtered + submitted + losses in each row, and as many records came as were submitted (the
/// iterator's records did not come by the ring).
pub(crate) fn ledger(sensor: &Sensor, received: u64) -> Vec<String> {
    let mut faults = Vec::new();
    let mut all_submitted = 0;
    for row in sensor.ledger.rows() {
        let count =
            |label: &str| row.counts.iter().find(|(name, _)| name == label).map_or(0, |(_, count)| *count);
        let ended: u64 = row.counts.iter().filter(|(name, _)| name != "seen").map(|(_, count)| count).sum();
        if count("seen") != ended {
            faults.push(format!("ledger {}: {:?}", row.syscall, row.counts));
        }
        all_submitted += count("submitted");
    }
    let scanned = super::processes::count(&sensor.processes);
    if all_submitted != received + scanned {
        faults.push(format!("ledger: {all_submitted} submitted, {received} + {scanned} received"));
    }
    faults
}
