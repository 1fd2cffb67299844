//! Recordings survive a round trip, and hostile ones are refused in bounded memory.

use proptest::prelude::*;

use super::{Frame, Group, HostFacts, Reader, RecordingError, User, Writer};

fn host() -> HostFacts {
    HostFacts {
        hostname: "node-1".into(),
        boot_epoch_ns: 1_700_000_000_000_000_000,
        users: vec![User { uid: 0, name: "root".into(), home: "/root".into(), shell: "/bin/sh".into() }],
        groups: vec![Group { gid: 4, name: "adm".into() }],
        addresses: vec!["10.0.0.7".parse().expect("v4"), "fe80::1".parse().expect("v6")],
    }
}

/// Every frame as text, and the error that ended it.
fn read(bytes: &[u8]) -> (Vec<String>, Option<RecordingError>) {
    let mut frames = Vec::new();
    let mut reader = match Reader::new(bytes) {
        Ok(reader) => reader,
        Err(error) => return (frames, Some(error)),
    };
    loop {
        match reader.next_frame() {
            Ok(Some(frame)) => frames.push(format!("{frame:?}")),
            Ok(None) => return (frames, None),
            Err(error) => return (frames, Some(error)),
        }
    }
}

fn small() -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), &host()).expect("a Vec takes all");
    writer.process_files(7, Some(b"a\0b"), None).expect("writes");
    writer.snapshot(b"snap").expect("writes");
    writer.record(b"one").expect("writes");
    writer.record(b"").expect("writes");
    writer.finish().expect("writes")
}

#[test]
fn a_round_trip_keeps_everything() {
    let expect = [
        Frame::Host(host()),
        Frame::ProcessFiles { tgid: 7, argv: Some(b"a\0b"), env: None },
        Frame::Snapshot(b"snap"),
        Frame::Record(b"one"),
        Frame::Record(b""),
    ];
    let (frames, error) = read(&small());
    assert_eq!(frames, expect.map(|frame| format!("{frame:?}")));
    assert!(error.is_none(), "{error:?}");
}

#[test]
fn what_is_wrong_has_a_name() {
    let good = small();
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        bytes
    };
    let end = good.len();
    let cases: [(&str, Vec<u8>, &str); 9] = [
        ("empty", Vec::new(), "Magic"),
        ("other magic", with(0, b'X'), "Magic"),
        ("other format", with(8, 9), "Format { found: 9 }"),
        ("other ABI", with(10, 77), "Abi { found: 77 }"),
        ("unknown kind", with(16, 99), "Kind { kind: 99, at: 16 }"),
        ("host too large", with(23, 0xff), "Large {"),
        ("list longer than the frame", with(16 + 8 + 4 + 6 + 8 + 3, 0xff), "Damaged { at: 16 }"),
        ("no end", good[..end - 16].to_vec(), "Cut {"),
        ("wrong count", with(end - 8, 9), "Damaged {"),
    ];
    for (name, bytes, expect) in cases {
        let (_, error) = read(&bytes);
        let error = format!("{:?}", error.expect(name));
        assert!(error.starts_with(expect), "{name}: {error}");
    }
}

#[test]
fn a_cut_recording_is_good_up_to_the_cut() {
    let good = small();
    let (all, _) = read(&good);
    for len in 16..good.len() {
        let (frames, error) = read(&good[..len]);
        assert!(matches!(error, Some(RecordingError::Cut { at }) if at <= len as u64), "{len}: {error:?}");
        assert_eq!(frames, all[..frames.len()], "{len}");
    }
}

#[test]
fn a_frame_beyond_its_bound_is_not_written() {
    let mut writer = Writer::new(Vec::new(), &host()).expect("a Vec takes all");
    let large = vec![0; sensor_common::abi::MAX_RECORD + 1];
    assert!(writer.record(&large).is_err());
}

proptest! {
    #[test]
    fn any_records_come_back(records in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..20)) {
        let mut writer = Writer::new(Vec::new(), &host()).expect("a Vec takes all");
        for record in &records {
            writer.record(record).expect("writes");
        }
        let bytes = writer.finish().expect("writes");
        let (frames, error) = read(&bytes);
        prop_assert!(error.is_none());
        let expect: Vec<_> = records.iter().map(|record| format!("{:?}", Frame::Record(record))).collect();
        prop_assert_eq!(&frames[1..], expect.as_slice());
    }

    #[test]
    fn hostile_bytes_end_in_an_error(tail in proptest::collection::vec(any::<u8>(), 0..400)) {
        let mut bytes = small()[..16].to_vec();
        bytes.extend(&tail);
        let (_, error) = read(&bytes);
        prop_assert!(error.is_some());
    }

    #[test]
    fn a_flipped_byte_never_panics(at in 0_usize..200, byte in any::<u8>()) {
        let mut bytes = small();
        let at = at % bytes.len();
        bytes[at] = byte;
        read(&bytes);
    }
}
