//! The channel through a socket to the other half, which is another process: a queue with the channel's bound at either end,
//! a thread that writes and one that reads. The socket outlives both halves, so what one wrote before it died is read all the
//! same; messages that must not be lost are kept until the reader says that they are settled, and sent again to its successor.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher, Hasher, RandomState},
    io,
    os::fd::OwnedFd,
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
    time::Duration,
};

use rustix::{
    io::Errno,
    net::{RecvFlags, SendFlags, recv, send},
};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Receiver,
    packet::{self, Assembly, Packet},
};

/// Memory of messages that are kept. Beyond it the oldest are let go: they are with the reader, and only its death loses them.
const KEPT_BYTES: usize = 8 << 20;

/// What came from the other half.
#[derive(Debug, PartialEq, Eq)]
pub enum Arrival<T> {
    /// It has begun, for the first time or anew, and knows nothing: its session.
    Hello(u64),
    /// A message, and its number.
    Message(u64, T),
    /// Nothing comes any more.
    Closed,
}

/// The running link.
#[derive(Debug)]
pub struct Link {
    /// Closed when all that was queued is written.
    done: mpsc::Receiver<()>,
}

/// What is kept for a successor of the reader.
#[derive(Debug)]
pub struct Keeper(Arc<Mutex<Writer>>);

impl Link {
    /// Writes what comes out of `queue`, which ends with its senders, and hands what arrives to `take`, which says whether to
    /// go on. Messages for which `is_kept` holds are sent again to a successor of the reader unless they are settled.
    ///
    /// # Errors
    /// A thread cannot be started.
    pub fn start<Out, In>(
        socket: OwnedFd,
        queue: Receiver<Out>,
        is_kept: fn(&Out) -> bool,
        take: impl FnMut(Arrival<In>, &Keeper) -> bool + Send + 'static,
    ) -> io::Result<Self>
    where
        Out: Serialize + Send + 'static,
        In: DeserializeOwned + 'static,
    {
        let socket = Arc::new(socket);
        let session = RandomState::new().build_hasher().finish();
        let writer =
            Writer { socket: Arc::clone(&socket), session, number: 0, kept: BTreeMap::new(), kept_bytes: 0 };
        let writer = Arc::new(Mutex::new(writer));
        let keeper = Keeper(Arc::clone(&writer));
        let reader = Reader { socket, keeper, take, peer: None, seen: None, assembly: Assembly::default() };
        let (ends, done) = mpsc::sync_channel(0);
        let write = move || {
            // Without a socket nobody is left to write to; the reader sees it, too.
            let _gone = lock(&writer).hello();
            while let Ok(message) = queue.recv(Duration::MAX) {
                if lock(&writer).message(&message, is_kept(&message)).is_err() {
                    break;
                }
            }
            drop(ends);
        };
        thread::Builder::new().name("saker-link-out".to_owned()).spawn(write)?;
        thread::Builder::new().name("saker-link-in".to_owned()).spawn(move || reader.read())?;
        Ok(Self { done })
    }

    /// Waits until what was queued is written; all senders are gone. Says whether it is.
    pub fn finish(self, within: Duration) -> bool {
        self.done.recv_timeout(within) == Err(mpsc::RecvTimeoutError::Disconnected)
    }
}

impl Keeper {
    /// These messages need not be kept any longer, if they are of this `session`.
    pub fn settle(&self, session: u64, numbers: &[u64]) {
        let mut writer = lock(&self.0);
        if writer.session == session {
            writer.forget(numbers);
        }
    }
}

#[derive(Debug)]
struct Writer {
    socket: Arc<OwnedFd>,
    session: u64,
    number: u64,
    kept: BTreeMap<u64, Vec<u8>>,
    kept_bytes: usize,
}

impl Writer {
    fn hello(&self) -> io::Result<()> {
        self.packet(&Packet::Hello { session: self.session })
    }

