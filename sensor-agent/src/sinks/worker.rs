//! A thread and a queue for each sink. A sink may block for ever (a pipe whose reader sleeps): then its thread waits, its
//! queue fills, what does not fit is counted, and neither capture nor health nor another sink notices.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{self, Receiver, SyncSender},
    },
    thread,
    time::{Duration, Instant},
};

use crate::border::{Alert, SinkCount};

use super::{
    Format, Policy, SinkError, Sinks,
    delivery::{Count, Slot, cause},
    queue::{Next, Queue},
};

/// Handle of the threads.
#[derive(Debug)]
pub struct Worker {
    format: Format,
    desks: Vec<Arc<Desk>>,
    started: Instant,
    /// Alerts that were queued before every sink, or refused.
    sent: u64,
    /// Sinks whose slowness was told.
    slow: Vec<bool>,
    /// Closed when all threads have ended.
    done: Receiver<()>,
}

/// What a sink's thread shares with the handle.
#[derive(Debug)]
struct Desk {
    queue: Queue,
    count: Arc<Count>,
    /// Since when the sink works on one alert, ms since the worker's start, plus one; 0: it does not.
    busy_since_ms: AtomicU64,
}

/// Has files and programs opened anew, from any thread.
#[derive(Clone, Debug)]
pub struct Reopener(Vec<Arc<Desk>>);

/// The sinks did not finish in time; what still waited is lost.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sinks did not take the remaining alerts within {within:?}")]
pub struct StopError {
    /// How long they were given.
    pub within: Duration,
    /// Counts by sink at that time.
    pub counts: Vec<SinkCount>,
}

impl Worker {
    /// Starts the threads; `capacity` alerts may wait before each sink (`outputs_queue.capacity`).
    pub fn start(sinks: Sinks, capacity: usize, policy: Policy) -> Result<Self, SinkError> {
        let (format, slots) = sinks.into_parts();
        let (ends, done) = mpsc::sync_channel(0);
        let started = Instant::now();
        let mut desks = Vec::new();
        for slot in slots {
            let queue = Queue::new(capacity, policy);
            let desk = Arc::new(Desk { queue, count: slot.count(), busy_since_ms: AtomicU64::new(0) });
            desks.push(Arc::clone(&desk));
            let (name, ends) = (format!("sink-{}", slot.name()), ends.clone());
            let body = move || serve(slot, &desk, started, ends);
            let thread = thread::Builder::new().name(name).spawn(body);
            thread.map_err(|source| SinkError::Thread { source })?;
        }
        Ok(Self { format, sent: 0, slow: vec![false; desks.len()], desks, started, done })
    }

    /// Queues `alert` before every sink; a full queue discards and counts. Never waits.
    pub fn send(&mut self, alert: &Alert) {
        self.sent += 1;
        match self.format.line(alert) {
            Ok(line) => {
                let line = Arc::new(line);
                for desk in &self.desks {
                    if !desk.queue.push(self.sent, &line) {
                        tracing::error!(
                            sink = desk.count.sink,
                            "the queue of alerts is full: alerts are discarded"
                        );
                    }
                }
            }
            Err(error) => {
                self.desks.iter().for_each(|desk| desk.count.fail());
                tracing::error!(cause = cause(&error), "an alert is not delivered: {error}");
            }
        }
    }

    /// Alerts that were sent.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// So many of the first alerts that were sent are done with: every sink has delivered, spooled or refused them, or its
    /// queue had no room.
    pub fn done(&self) -> u64 {
        let oldest = self.desks.iter().filter_map(|desk| desk.queue.oldest()).min();
        oldest.map_or(self.sent, |oldest| oldest.saturating_sub(1))
    }

    /// Tells, once each, which sink has worked on one alert for longer than `timeout` (`output_timeout`).
    pub fn tell_slow(&mut self, timeout: Duration) {
        for (desk, told) in self.desks.iter().zip(&mut self.slow) {
            let busy = desk.busy(self.started);
            let is_slow = busy.is_some_and(|busy| busy > timeout);
            if is_slow && !*told {
                let busy_ms = busy.unwrap_or_default().as_millis() as u64;
                tracing::error!(
                    sink = desk.count.sink,
                    busy_ms,
                    "an output blocks longer than output_timeout"
                );
            }
            *told = is_slow;
        }
    }

    /// For the thread that hears SIGUSR1.
    pub fn reopener(&self) -> Reopener {
        Reopener(self.desks.clone())
    }

    /// Alerts that some queue had no room for (Falco's `outputs_queue.num_drops`), summed over the sinks.
    pub fn discarded(&self) -> u64 {
        self.desks.iter().map(|desk| desk.queue.counts().0).sum()
    }

    /// Counts by sink since start.
    pub fn counts(&self) -> Vec<SinkCount> {
        let read = |desk: &Arc<Desk>| {
            let (discarded, waiting) = desk.queue.counts();
            desk.count.read(discarded, waiting)
        };
        self.desks.iter().map(read).collect()
    }

    /// Delivers what waits, flushes, ends the threads. Gives up after `within`.
    pub fn stop(self, within: Duration) -> Result<Vec<SinkCount>, StopError> {
        self.desks.iter().for_each(|desk| {
            desk.count.close();
            desk.queue.close();
        });
        let ended = self.done.recv_timeout(within);
        let counts = self.counts();
        match ended {
            Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => Ok(counts),
            Err(mpsc::RecvTimeoutError::Timeout) => Err(StopError { within, counts }),
        }
    }
}

impl Reopener {
    /// Before the next alert, or at once where none waits.
    pub fn reopen(&self) {
        self.0.iter().for_each(|desk| desk.queue.reopen());
    }
}

impl Desk {
    fn busy(&self, started: Instant) -> Option<Duration> {
        let since_ms = self.busy_since_ms.load(Relaxed).checked_sub(1)?;
        Some(started.elapsed().saturating_sub(Duration::from_millis(since_ms)))
    }
}

fn serve(mut slot: Slot, desk: &Desk, started: Instant, ends: SyncSender<()>) {
    let mut next = desk.queue.wait();
    loop {
        next = match next {
            Next::Line(line) => {
                desk.busy_since_ms.store(started.elapsed().as_millis() as u64 + 1, Relaxed);
                slot.deliver(&line);
                desk.busy_since_ms.store(0, Relaxed);
                desk.queue.done(&line);
                desk.queue.next()
            }
            Next::Reopen => {
                slot.reopen();
                desk.queue.next()
            }
            Next::Idle => {
                slot.flush();
                desk.queue.wait()
            }
            Next::End => break,
        }
    }
    slot.flush();
    drop(slot);
    drop(ends);
}
