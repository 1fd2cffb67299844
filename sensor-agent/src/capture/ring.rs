//! The drain loop's kernel edge: takes records off the ring, sleeps when there are none.
//!
//! Sleeping costs producers nothing and a single event no time: the consumer sets the `asleep` word and looks once
//! more; the producer that finds it set clears it and wakes. That costs the producer 5 to 10 us (an `irq_work`, and an
//! interrupt of another CPU), so the consumer naps a few times before it sleeps: where something happens every few
//! milliseconds, nobody is woken at all.

use std::{os::fd::AsFd, time::Duration};

use aya::maps::{MapData, RingBuf};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};

use crate::border::stats::Ring;

use super::{CaptureError, mapping::Mapping};

/// Records handled between two looks at the clock and the commands.
const BATCH: usize = 4096;
/// First nap; each is twice as long as the one before. A record waits at most for the end of one.
const NAP: Duration = Duration::from_micros(400);
/// Naps after the last record: 2.8 ms in all.
const NAPS: u32 = 3;

/// Consumer of the ring.
pub struct Drain {
    pub(super) ring: RingBuf<MapData>,
    pub(super) asleep: Mapping,
    pub(super) consumer: Mapping,
    pub(super) producer: Mapping,
    pub(super) size_bytes: u64,
    /// Rounds since one had a record.
    pub(super) quiet_rounds: u32,
    pub(super) wakeups: u64,
}

/// What one round did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Round {
    /// Records handed out.
    pub records: usize,
    /// Whether the ring may hold more.
    pub more: bool,
}

impl Drain {
    /// Hands every waiting record to `handle`, at most a batch.
    pub fn round(&mut self, mut handle: impl FnMut(&[u8])) -> Round {
        let mut records = 0;
        while records < BATCH {
            let Some(record) = self.ring.next() else { return Round { records, more: false } };
            handle(&record);
            records += 1;
        }
        Round { records, more: true }
    }

    /// Waits for records, `wait` at most; returns early on a signal.
    pub fn wait(&mut self, last: Round, wait: Duration) -> Result<(), CaptureError> {
        if last.more {
            return Ok(());
        }
        self.quiet_rounds = if last.records > 0 { 0 } else { self.quiet_rounds.saturating_add(1) };
        if self.quiet_rounds < NAPS {
            std::thread::sleep(NAP * (1 << self.quiet_rounds));
            return Ok(());
        }
        self.asleep.set_u32(0, 1);
        if self.used_bytes() == 0 {
            let mut fds = [PollFd::new(&self.ring, PollFlags::IN)];
            let wait = Timespec { tv_sec: wait.as_secs() as i64, tv_nsec: i64::from(wait.subsec_nanos()) };
            match poll(&mut fds, Some(&wait)) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => {
                    return Err(CaptureError::Sys { call: "poll of the ring", source: error.into() });
                }
            }
            self.wakeups += 1;
        }
        self.asleep.set_u32(0, 0);
        Ok(())
    }

    fn used_bytes(&self) -> u64 {
        self.producer.u64(0).wrapping_sub(self.consumer.u64(0))
    }

    /// The ring's size, fill and progress.
    pub fn stats(&self) -> Ring {
        Ring {
            size_bytes: self.size_bytes,
            used_bytes: self.used_bytes(),
            consumed_bytes: self.consumer.u64(0),
        }
    }

    /// Times the consumer slept and woke.
    pub fn wakeups(&self) -> u64 {
        self.wakeups
    }
}

/// Maps what the loop needs beside aya's ring.
pub(super) fn drain(ring: RingBuf<MapData>, asleep: Mapping, size_bytes: u32) -> Result<Drain, CaptureError> {
    let page = rustix::param::page_size();
    let consumer = Mapping::new(ring.as_fd(), 0, page, false)?;
    let producer = Mapping::new(ring.as_fd(), page as u64, page, false)?;
    Ok(Drain {
        ring,
        asleep,
        consumer,
        producer,
        size_bytes: u64::from(size_bytes),
        quiet_rounds: NAPS,
        wakeups: 0,
    })
}
