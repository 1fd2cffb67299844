//! Which alerts every sink is done with, so that the sensor half need not keep them for a successor of this process.

use std::collections::VecDeque;

/// Alerts of one life of the sensor half that are not settled yet.
#[derive(Debug, Default)]
pub(super) struct Settled {
    session: u64,
    /// Number of its message, and how many alerts had been sent to the sinks then; the second never falls.
    waiting: VecDeque<(u64, u64)>,
}

impl Settled {
    /// Another life.
    pub(super) fn begin(&mut self, session: u64) {
        *self = Self { session, waiting: VecDeque::new() };
    }

    /// Message `number` was taken; with it, `sent` alerts have been sent to the sinks.
    pub(super) fn take(&mut self, number: u64, sent: u64) {
        self.waiting.push_back((number, sent));
    }

    /// Messages that wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The first `done` alerts are done with: which messages are, and whose.
    pub(super) fn settle(&mut self, done: u64) -> (u64, Vec<u64>) {
        let n_settled = self.waiting.partition_point(|(_, sent)| *sent <= done);
        (self.session, self.waiting.drain(..n_settled).map(|(number, _)| number).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_settled_with_their_alerts() {
        let mut settled = Settled::default();
        settled.begin(7);
        // The second of them was grouped, so nothing was sent.
        for (number, sent) in [(1, 1), (2, 1), (5, 2), (3, 3)] {
            settled.take(number, sent);
        }
        assert_eq!(settled.settle(0), (7, vec![]));
        assert_eq!(settled.settle(1), (7, vec![1, 2]));
        assert_eq!(settled.settle(1), (7, vec![]));
        assert_eq!(settled.settle(9), (7, vec![5, 3]));
        settled.take(6, 4);
        settled.begin(8);
        assert_eq!(settled.settle(9), (8, vec![]));
    }
}
