//! The thread that reads users and groups for the hot thread: the host's when their files change, a container's when the
//! hot thread asks. What a container has under these names may be a file system that never answers, so each of its reads
//! has a thread of its own that is left behind in the end.

use std::{
    io,
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use super::hot::Order;
use crate::enrich::{
    host::{ContainerFiles, Found, WatchedAccounts},
    rosters::Unread,
};

/// Containers that may wait to be read.
const WAITING: usize = 1024;
/// How often the host's files are looked at.
const LOOK: Duration = Duration::from_secs(1);
/// Time for one container.
const PATIENCE: Duration = Duration::from_secs(1);
/// Reads that may hang before no container is read any more.
const MAX_HUNG: usize = 8;

/// What the thread will work through.
pub(super) struct Reader {
    hosts: WatchedAccounts,
    waiting: mpsc::Receiver<Unread>,
}

/// A reader that has not started yet, and where questions go; `hosts` is what was read before.
pub(super) fn reader(hosts: WatchedAccounts) -> (mpsc::SyncSender<Unread>, Reader) {
    let (questions, waiting) = mpsc::sync_channel(WAITING);
    (questions, Reader { hosts, waiting })
}

/// Starts the thread, which ends when the hot thread does; what it reads goes to `orders`.
///
/// # Errors
/// The thread cannot be made.
pub(super) fn start(reader: Reader, orders: mpsc::SyncSender<Order>) -> io::Result<()> {
    let Reader { mut hosts, waiting } = reader;
    let body = move || {
        let (mut desk, mut next_look) = (Desk::new(), Instant::now() + LOOK);
        loop {
            let container = match waiting.recv_timeout(next_look.saturating_duration_since(Instant::now())) {
                Ok(unread) => Some(desk.read(unread)),
                Err(mpsc::RecvTimeoutError::Timeout) => None,
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
            };
            let mut host = None;
            if Instant::now() >= next_look {
                next_look = Instant::now() + LOOK;
                host = hosts.changed().map(Order::Accounts);
            }
            if container.into_iter().chain(host).any(|order| orders.send(order).is_err()) {
                return;
            }
        }
    };
    thread::Builder::new().name("saker-accounts".to_owned()).spawn(body).map(drop)
}

struct Desk {
    files: Arc<ContainerFiles>,
    n_hung: usize,
    is_denial_told: bool,
}

impl Desk {
    fn new() -> Self {
        Self { files: Arc::new(ContainerFiles::new()), n_hung: 0, is_denial_told: false }
    }

    fn read(&mut self, unread: Unread) -> Order {
        let full_id = Arc::clone(&unread.full_id);
        if self.n_hung >= MAX_HUNG {
            return Order::ContainerAccounts(full_id, Found::Denied);
        }
        let files = Arc::clone(&self.files);
        let found = within(PATIENCE, move || files.read(&unread)).unwrap_or_else(|| {
            self.n_hung += 1;
            tracing::warn!(container = %full_id, hung = self.n_hung, max = MAX_HUNG, "its /etc/passwd does not answer: its users have no names");
            Found::Denied
        });
        if found == Found::Denied && !self.is_denial_told {
            self.is_denial_told = true;
            tracing::info!(
                container = %full_id,
                "users of containers have no names where the agent may not read their /etc/passwd (CAP_SYS_PTRACE, and /proc of the host)"
            );
        }
        Order::ContainerAccounts(full_id, found)
    }
}

/// What `work` gives, unless it takes too long: then its thread is left alone. `None` also without a thread.
fn within<T: Send + 'static>(patience: Duration, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (done, result) = mpsc::sync_channel(1);
    let body = move || {
        // Nobody may wait any more.
        let _late = done.send(work());
    };
    let _thread = thread::Builder::new().name("saker-roster".to_owned()).spawn(body).ok()?;
    result.recv_timeout(patience).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hangs_is_left() {
        let (release, hanging) = mpsc::channel::<()>();
        assert_eq!(within(Duration::from_millis(1), move || hanging.recv().is_ok()), None);
        assert_eq!(within(Duration::from_secs(20), || 7), Some(7));
        drop(release);
    }

    #[test]
    fn questions_are_answered_and_the_thread_ends() {
        let (orders, queue) = mpsc::sync_channel(4);
        let (questions, reader) = reader(WatchedAccounts::default());
        start(reader, orders).expect("a thread");
        questions.send(Unread::of_this_process("c")).expect("taken");
        drop(questions);
        let told: Vec<_> = queue.iter().collect();
        // This process is none of a container's.
        assert!(
            matches!(told.as_slice(), [Order::ContainerAccounts(id, Found::NotYet)] if &**id == "c"),
            "{} orders",
            told.len()
        );
    }
}