    fn message(&mut self, message: &impl Serialize, is_kept: bool) -> io::Result<()> {
        let bytes = match postcard::to_stdvec(message) {
            Ok(bytes) if bytes.len() <= packet::MESSAGE => bytes,
            Ok(bytes) => {
                tracing::error!(bytes = bytes.len(), "a message to the other half is too long");
                return Ok(());
            }
            Err(error) => {
                tracing::error!(%error, "a message to the other half cannot be encoded");
                return Ok(());
            }
        };
        self.number += 1;
        self.parts(self.number, &bytes)?;
        if is_kept {
            self.kept_bytes += bytes.len();
            self.kept.insert(self.number, bytes);
            while self.kept_bytes > KEPT_BYTES
                && let Some((_, oldest)) = self.kept.pop_first()
            {
                self.kept_bytes -= oldest.len();
            }
        }
        Ok(())
    }

    fn parts(&self, number: u64, bytes: &[u8]) -> io::Result<()> {
        packet::parts(self.session, number, bytes).try_for_each(|part| self.packet(&part))
    }

    fn packet(&self, packet: &Packet<'_>) -> io::Result<()> {
        let bytes = postcard::to_stdvec(packet).map_err(io::Error::other)?;
        loop {
            match send(&self.socket, &bytes, SendFlags::NOSIGNAL) {
                Err(Errno::INTR) => {}
                sent => return sent.map(drop).map_err(io::Error::from),
            }
        }
    }

    /// The reader is another one: it gets what the one before may not have done.
    fn greet(&self) -> io::Result<()> {
        self.hello()?;
        self.kept.iter().try_for_each(|(number, bytes)| self.parts(*number, bytes))
    }

    fn forget(&mut self, numbers: &[u64]) {
        for number in numbers {
            self.kept_bytes -= self.kept.remove(number).map_or(0, |bytes| bytes.len());
        }
    }
}

struct Reader<Take> {
    socket: Arc<OwnedFd>,
    keeper: Keeper,
    take: Take,
    peer: Option<u64>,
    /// Numbers of the peer's messages that came in one run, first and last: what is sent again came already.
    seen: Option<(u64, u64)>,
    assembly: Assembly,
}

impl<Take> Reader<Take> {
    fn read<In: DeserializeOwned>(mut self)
    where
        Take: FnMut(Arrival<In>, &Keeper) -> bool,
    {
        let mut buffer = vec![0; packet::PACKET];
        let mut is_told = false;
        loop {
            let n_bytes = match recv(&*self.socket, &mut buffer[..], RecvFlags::empty()) {
                Ok((0, _)) => {
                    (self.take)(Arrival::Closed, &self.keeper);
                    return;
                }
                Ok((n_bytes, _)) => n_bytes,
                // A reset says that the other end was closed before it had read everything, and comes before what it had sent.
                Err(Errno::INTR | Errno::CONNRESET) => continue,
                Err(error) => return tracing::error!(%error, "the other half cannot be heard"),
            };
            match self.packet(buffer.get(..n_bytes).unwrap_or_default()) {
                Ok(false) => return,
                Err(error) if !std::mem::replace(&mut is_told, true) => {
                    tracing::error!(%error, "the other half talks nonsense, which is not taken");
                }
                Ok(true) | Err(_) => {}
            }
        }
    }

    /// Takes a packet; says whether to go on.
    fn packet<In: DeserializeOwned>(&mut self, bytes: &[u8]) -> postcard::Result<bool>
    where
        Take: FnMut(Arrival<In>, &Keeper) -> bool,
    {
        let packet = postcard::from_bytes(bytes)?;
        let (Packet::Hello { session } | Packet::Part { session, .. }) = packet;
        if self.peer.replace(session) != Some(session) {
            (self.seen, self.assembly) = (None, Assembly::default());
            // Who is gone again will be met again.
            let _gone = lock(&self.keeper.0).greet();
            if !(self.take)(Arrival::Hello(session), &self.keeper) {
                return Ok(false);
            }
        }
        let Packet::Part { number, is_first, is_last, bytes, .. } = packet else { return Ok(true) };
        let Some(message) = self.assembly.add(number, is_first, is_last, bytes) else { return Ok(true) };
        match &mut self.seen {
            Some((first, last)) if (*first..=*last).contains(&number) => return Ok(true),
            Some((_, last)) if number == *last + 1 => *last = number,
            // Sent again, from before this half began.
            Some(_) => {}
            None => self.seen = Some((number, number)),
        }
        Ok((self.take)(Arrival::Message(number, postcard::from_bytes(message)?), &self.keeper))
    }
}

fn lock(writer: &Mutex<Writer>) -> MutexGuard<'_, Writer> {
    writer.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
