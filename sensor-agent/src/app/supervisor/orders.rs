//! What the supervisor and a half say to each other: small packets on a socket of their own, which is the half's standard
//! input; descriptors come with them.

use std::{
    io::{self, IoSlice, IoSliceMut},
    mem::MaybeUninit,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

use rustix::{
    io::Errno,
    net::{
        AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
        SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
    },
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Descriptors that come with one packet at most.
const DESCRIPTORS: usize = 2;
/// Longest packet.
const PACKET: usize = 4096;

/// From the supervisor to a half.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::app) enum Order {
    /// The first one. With it come the half's end of the link and, for the egress half where a program is an output, the
    /// broker's.
    Begin {
        /// What canaries carry for as long as the supervisor lives.
        nonce: u64,
    },
    /// Load rules and configuration again.
    Reload,
    /// Open files and programs of outputs anew.
    Reopen,
    /// The agent is to end. From now on a supervisor that is gone has been told to end at once.
    Stop,
    /// The other half has ended: how, in words. It is started again.
    Ended(String),
    /// The supervisor has answered the sensor half's invitation.
    Introduced,
}

/// From a half to the supervisor.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::app) enum Report {
    /// It works.
    Ready,
    /// The supervisor is to make itself known to the kernel side with this nonce.
    Invite(u32),
}

/// One end.
#[derive(Debug)]
pub(in crate::app) struct Wire(OwnedFd);

impl Wire {
    /// Both ends of a new one.
    pub(super) fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = pair()?;
        Ok((Self(one), Self(other)))
    }

    /// Sends a message, and copies of descriptors with it. Never waits: who has not read hundreds of them will not read this
    /// one either, and must not keep the sender from its work.
    ///
    /// # Errors
    /// The system's; `WouldBlock` without room.
    pub(in crate::app) fn send(
        &self,
        message: &impl Serialize,
        descriptors: &[BorrowedFd<'_>],
    ) -> io::Result<()> {
        let bytes = postcard::to_stdvec(message).map_err(io::Error::other)?;
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !descriptors.is_empty() && !control.push(SendAncillaryMessage::ScmRights(descriptors)) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        loop {
            match sendmsg(
                &self.0,
                &[IoSlice::new(&bytes)],
                &mut control,
                SendFlags::NOSIGNAL | SendFlags::DONTWAIT,
            ) {
                Err(Errno::INTR) => {}
                sent => return sent.map(drop).map_err(io::Error::from),
            }
        }
    }

    /// The next message and its descriptors; `None`: the other end is gone. Waits.
    ///
    /// # Errors
    /// The system's, and `InvalidData` for what is no message.
    pub(in crate::app) fn recv<T: DeserializeOwned>(&self) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
        let mut bytes = [0; PACKET];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let received = loop {
            let parts = &mut [IoSliceMut::new(&mut bytes)];
            match recvmsg(&self.0, parts, &mut control, RecvFlags::CMSG_CLOEXEC) {
                Err(Errno::INTR) => {}
                received => break received?.bytes,
            }
        };
        if received == 0 {
            return Ok(None);
        }
        let descriptors = control.drain().filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
            _ => None,
        });
        let descriptors = descriptors.flatten().collect();
        let message = postcard::from_bytes(bytes.get(..received).unwrap_or_default());
        let message = message.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        Ok(Some((message, descriptors)))
    }
}

impl From<OwnedFd> for Wire {
    fn from(end: OwnedFd) -> Self {
        Self(end)
    }
}

impl From<Wire> for OwnedFd {
    fn from(wire: Wire) -> Self {
        wire.0
    }
}

impl AsFd for Wire {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Both ends of a socket that keeps packets apart.
pub(super) fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    #[test]
    fn messages_come_with_their_descriptors() {
        let (one, other) = Wire::pair().expect("a socket");
        let (mut reads, writes) = io::pipe().expect("a pipe");
        one.send(&Order::Begin { nonce: 7 }, &[writes.as_fd()]).expect("sent");
        one.send(&Order::Ended("signal 9".to_owned()), &[]).expect("sent");
        drop((one, writes));
        let (begin, mut descriptors) = other.recv::<Order>().expect("received").expect("a message");
        assert_eq!(begin, Order::Begin { nonce: 7 });
        let copy = descriptors.pop().expect("its descriptor");
        io::PipeWriter::from(copy).write_all(b"through").expect("the same pipe");
        let mut text = String::new();
        reads.read_to_string(&mut text).expect("read");
        assert_eq!(text, "through");
        let (ended, descriptors) = other.recv::<Order>().expect("received").expect("a message");
        assert_eq!((ended, descriptors.len()), (Order::Ended("signal 9".to_owned()), 0));
        assert!(other.recv::<Order>().expect("the end").is_none());
    }

    #[test]
    fn nobody_waits_for_a_half_that_does_not_read() {
        let (one, _other) = Wire::pair().expect("a socket");
        let error = (0..100_000).find_map(|_| one.send(&Order::Reload, &[]).err()).expect("no room");
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn nonsense_is_an_error() {
        let (one, other) = Wire::pair().expect("a socket");
        one.send(&[u64::MAX; 4], &[]).expect("sent");
        let error = other.recv::<Report>().expect_err("no report");
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
