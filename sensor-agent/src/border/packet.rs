//! What crosses the socket between the halves: messages in parts, since a packet has a limit, and what is said about them.
//! Either half may be compromised, so nothing here trusts a length or an order.

use serde::{Deserialize, Serialize};

/// Bytes of a message in one packet: some fit a socket buffer of the least size that kernels give.
pub(super) const PART: usize = 32 << 10;
/// Room for a packet: a part and what stands before it.
pub(super) const PACKET: usize = PART + 64;
/// Longest message. Facts with thousands of faults are far below; what claims to be longer is not taken.
pub(super) const MESSAGE: usize = 16 << 20;

/// One packet of the socket. A session is one life of a half.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Packet<'a> {
    /// A half has begun, or has noticed that the other one has.
    Hello {
        /// Of the sender.
        session: u64,
    },
    /// A part of a message.
    Part {
        /// Of the sender.
        session: u64,
        /// Of the message within the session, from 1.
        number: u64,
        is_first: bool,
        is_last: bool,
        #[serde(borrow)]
        bytes: &'a [u8],
    },
}

/// Puts the parts of one peer's messages together.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    number: u64,
    bytes: Vec<u8>,
    /// The message that is under way has lost a part or grown too long.
    is_broken: bool,
}

impl Assembly {
    /// Takes a part; the whole message with its last one.
    pub(super) fn add(&mut self, number: u64, is_first: bool, is_last: bool, part: &[u8]) -> Option<&[u8]> {
        if is_first {
            self.bytes.clear();
            (self.number, self.is_broken) = (number, false);
        }
        self.is_broken |= number != self.number || self.bytes.len() + part.len() > MESSAGE;
        if self.is_broken {
            self.forget();
            return None;
        }
        self.bytes.extend_from_slice(part);
        is_last.then_some(&*self.bytes)
    }

    /// The peer is another one.
    pub(super) fn forget(&mut self) {
        // Its memory, too: a long message is rare.
        *self = Self { is_broken: true, ..Self::default() };
    }
}

/// The packets of one message.
pub(super) fn parts(session: u64, number: u64, message: &[u8]) -> impl Iterator<Item = Packet<'_>> {
    let n_parts = message.len().div_ceil(PART).max(1);
    (0..n_parts).map(move |index| Packet::Part {
        session,
        number,
        is_first: index == 0,
        is_last: index + 1 == n_parts,
        bytes: message.get(index * PART..).map_or(&[], |rest| &rest[..rest.len().min(PART)]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parts as `(number, is_first, is_last, bytes)`; the messages that come of them.
    fn check(parts: &[(u64, bool, bool, &[u8])], expect: &[&[u8]]) {
        let mut assembly = Assembly::default();
        let mut messages = Vec::new();
        for &(number, is_first, is_last, bytes) in parts {
            messages.extend(assembly.add(number, is_first, is_last, bytes).map(<[u8]>::to_vec));
        }
        assert_eq!(messages, expect, "{parts:?}");
    }

    #[test]
    fn only_whole_messages_come_out() {
        check(&[(1, true, true, b"one")], &[b"one"]);
        check(&[(1, true, false, b"a"), (1, false, true, b"b"), (2, true, true, b"")], &[b"ab", b""]);
        // The sender died within a message, or the receiver began within one.
        check(&[(7, true, false, b"a"), (8, true, true, b"b")], &[b"b"]);
        check(&[(7, false, true, b"a"), (8, true, true, b"b")], &[b"b"]);
        check(&[(7, true, false, b"a"), (8, false, true, b"b")], &[]);
        check(&[(7, true, false, b"a"), (9, false, false, b"b"), (7, false, true, b"c")], &[]);
        let long = vec![0; MESSAGE];
        check(&[(1, true, false, &long), (1, false, true, b"1"), (2, true, true, b"b")], &[b"b"]);
    }

    #[test]
    fn a_message_survives_its_parts() {
        for length in [0, 1, PART - 1, PART, PART + 1, 3 * PART] {
            let message: Vec<u8> = (0..length).map(|index| index as u8).collect();
            let mut assembly = Assembly::default();
            let mut whole = None;
            for packet in parts(u64::MAX, u64::MAX, &message) {
                let bytes = postcard::to_stdvec(&packet).expect("a packet");
                assert!(bytes.len() <= PACKET);
                let read: Packet<'_> = postcard::from_bytes(&bytes).expect("the packet");
                assert_eq!(read, packet);
                let Packet::Part { number, is_first, is_last, bytes, .. } = read else { unreachable!() };
                whole = assembly.add(number, is_first, is_last, bytes).map(<[u8]>::to_vec);
            }
            assert_eq!(whole, Some(message));
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_taken_without_harm(bytes: Vec<u8>) {
            let read: Result<Packet<'_>, _> = postcard::from_bytes(&bytes);
            if let Ok(Packet::Part { number, is_first, is_last, bytes, .. }) = read {
                let mut assembly = Assembly::default();
                assembly.add(number, is_first, is_last, bytes);
            }
        }
    }
}
