//! The one channel type of the border: bounded, and full means an error that the sender counts, never a wait
//! (the sender may be the hot thread); only threads that have nothing else to do may ask to wait.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    time::Duration,
};

/// Sending half; clones share the bound.
#[derive(Debug)]
pub struct Sender<T> {
    queue: mpsc::SyncSender<T>,
    discarded: Arc<AtomicU64>,
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone(), discarded: Arc::clone(&self.discarded) }
    }
}

/// Receiving half.
#[derive(Debug)]
pub struct Receiver<T> {
    queue: mpsc::Receiver<T>,
    discarded: Arc<AtomicU64>,
}

/// Why a message was not taken. The message is gone and, when `Full`, counted.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The receiver is behind by the whole bound.
    #[error("the border queue is full")]
    Full,
    /// The receiver ended.
    #[error("the other half has ended")]
    Closed,
}

/// Why there is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecvError {
    /// None came in time.
    #[error("no message came in time")]
    Quiet,
    /// All senders are gone and the queue is empty.
    #[error("the other half has ended")]
    Closed,
}

/// A channel for at most `bound` waiting messages.
pub fn channel<T>(bound: usize) -> (Sender<T>, Receiver<T>) {
    let (tx, rx) = mpsc::sync_channel(bound);
    let discarded = Arc::new(AtomicU64::new(0));
    (Sender { queue: tx, discarded: Arc::clone(&discarded) }, Receiver { queue: rx, discarded })
}

impl<T> Sender<T> {
    /// Hands `message` over without waiting.
    pub fn send(&self, message: T) -> Result<(), SendError> {
        self.queue.try_send(message).map_err(|error| match error {
            mpsc::TrySendError::Full(_) => {
                self.discarded.fetch_add(1, Ordering::Relaxed);
                SendError::Full
            }
            mpsc::TrySendError::Disconnected(_) => SendError::Closed,
        })
    }

    /// Hands `message` over, and waits for room where there is none.
    ///
    /// # Errors
    /// [`SendError::Closed`] only.
    pub fn send_waiting(&self, message: T) -> Result<(), SendError> {
        self.queue.send(message).map_err(|_closed| SendError::Closed)
    }

    /// Messages discarded because the queue was full.
    pub fn discarded(&self) -> u64 {
        self.discarded.load(Ordering::Relaxed)
    }
}

impl<T> Receiver<T> {
    /// The next message, for which it waits `wait` at most.
    pub fn recv(&self, wait: Duration) -> Result<T, RecvError> {
        self.queue.recv_timeout(wait).map_err(|error| match error {
            mpsc::RecvTimeoutError::Timeout => RecvError::Quiet,
            mpsc::RecvTimeoutError::Disconnected => RecvError::Closed,
        })
    }

    /// The next message if one waits.
    pub fn try_recv(&self) -> Option<T> {
        self.queue.try_recv().ok()
    }

    /// Messages discarded because the queue was full.
    pub fn discarded(&self) -> u64 {
        self.discarded.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn who_waits_loses_nothing_to_a_full_queue() {
        let (sender, receiver) = channel(1);
        assert_eq!((sender.send(1), sender.send(2)), (Ok(()), Err(SendError::Full)));
        let waiting = thread::spawn(move || (sender.send_waiting(3), sender.discarded()));
        let got = [(); 2].map(|()| receiver.recv(Duration::from_secs(20)));
        assert_eq!(got, [Ok(1), Ok(3)]);
        assert_eq!(waiting.join().ok(), Some((Ok(()), 1)), "only the refused one was discarded");
        let (sender, _) = channel(1);
        assert_eq!(sender.send_waiting(4), Err(SendError::Closed));
    }
}
