//! `http_output` with a spool: the sink writes alerts to disk, a thread of its own takes them from there to the receiver.

use std::{
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        mpsc::{self, Receiver, SyncSender},
    },
    thread,
    time::Duration,
};

use super::{
    Client, Line, Outcome, Sink, SinkError, SpoolOptions,
    delivery::{Count, cause},
    http::{Attempt, Backoff},
    spool::{Entry, Spool, SpoolError},
};

/// Time for what waits at the end; the rest stays on disk.
const FLUSH: Duration = Duration::from_secs(3);

/// A sink before a spool.
pub struct Spooled {
    shared: Arc<Shared>,
    client: Option<Client>,
    /// Closed when the sending thread ends.
    done: Option<Receiver<()>>,
    count: Arc<Count>,
}

struct Shared {
    held: Mutex<Held>,
    changed: Condvar,
}

struct Held {
    spool: Spool,
    /// Nothing is appended any more.
    is_ending: bool,
}

impl Spooled {
    /// Opens the spool, with what an earlier run has left. Sending starts when the sink is adopted.
    pub fn new(client: Client, options: SpoolOptions) -> Result<Self, SinkError> {
        let spool = Spool::open(options).map_err(|source| SinkError::Spool { source })?;
        let shared =
            Arc::new(Shared { held: Mutex::new(Held { spool, is_ending: false }), changed: Condvar::new() });
        let count = Arc::new(Count::new("http"));
        Ok(Self { shared, client: Some(client), done: None, count })
    }

    fn start(&mut self) -> std::io::Result<()> {
        let Some(client) = self.client.take() else { return Ok(()) };
        let (shared, count) = (Arc::clone(&self.shared), Arc::clone(&self.count));
        let (ends, done) = mpsc::sync_channel(0);
        let body = move || {
            shared.send_all(&client, &count);
            // Who waits for the end may open the spool at once.
            drop(shared);
            drop::<SyncSender<()>>(ends);
        };
        thread::Builder::new().name("sink-http-post".to_owned()).spawn(body)?;
        self.done = Some(done);
        Ok(())
    }
}

impl Sink for Spooled {
    fn name(&self) -> &'static str {
        "http"
    }

    fn deliver(&mut self, line: &Line) -> Result<Outcome, SinkError> {
        let mut held = self.shared.held();
        let spool = &mut held.spool;
        let appended = spool.append(line.body(), line.is_json(), line.time_ns());
        self.count.discard(spool.take_discarded());
        self.count.set_waiting(spool.waiting());
        drop(held);
        self.shared.changed.notify_one();
        match appended {
            Ok(()) => Ok(Outcome::Accepted),
            Err(source) => Err(SinkError::Spool { source }),
        }
    }

    fn adopt(&mut self, count: Arc<Count>) {
        self.count = count;
        self.count.set_waiting(self.shared.held().spool.waiting());
        if let Err(error) = self.start() {
            tracing::error!(%error, "cannot start the thread that empties the spool: alerts stay on disk");
        }
    }
}

impl Drop for Spooled {
    fn drop(&mut self) {
        self.shared.held().is_ending = true;
        self.shared.changed.notify_one();
        if let Some(done) = self.done.take() {
            // Closed, or too late: what is left is on disk.
            let _ended_or_late = done.recv_timeout(FLUSH);
        }
    }
}

impl Shared {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until the end is asked for and nothing waits, or attempts fail after that.
    fn send_all(&self, client: &Client, count: &Count) {
        let mut backoff = Backoff::new();
        let (mut is_failing, mut is_last) = (false, false);
        loop {
            let entry = match self.next() {
                Ok(Some(entry)) => entry,
                Ok(None) => return,
                Err(error) => {
                    tracing::error!(
                        cause = cause(&SinkError::Spool { source: error }),
                        "cannot read the spool"
                    );
                    if self.pause(backoff.pause()) {
                        return;
                    }
                    continue;
                }
            };
            match client.post(&entry.body, entry.is_json) {
                Attempt::Delivered => {
                    if std::mem::take(&mut is_failing) {
                        tracing::info!(sink = "http", "spooled alerts are delivered again");
                    }
                    backoff = Backoff::new();
                    count.deliver(entry.time_ns);
                    self.done(&entry, count);
                }
                Attempt::Never(error) => {
                    tracing::error!(cause = cause(&error), "the receiver refuses an alert: {error}");
                    count.fail();
                    self.done(&entry, count);
                }
                Attempt::Later(error) => {
                    if !std::mem::replace(&mut is_failing, true) {
                        tracing::error!(cause = cause(&error), "alerts wait in the spool: {error}");
                    }
                    self.sync();
                    if self.pause(backoff.pause()) && std::mem::replace(&mut is_last, true) {
                        return;
                    }
                    count.retry();
                }
            }
        }
    }

    /// The next alert; `None`: the end.
    fn next(&self) -> Result<Option<Entry>, SpoolError> {
        let mut held = self.held();
        loop {
            if let Some(entry) = held.spool.first()? {
                return Ok(Some(entry));
            }
            if held.is_ending {
                return Ok(None);
            }
            held = self.changed.wait(held).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn done(&self, entry: &Entry, count: &Count) {
        let mut held = self.held();
        let spool = &mut held.spool;
        if let Err(source) = spool.done(entry) {
            // After a restart it will be delivered again.
            tracing::error!(cause = cause(&SinkError::Spool { source }), "cannot mark an alert as delivered");
        }
        count.discard(spool.take_discarded());
        count.set_waiting(spool.waiting());
    }

    /// What waits for a receiver that is away is worth to survive a loss of power, too.
    fn sync(&self) {
        let unsynced = self.held().spool.unsynced();
        if let Some(Err(error)) = unsynced.map(|file| file.sync_data()) {
            tracing::error!(%error, "the spool's data may not be on the disk");
        }
    }

    /// Ended early by the end only, not by what comes meanwhile. Whether it is the end.
    fn pause(&self, pause: Duration) -> bool {
        let held = self.held();
        let waited = self.changed.wait_timeout_while(held, pause, |held| !held.is_ending);
        waited.unwrap_or_else(PoisonError::into_inner).0.is_ending
    }
}
