//! `saker record FILE`: everything the kernel side tells, raw, with what of the host is needed to replay it elsewhere.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use sensor_common::syscalls::TABLE;

use crate::{
    app::{AppError, config::Config, output::tell, recording},
    border::Stats,
    capture::{Options, Sensor},
    decode::{Record, recording::Writer},
    enrich::host::{Host, ProcFiles, ProcessFiles, WatchedAccounts},
};

/// Longest time between two looks at the clock and the signals.
pub(super) const LOOK: Duration = Duration::from_millis(100);

/// Records until SIGINT, SIGTERM or `seconds` have passed (0: no limit). The file is readable by its owner only: it
/// holds command lines and environments.
pub(super) fn record(config: &Config, path: &Path, seconds: u64) -> Result<(), AppError> {
    let is_stopped = stop_flag()?;
    let ring = config.ring;
    let options = Options { ring_bytes: ring.bytes, reserve_bytes: ring.reserve_bytes };
    let mut sensor = Sensor::attach(options)?;
    let failed = |action| move |source| AppError::Output { action, path: path.to_owned(), source };
    let file = File::options().write(true).create(true).truncate(true).mode(0o600).open(path);
    let file = BufWriter::new(file.map_err(failed("create"))?);
    let host = recording::facts(&Host::read(&mut WatchedAccounts::default()));
    let mut writer = Writer::new(file, &host).map_err(failed("write"))?;
    snapshots(&mut writer, &sensor.processes, &ProcFiles::new(&sensor.processes)).map_err(failed("write"))?;
    sensor.policy.set_interest(TABLE.iter().map(|row| row.nr));
    let end = (seconds > 0).then(|| Instant::now() + Duration::from_secs(seconds));
    let mut is_ending = false;
    loop {
        let mut written = Ok(());
        let round = sensor.drain.round(|bytes| {
            if written.is_ok() {
                written = writer.record(bytes);
            }
        });
        written.map_err(failed("write"))?;
        if is_ending && !round.more {
            break;
        }
        let is_over = end.is_some_and(|end| Instant::now() >= end);
        if !is_ending && (is_over || is_stopped.load(Ordering::Relaxed)) {
            // What is in the ring is still taken; lifecycle records alone would go on for ever.
            sensor.policy.set_interest([]);
            is_ending = true;
            continue;
        }
        sensor.drain.wait(round, LOOK)?;
    }
    let records = writer.records();
    let lost = Stats { ledger: sensor.ledger.rows(), ..Stats::default() }.lost();
    writer.finish().and_then(|mut file| file.flush()).map_err(failed("write"))?;
    tell(&format!("{records} records in {}, {lost} lost", path.display()));
    Ok(())
}

/// Writes the processes that are there: their own files first, so that a replay has them when it meets the records.
fn snapshots<W: Write>(writer: &mut Writer<W>, records: &[u8], files: &impl ProcessFiles) -> io::Result<()> {
    let each = || {
        let mut rest = records;
        std::iter::from_fn(move || {
            let (record, behind) = Record::parse_first(rest).ok()?;
            rest = behind;
            Some(record)
        })
    };
    for record in each() {
        let tgid = record.prefix.task.tgid;
        writer.process_files(tgid, files.argv(tgid).as_deref(), files.env(tgid).as_deref())?;
    }
    each().try_for_each(|record| writer.snapshot(record.bytes()))
}

pub(super) fn stop_flag() -> Result<Arc<AtomicBool>, AppError> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&flag))
            .map_err(|source| AppError::Environment { action: "wait for signals".into(), source })?;
    }
    Ok(flag)
}
