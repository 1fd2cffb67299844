//! The queue before one sink: bounded in lines and bytes, with a policy for what does not fit; whoever fills it never waits.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

use super::Line;

/// Memory that waiting lines may hold: a process chooses how long they are.
const CAPACITY_BYTES: usize = 16 << 20;

/// What is discarded when a queue is full (`outputs_queue.policy`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// The new alert, as Falco does.
    #[default]
    DropNew,
    /// The alerts that have waited longest.
    DropOldest,
    /// The sink is shut off until half of what waits is taken: it gets unbroken runs of alerts, and one gap between them.
    BlockSinkOnly,
}

/// Shared by the filling thread and the sink's.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    policy: Policy,
    capacity: usize,
}

#[derive(Debug, Default)]
struct State {
    /// With their numbers, which rise.
    lines: VecDeque<(u64, Arc<Line>)>,
    /// Held by waiting lines and the one that the sink works on.
    bytes: usize,
    /// Number of the line that the sink works on.
    busy: Option<u64>,
    discarded: u64,
    /// Nothing comes any more.
    is_closed: bool,
    /// `BlockSinkOnly` has shut the sink off.
    is_shut: bool,
    reopen: bool,
}

/// What the sink's thread does next.
pub(super) enum Next {
    /// Deliver.
    Line(Arc<Line>),
    /// Open files and programs anew.
    Reopen,
    /// Nothing waits: hand on what is buffered.
    Idle,
    /// Nothing waits and nothing will come.
    End,
}

impl Queue {
    /// For `capacity` lines.
    pub(super) fn new(capacity: usize, policy: Policy) -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), policy, capacity }
    }

    /// Takes `line`, whose number is above those before, or discards by the policy. False with the first line that this queue ever discards.
    pub(super) fn push(&self, number: u64, line: &Arc<Line>) -> bool {
        let mut state = self.state();
        let before = state.discarded;
        if self.policy == Policy::DropOldest {
            while !self.has_room(&state, line) {
                let Some((_, oldest)) = state.lines.pop_front() else { break };
                state.bytes -= oldest.size_bytes();
                state.discarded += 1;
            }
        }
        if state.is_shut && state.lines.len() <= self.capacity / 2 && state.bytes <= CAPACITY_BYTES / 2 {
            state.is_shut = false;
        }
        if state.is_shut || !self.has_room(&state, line) {
            state.is_shut = self.policy == Policy::BlockSinkOnly;
            state.discarded += 1;
        } else {
            state.bytes += line.size_bytes();
            state.lines.push_back((number, Arc::clone(line)));
            self.changed.notify_one();
        }
        before > 0 || state.discarded == 0
    }

    fn has_room(&self, state: &State, line: &Line) -> bool {
        state.lines.len() < self.capacity && state.bytes + line.size_bytes() <= CAPACITY_BYTES
    }

    /// What to do now; `Idle` once, then it is time to [`Queue::wait`].
    pub(super) fn next(&self) -> Next {
        self.state().next()
    }

    /// Waits until there is something to do.
    pub(super) fn wait(&self) -> Next {
        let mut state = self.state();
        loop {
            match state.next() {
                Next::Idle => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                next => return next,
            }
        }
    }

    /// The line that was taken last is done with.
    pub(super) fn done(&self, line: &Line) {
        let mut state = self.state();
        state.bytes -= line.size_bytes();
        state.busy = None;
    }

    /// Has files and programs opened anew before the next line.
    pub(super) fn reopen(&self) {
        self.state().reopen = true;
        self.changed.notify_one();
    }

    /// Nothing comes any more.
    pub(super) fn close(&self) {
        self.state().is_closed = true;
        self.changed.notify_one();
    }

    /// Number of the oldest line that is not done with.
    pub(super) fn oldest(&self) -> Option<u64> {
        let state = self.state();
        state.busy.or_else(|| state.lines.front().map(|(number, _)| *number))
    }

    /// Lines discarded, and lines that wait.
    pub(super) fn counts(&self) -> (u64, u64) {
        let state = self.state();
        (state.discarded, state.lines.len() as u64)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn next(&mut self) -> Next {
        if std::mem::take(&mut self.reopen) {
            return Next::Reopen;
        }
        match self.lines.pop_front() {
            Some((number, line)) => {
                self.busy = Some(number);
                Next::Line(line)
            }
            None if self.is_closed => Next::End,
            None => Next::Idle,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sinks::tests::{alert, format};

    /// Pushes numbered lines, taking some in between; what is left.
    fn check(policy: Policy, script: &[Step], left: &[u64], discarded: u64) {
        let queue = Queue::new(4, policy);
        let mut number = 0;
        for step in script {
            match step {
                Step::Push(n) => (0..*n).for_each(|_| {
                    let numbered = crate::border::Alert { time_ns: number, ..alert() };
                    queue.push(number + 1, &Arc::new(format(true).line(&numbered).unwrap()));
                    number += 1;
                }),
                Step::Take(n) => (0..*n).for_each(|_| match queue.next() {
                    Next::Line(line) => queue.done(&line),
                    _ => panic!("nothing to take"),
                }),
            }
        }
        let mut rest = Vec::new();
        while let Next::Line(line) = queue.next() {
            let value: serde_json::Value = serde_json::from_str(line.body()).unwrap();
            rest.push(value["output_fields"]["evt.time"].as_u64().unwrap());
        }
        assert_eq!((rest.as_slice(), queue.counts().0), (left, discarded), "{policy:?}");
        assert_eq!(queue.oldest(), left.last().map(|number| number + 1), "nobody said that it is done");
    }

    enum Step {
        Push(usize),
        Take(usize),
    }

    #[test]
    fn what_does_not_fit_is_discarded_by_the_policy() {
        use Step::{Push, Take};
        let overfull = [Push(6)];
        check(Policy::DropNew, &overfull, &[0, 1, 2, 3], 2);
        check(Policy::DropOldest, &overfull, &[2, 3, 4, 5], 2);
        check(Policy::BlockSinkOnly, &overfull, &[0, 1, 2, 3], 2);
        let then_one_more = [Push(6), Take(1), Push(1)];
        check(Policy::DropNew, &then_one_more, &[1, 2, 3, 6], 2);
        check(Policy::BlockSinkOnly, &then_one_more, &[1, 2, 3], 3);
        let then_half = [Push(6), Take(2), Push(1)];
        check(Policy::BlockSinkOnly, &then_half, &[2, 3, 6], 2);
    }
}
