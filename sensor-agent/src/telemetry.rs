//! What the agent knows about itself, in one shared value: told by border messages, asked by the admin server.
//! Everything here is egress side, so a lock is harmless: the sensor half never takes it.

pub mod drops;
mod gates;
pub mod health;
pub mod losses;
pub mod summary;
pub mod log;
pub mod admin;
mod metrics;
pub mod snapshot;
mod resources;
mod threads;

pub use gates::Gates;
pub use resources::cost;
pub use threads::Alive;

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::border::{Alert, CanaryPath, ContextSource, Cost, Facts, Latency, SinkCount, Stats};

use self::{
    health::{Health, Limits, Report},
    losses::{Gap, Losses},
    resources::Resources,
    snapshot::Snapshots,
    threads::Threads,
};

/// Time since the agent started.
type Clock = Box<dyn Fn() -> Duration + Send + Sync>;

/// The shared value. Told by the egress thread; asked from any.
pub struct Telemetry {
    clock: Clock,
    threads: Arc<Threads>,
    gates: Gates,
    state: Mutex<State>,
}

struct State {
    health: Health,
    facts: Arc<Facts>,
    stats: Arc<Stats>,
    gaps: Gaps,
    canaries: [Latency; CanaryPath::ALL.len()],
    sinks: Vec<SinkCount>,
    discarded: u64,
    grouped: u64,
    context: Vec<ContextSource>,
    /// Of the sensor half, once it has said so.
    cost: Option<Cost>,
}

/// Gaps that are remembered.
const GAPS: usize = 16;

/// What was missed: the last gaps, newest first, and the one that is open.
#[derive(Clone, Debug, Default)]
struct Gaps {
    ended: VecDeque<Gap>,
    open: Gap,
}

/// Everything at one moment.
#[derive(Clone, Debug)]
struct Snapshot {
    uptime: Duration,
    health: Report,
    facts: Arc<Facts>,
    stats: Arc<Stats>,
    gaps: Gaps,
    /// How long canaries took, in the order of [`CanaryPath::ALL`].
    canaries: [Latency; CanaryPath::ALL.len()],
    gates: Gates,
    sinks: Vec<SinkCount>,
    /// Alerts that no queue had room for: the sinks' and the border's.
    discarded: u64,
    /// Alerts that became part of another one.
    grouped: u64,
    /// Who tells of containers and pods.
    context: Vec<ContextSource>,
    ended: Vec<&'static str>,
    resources: Resources,
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telemetry").field("health", &self.health()).finish_non_exhaustive()
    }
}

impl Telemetry {
    /// Starts with nothing known, so unhealthy. `nonce` is the one that this run's canaries carry.
    pub fn new(limits: Limits, nonce: u64) -> Self {
        let started = Instant::now();
        Self::with_clock(limits, nonce, move || started.elapsed())
    }

    /// With a clock that tells the time since start.
    pub fn with_clock(
        limits: Limits,
        nonce: u64,
        clock: impl Fn() -> Duration + Send + Sync + 'static,
    ) -> Self {
        let state = State {
            health: Health::new(limits, nonce),
            facts: Arc::default(),
            stats: Arc::default(),
            gaps: Gaps::default(),
            canaries: Default::default(),
            sinks: Vec::new(),
            discarded: 0,
            grouped: 0,
            context: Vec::new(),
            cost: None,
        };
        Self {
            clock: Box::new(clock),
            threads: Arc::default(),
            gates: Gates::default(),
            state: Mutex::new(state),
        }
    }

    /// Tells only these groups of metrics.
    #[must_use]
    pub fn with_gates(self, gates: Gates) -> Self {
        Self { gates, ..self }
    }

    /// `Outbound::Stats` arrived. What was lost since the last ones, and when those were taken.
    pub fn observe(&self, stats: Stats) -> (u64, Losses) {
        let now = (self.clock)();
        let mut told = self.state();
        let losses = Losses::between(&told.stats, &stats);
        // The first statistics follow the start.
        let from_ns = if told.stats.time_ns == 0 { stats.time_ns } else { told.stats.time_ns };
        told.gaps.observe(from_ns, stats.time_ns, &losses);
        told.health.observe(now, &stats.ring);
        told.stats = Arc::new(stats);
        (from_ns, losses)
    }

