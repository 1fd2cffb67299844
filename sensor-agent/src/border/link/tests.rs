//! Both ends of a link in this process, over a real pair of sockets: what crosses, and what a full or closed one says.

use std::{os::fd::AsFd, sync::mpsc::Receiver as Inbox};

use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

use super::*;
use crate::border::{Sender, channel, packet::PART};

const SOON: Duration = Duration::from_secs(20);

type Text = Vec<u8>;

/// The two ends, held by a supervisor, and by each life of a half as a copy.
fn socket() -> (OwnedFd, OwnedFd) {
    socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).expect("a socket")
}

/// A half: what it sends, and what arrives. Texts that begin with `s` settle the number behind it.
fn half(end: &OwnedFd) -> (Sender<Text>, Inbox<Arrival<Text>>, Link) {
    mortal(end, mpsc::sync_channel(0).0)
}

/// The same; `alive` is dropped when it does not read any more.
fn mortal(end: &OwnedFd, alive: mpsc::SyncSender<()>) -> (Sender<Text>, Inbox<Arrival<Text>>, Link) {
    let (sender, queue) = channel(64);
    let (arrived, inbox) = mpsc::channel();
    let take = move |arrival: Arrival<Text>, keeper: &Keeper| {
        let _alive = &alive;
        if let Arrival::Message(_, text) = &arrival
            && let [b's', session @ .., number] = &**text
        {
            let session = u64::from_le_bytes(session.try_into().expect("8 bytes"));
            keeper.settle(session, &[u64::from(*number)]);
        }
        arrived.send(arrival).is_ok()
    };
    let end = end.as_fd().try_clone_to_owned().expect("a copy");
    let link = Link::start(end, queue, |text: &Text| text.starts_with(b"k"), take).expect("threads");
    (sender, inbox, link)
}

fn hello(inbox: &Inbox<Arrival<Text>>) -> u64 {
    match inbox.recv_timeout(SOON) {
        Ok(Arrival::Hello(session)) => session,
        other => panic!("{other:?} is no hello"),
    }
}

fn message(inbox: &Inbox<Arrival<Text>>) -> (u64, Text) {
    match inbox.recv_timeout(SOON) {
        Ok(Arrival::Message(number, text)) => (number, text),
        other => panic!("{other:?} is no message"),
    }
}

#[test]
fn both_say_hello_and_hear_what_the_other_sends() {
    let (left, right) = socket();
    let (to_right, from_right, left_link) = half(&left);
    let long = vec![7; 3 * PART + 1];
    to_right.send(long.clone()).expect("room");
    let (to_left, from_left, _link) = half(&right);
    to_left.send(b"back".to_vec()).expect("room");
    hello(&from_right);
    assert_eq!(message(&from_right), (1, b"back".to_vec()));
    hello(&from_left);
    assert_eq!(message(&from_left), (1, long));
    to_right.send(b"last".to_vec()).expect("room");
    drop(to_right);
    assert!(left_link.finish(SOON), "all was written");
    assert_eq!(message(&from_left), (2, b"last".to_vec()));
}

#[test]
fn a_successor_gets_what_was_kept_once() {
    let (left, right) = socket();
    let (to_right, from_right, _link) = half(&left);
    // A reader that dies: it takes three packets off the socket, and nothing becomes of the messages.
    for text in ["k1", "2", "k3", "k4", "5"] {
        to_right.send(text.into()).expect("room");
    }
    let mut buffer = [0; 64];
    for _ in 0..4 {
        recv(&right, &mut buffer, RecvFlags::empty()).expect("a packet");
    }
    let (alive, death) = mpsc::sync_channel(0);
    let (to_left, from_left, _link) = mortal(&right, alive);
    let session = hello(&from_left);
    // 4 and 5 were on the socket; 1 and 3 were with the reader that died. 2 is not kept.
    let numbers: Vec<u64> = (0..4).map(|_| message(&from_left).0).collect();
    assert_eq!(numbers, [4, 5, 1, 3]);
    hello(&from_right);
    for number in [1, 4] {
        let settled = [&b"s"[..], &session.to_le_bytes(), &[number]].concat();
        to_left.send(settled).expect("room");
        message(&from_right);
    }
    // Another successor: what is settled does not come again.
    drop((to_left, from_left));
    to_right.send(b"wakes the reader that has no taker any more".to_vec()).expect("room");
    assert_eq!(death.recv_timeout(SOON), Err(mpsc::RecvTimeoutError::Disconnected));
    let (to_left, from_left, _link) = half(&right);
    to_left.send(b"x".to_vec()).expect("room");
    hello(&from_right);
    message(&from_right);
    hello(&from_left);
    assert_eq!(message(&from_left), (3, b"k3".to_vec()));
    to_right.send(b"k7".to_vec()).expect("room");
    assert_eq!(message(&from_left), (7, b"k7".to_vec()));
}

#[test]
fn another_sender_is_met_anew() {
    let (left, right) = socket();
    let (to_left, from_left, _link) = half(&right);
    for life in 1..=2_u8 {
        let (alive, death) = mpsc::sync_channel(0);
        let (to_right, from_right, link) = mortal(&left, alive);
        to_right.send(vec![life]).expect("room");
        drop(to_right);
        assert!(link.finish(SOON));
        hello(&from_left);
        assert_eq!(message(&from_left), (1, vec![life]));
        // A reader without a taker ends with the next message; a process that dies reads no more either.
        drop(from_right);
        to_left.send(b"wakes it".to_vec()).expect("room");
        assert_eq!(death.recv_timeout(SOON), Err(mpsc::RecvTimeoutError::Disconnected));
    }
}

#[test]
fn what_was_sent_arrives_although_the_other_end_read_nothing() {
    let (left, right) = socket();
    let (to_left, from_left, link) = half(&right);
    to_left.send(b"unread".to_vec()).expect("room");
    drop(to_left);
    assert!(link.finish(SOON));
    let last = postcard::to_stdvec(&Packet::Part {
        session: 7,
        number: 1,
        is_first: true,
        is_last: true,
        bytes: b"\x04last",
    });
    send(&left, &last.expect("a packet"), SendFlags::NOSIGNAL).expect("a packet");
    drop(left);
    let arrivals: Vec<_> = from_left.iter().collect();
    assert!(arrivals.contains(&Arrival::Message(1, b"last".to_vec())), "{arrivals:?}");
    assert!(arrivals.contains(&Arrival::Closed));
}

#[test]
fn nonsense_is_left_out() {
    let (left, right) = socket();
    for bytes in [&b"\xff\xff\xff"[..], b"\x01", &vec![0; PART]] {
        send(&left, bytes, SendFlags::NOSIGNAL).expect("a packet");
    }
    let (_to_left, from_left, _link) = half(&right);
    let (to_right, _from_right, _link) = half(&left);
    to_right.send(b"fine".to_vec()).expect("room");
    let arrived = (0..4).map(|_| from_left.recv_timeout(SOON).expect("an arrival"));
    assert!(arrived.into_iter().any(|arrival| arrival == Arrival::Message(1, b"fine".to_vec())));
}

#[test]
fn a_reader_that_sleeps_makes_the_queue_refuse() {
    let (left, _right) = socket();
    let (to_right, _from_right, link) = half(&left);
    let refused = (0..64_000).filter(|_| to_right.send(vec![1; 4096]).is_err()).count();
    assert!(refused > 0 && to_right.discarded() == refused as u64);
    drop(to_right);
    assert!(!link.finish(Duration::from_millis(1)), "what waits is not written");
}
