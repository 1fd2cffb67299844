//! The thread that delivers. A sink may block for ever (a pipe whose reader sleeps): then this thread waits, the queue
//! before it fills, what does not fit is counted, and neither capture nor health notice.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TryRecvError},
    },
    thread,
    time::Duration,
};

use crate::border::{Alert, SinkCount};

use super::{SinkError, Sinks, delivery::Counts};

/// Alerts that may wait where the configuration says 0, Falco's word for no limit.
const CAPACITY: usize = 16 * 1024;
/// Memory that waiting alerts may hold: a process chooses how long they are.
const CAPACITY_BYTES: usize = 16 << 20;

/// Handle of the thread.
#[derive(Debug)]
pub struct Worker {
    queue: SyncSender<Alert>,
    discarded: u64,
    counts: Counts,
    orders: Arc<Orders>,
    /// Closed when the thread ends.
    done: Receiver<()>,
}

#[derive(Debug, Default)]
struct Orders {
    reopen: AtomicBool,
    waiting_bytes: AtomicUsize,
}

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
    /// Starts the thread; `capacity` alerts may wait (`outputs_queue.capacity`; 0 stands for a generous number).
    pub fn start(mut sinks: Sinks, capacity: usize) -> Result<Self, SinkError> {
        let (queue, alerts) = mpsc::sync_channel(if capacity == 0 { CAPACITY } else { capacity });
        let (ends, done) = mpsc::sync_channel(0);
        let counts = sinks.shared_counts();
        let orders = Arc::new(Orders::default());
        let told = Arc::clone(&orders);
        let body = move || {
            while let Some(alert) = next(&mut sinks, &alerts) {
                if told.reopen.swap(false, Relaxed) {
                    sinks.reopen();
                }
                sinks.deliver(&alert);
                told.waiting_bytes.fetch_sub(alert.size_bytes(), Relaxed);
            }
            drop::<SyncSender<()>>(ends);
        };
        let thread = thread::Builder::new().name("sinks".to_owned()).spawn(body);
        thread.map_err(|source| SinkError::Thread { source })?;
        Ok(Self { queue, discarded: 0, counts, orders, done })
    }

    /// Queues `alert`; a full queue discards and counts it. Never waits.
    pub fn send(&mut self, alert: Alert) {
        let size = alert.size_bytes();
        let waiting = self.orders.waiting_bytes.fetch_add(size, Relaxed);
        if waiting + size > CAPACITY_BYTES || self.queue.try_send(alert).is_err() {
            self.orders.waiting_bytes.fetch_sub(size, Relaxed);
            if self.discarded == 0 {
                tracing::error!("the queue of alerts is full: alerts are discarded");
            }
            self.discarded += 1;
        }
    }

    /// Has files and programs opened anew before the next alert (SIGUSR1).
    pub fn reopen(&self) {
        self.orders.reopen.store(true, Relaxed);
    }

    /// Alerts discarded because the queue was full (Falco's `outputs_queue.num_drops`).
    pub fn discarded(&self) -> u64 {
        self.discarded
    }

    /// Counts by sink since start.
    pub fn counts(&self) -> Vec<SinkCount> {
        self.counts.read(self.discarded)
    }

    /// Delivers what waits, flushes, ends the thread. Gives up after `within`.
    pub fn stop(self, within: Duration) -> Result<Vec<SinkCount>, StopError> {
        let Self { queue, discarded, counts, done, .. } = self;
        drop(queue);
        match done.recv_timeout(within) {
            Ok(()) | Err(RecvTimeoutError::Disconnected) => Ok(counts.read(discarded)),
            Err(RecvTimeoutError::Timeout) => Err(StopError { within, counts: counts.read(discarded) }),
        }
    }
}

/// The next alert; what is buffered is handed on before waiting for it. `None` when nobody can send any more.
fn next(sinks: &mut Sinks, alerts: &Receiver<Alert>) -> Option<Alert> {
    match alerts.try_recv() {
        Ok(alert) => Some(alert),
        Err(TryRecvError::Empty) => {
            sinks.flush();
            alerts.recv().ok()
        }
        Err(TryRecvError::Disconnected) => {
            sinks.flush();
            None
        }
    }
}
