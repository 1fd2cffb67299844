//! The hot thread: drains the ring into the pipeline, tells statistics once a second, obeys orders. It never blocks on
//! anything but the ring.

use std::{
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use crate::{
    border::{Outbound, PodTold, Resolved, Stats, Told, since_epoch},
    capture::{CaptureError, Round, Sensor},
    enrich::host::{Accounts, Found, boot_epoch_ns},
    rules::RuleSet,
};

use crate::app::{explain, pipeline::Pipeline};

/// Longest sleep without records: the latency of an order on an idle machine.
const IDLE: Duration = Duration::from_millis(100);
/// The same while events wait for runtimes.
const HOLDING: Duration = Duration::from_millis(1);
const STATS_PERIOD: Duration = Duration::from_secs(1);
/// What is in the ring at the end is drained for so long at most: other processes may fill it for ever.
const DRAIN_LIMIT: Duration = Duration::from_secs(2);

/// To the hot thread, from the sensor half's control.
pub(super) enum Order {
    /// Take this rule set; answer when it is in force.
    Rules(Arc<RuleSet>, mpsc::SyncSender<()>),
    /// Take what was told of a container.
    Context(Told),
    /// Take what was told of a pod.
    Pod(PodTold),
    /// Take the addresses of host names.
    Names(Vec<Resolved>),
    /// Whoever was asked for containers has begun anew.
    AskAgain,
    /// Take the host's users and groups.
    Accounts(Accounts),
    /// Take those of the container with this full id.
    ContainerAccounts(Arc<str>, Found),
    /// Watch one rule for an operator.
    Explain(Box<explain::Watch>),
    /// Drain what is in the ring and end.
    Stop,
}

/// The thread's state.
pub(super) struct Hot {
    sensor: Sensor,
    pipeline: Pipeline,
    orders: mpsc::Receiver<Order>,
    /// How long the last rule set took.
    reload_pause: Duration,
}

impl Hot {
    /// Takes the sensor over.
    pub(super) fn new(sensor: Sensor, pipeline: Pipeline, orders: mpsc::Receiver<Order>) -> Self {
        Self { sensor, pipeline, orders, reload_pause: Duration::ZERO }
    }

    /// Runs until it is told to stop or the ring fails; then the last statistics have been sent.
    pub(super) fn run(mut self) -> Result<(), CaptureError> {
        let ended = self.serve();
        self.sensor.policy.set_interest([]);
        let deadline = Instant::now() + DRAIN_LIMIT;
        while self.round().records > 0 && Instant::now() < deadline {}
        self.pipeline.flush();
        self.tell();
        ended
    }

    fn serve(&mut self) -> Result<(), CaptureError> {
        let mut next_stats = Instant::now();
        loop {
            let round = self.round();
            if !self.obey() {
                return Ok(());
            }
            let now = Instant::now();
            self.pipeline.tick(now);
            if now >= next_stats {
                next_stats = now + STATS_PERIOD;
                self.pipeline.set_clock(boot_epoch_ns());
                self.tell();
            }
            self.sensor.drain.wait(round, if self.pipeline.is_holding() { HOLDING } else { IDLE })?;
        }
    }

    /// Obeys the orders that wait; says whether to go on.
    fn obey(&mut self) -> bool {
        loop {
            match self.orders.try_recv() {
                Ok(Order::Rules(rules, done)) => {
                    let begin = Instant::now();
                    self.pipeline.swap_rules(rules);
                    self.reload_pause = begin.elapsed();
                    // Who asked may have ended meanwhile; the rules are in force all the same.
                    let _gone = done.send(());
                }
                Ok(Order::Context(told)) => self.pipeline.learn(told),
                Ok(Order::Pod(told)) => self.pipeline.learn_pod(told),
                Ok(Order::Names(told)) => self.pipeline.learn_names(told),
                Ok(Order::AskAgain) => self.pipeline.ask_again(),
                Ok(Order::Accounts(accounts)) => self.pipeline.set_accounts(accounts),
                Ok(Order::ContainerAccounts(full_id, found)) => {
                    self.pipeline.learn_accounts(&full_id, found);
                }
                Ok(Order::Explain(watch)) => self.pipeline.ask_why(watch),
                Ok(Order::Stop) | Err(mpsc::TryRecvError::Disconnected) => return false,
                Err(mpsc::TryRecvError::Empty) => return true,
            }
        }
    }

    fn round(&mut self) -> Round {
        let pipeline = &mut self.pipeline;
        self.sensor.drain.round(|record| pipeline.feed(record))
    }

    fn tell(&mut self) {
        let (victims, others) = self.sensor.ledger.victims();
        let mut stats = Stats {
            time_ns: since_epoch().as_nanos() as u64,
            ledger: self.sensor.ledger.rows(),
            cpus: self.sensor.ledger.cpus(),
            recursion_misses: self.sensor.ledger.recursion_misses(),
            ring: self.sensor.drain.stats(),
            generation: self.sensor.policy.generation(),
            reload_pause_ns: self.reload_pause.as_nanos() as u64,
            wakeups: self.sensor.drain.wakeups(),
            ..Stats::default()
        };
        stats.lost_in = self.pipeline.name_victims(&victims, others);
        self.pipeline.count(&mut stats);
        // A full queue is counted; the next statistics say it all again.
        let _discarded = self.pipeline.out().send(Outbound::Stats(Box::new(stats)));
    }
}