    /// `Outbound::Facts` arrived.
    pub fn facts(&self, facts: Facts) {
        self.state().facts = Arc::new(facts);
    }

    /// Whether the sensor half has ever said what it is.
    pub fn has_facts(&self) -> bool {
        self.state().facts.start_ns != 0
    }

    /// `Outbound::Canary` arrived, so long after its call.
    pub fn canary(&self, path: CanaryPath, nonce: u64, took: Duration) {
        let now = (self.clock)();
        let mut state = self.state();
        state.health.canary(now, path, nonce);
        let latencies = CanaryPath::ALL.into_iter().zip(&mut state.canaries);
        latencies.filter(|(own, _)| *own == path).for_each(|(_, latency)| latency.add(took));
    }

    /// What became of the alerts; `discarded`: those that the sinks' queue and the border's had no room for.
    pub fn sinks(&self, counts: Vec<SinkCount>, discarded: u64) {
        let mut state = self.state();
        state.sinks = counts;
        state.discarded = discarded;
    }

    /// How many alerts became part of another one.
    pub fn grouped(&self, grouped: u64) {
        self.state().grouped = grouped;
    }

    /// Who tells of containers and pods, and whether they answer.
    pub fn context(&self, sources: Vec<ContextSource>) {
        self.state().context = sources;
    }

    /// The sensor half has ended. What it did is told on; that it sees, no longer.
    pub fn sensor_ended(&self) {
        let mut state = self.state();
        state.health.begin_anew();
        state.cost = None;
    }

    /// `Outbound::Cost` arrived.
    pub fn cost(&self, cost: Cost) {
        self.state().cost = Some(cost);
    }

    /// `/livez` fails once the returned value is dropped: a thread keeps it for as long as it works.
    pub fn alive(&self, thread: &'static str) -> Alive {
        Threads::alive(&self.threads, thread)
    }

    /// Whether the sensor sees, and if not, why.
    pub fn health(&self) -> Report {
        let now = (self.clock)();
        self.state().health.report(now)
    }

    /// The last statistics.
    pub fn stats(&self) -> Arc<Stats> {
        Arc::clone(&self.state().stats)
    }

    /// `/metrics` in Prometheus' text format, version 0.0.4.
    pub fn metrics(&self) -> String {
        metrics::render(self.snapshot())
    }

    /// `Falco internal: metrics snapshot` now, and its number.
    pub fn snapshot_alert(&self, now_ns: u64, snapshots: &mut Snapshots) -> (Alert, u64) {
        snapshots.take(now_ns, &self.snapshot())
    }

    fn snapshot(&self) -> Snapshot {
        let uptime = (self.clock)();
        let resources = resources::read(self.state().cost);
        let ended = self.threads.ended();
        let state = self.state();
        Snapshot {
            uptime,
            health: state.health.report(uptime),
            facts: Arc::clone(&state.facts),
            stats: Arc::clone(&state.stats),
            gaps: state.gaps.clone(),
            canaries: state.canaries,
            gates: self.gates,
            sinks: state.sinks.clone(),
            discarded: state.discarded,
            grouped: state.grouped,
            context: state.context.clone(),
            ended,
            resources,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gaps {
    /// A gap ends with the first statistics without a loss, and is told then.
    fn observe(&mut self, from_ns: u64, to_ns: u64, losses: &Losses) {
        if losses.lost() > 0 {
            self.open.extend(from_ns, to_ns, losses);
        } else if !self.open.is_empty() {
            let gap = std::mem::take(&mut self.open);
            tracing::warn!(from_ns = gap.from_ns, to_ns = gap.to_ns, "{gap}");
            self.ended.truncate(GAPS - 1);
            self.ended.push_front(gap);
        }
    }

    /// Newest first.
    fn all(&self) -> impl Iterator<Item = &Gap> {
        [&self.open].into_iter().filter(|gap| !gap.is_empty()).chain(&self.ended)
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for people: ratios, rates, Prometheus' floats")]
fn float(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests;
