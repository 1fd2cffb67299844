//! `metrics.interval`: when it is time for a snapshot, and where it goes. The time does not depend on events.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    path::Path,
    time::{Duration, Instant},
};

use crate::{
    app::config::Metrics,
    border::Alert,
    sinks::sample_line,
    telemetry::{Telemetry, snapshot::Snapshots},
};

/// Counts the time.
pub(super) struct Ticker {
    /// None: no snapshot is wanted.
    metrics: Option<Metrics>,
    snapshots: Snapshots,
    /// None: there is nothing to tell yet.
    next: Option<Instant>,
    /// The file could not be written the last time; said once.
    is_failing: bool,
}

impl Ticker {
    pub(super) fn new(metrics: Option<Metrics>) -> Self {
        let metrics = metrics.filter(|metrics| metrics.output_rule || metrics.output_file.is_some());
        Self { metrics, snapshots: Snapshots::default(), next: None, is_failing: false }
    }

    /// From now on there is something to tell.
    pub(super) fn begin(&mut self) {
        let interval = self.metrics.as_ref().map(|metrics| metrics.interval);
        self.next = self.next.or_else(|| Some(Instant::now() + interval?));
    }

    /// Time to the next snapshot.
    pub(super) fn left(&self) -> Duration {
        self.next.map_or(Duration::MAX, |next| next.saturating_duration_since(Instant::now()))
    }

    /// Takes a snapshot if it is time. An alert: it is to be delivered.
    pub(super) fn tick(&mut self, telemetry: &Telemetry, now: Duration) -> Option<Alert> {
        let metrics = self.metrics.as_ref()?;
        if self.next.is_none_or(|next| Instant::now() < next) {
            return None;
        }
        // What was slept through is not made up for.
        self.next = Some(Instant::now() + metrics.interval);
        let (alert, number) = telemetry.snapshot_alert(now.as_nanos() as u64, &mut self.snapshots);
        if let Some(path) = &metrics.output_file {
            let line = sample_line(&alert.fields, number).map_err(io::Error::other);
            let written = line.and_then(|line| append(path, &line));
            if let Err(error) = &written
                && !self.is_failing
            {
                tracing::error!(%error, "cannot write to metrics.output_file {path:?}");
            }
            self.is_failing = written.is_err();
        }
        metrics.output_rule.then_some(alert)
    }
}

/// Opened for each line, so that rotation needs no signal.
fn append(path: &Path, line: &str) -> io::Result<()> {
    OpenOptions::new().append(true).create(true).open(path)?.write_all(line.as_bytes())
}
