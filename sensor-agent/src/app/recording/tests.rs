//! A host survives being recorded; a replay feeds in order and knows when to stop.

use sensor_common::{Kind, event::Call};

use super::{Fed, facts, host, replay};
use crate::{
    decode::{
        Builder,
        recording::{HostFacts, Reader, RecordingError, Writer},
        zero,
    },
    enrich::host::{Accounts, Host, ProcessFiles, User},
};

fn sample() -> Host {
    Host {
        hostname: "n".into(),
        boot_epoch_ns: 5,
        accounts: Accounts {
            users: [(0, User { name: "root".into(), home: "/root".into(), shell: "/bin/sh".into() })].into(),
            groups: [(0, "root".into()), (4, "adm".into())].into(),
        },
        addresses: vec!["::1".parse().expect("an address")],
        static_fields: Vec::new(),
        zone: None,
    }
}

#[test]
fn a_host_comes_back() {
    let kept = facts(&sample());
    assert_eq!(facts(&host(kept.clone())), kept);
    assert_eq!(kept.groups.len(), 2);
}

/// A recording with one record at each of these times, seconds.
fn recording(times: &[u64]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), &facts(&sample())).expect("writes");
    writer.process_files(9, Some(b"sh\0-c"), None).expect("writes");
    writer.snapshot(b"snapshot").expect("writes");
    for time in times {
        let call = zero::<Call>();
        let bytes = Builder::new::<Call>().finish(Kind::Call, 0, time * 1_000_000_000, zero(), &call);
        writer.record(&bytes).expect("writes");
    }
    writer.finish().expect("writes")
}

fn run(bytes: &[u8], seconds: u64) -> (usize, super::Summary) {
    let mut fed = 0;
    let summary = replay(Reader::new(bytes).expect("begins"), seconds, |host, files| {
        assert_eq!(facts(&host), facts(&sample()));
        assert_eq!(files.argv(9).as_deref(), Some(&b"sh\0-c"[..]));
        assert_eq!((files.env(9), files.argv(8)), (None, None));
        Ok::<_, RecordingError>(|_: Fed<'_>| fed += 1)
    });
    (fed, summary.expect("replays"))
}

#[test]
fn records_are_fed_behind_snapshots() {
    for (times, seconds, expect) in
        [(&[10, 11, 20][..], 0, 3), (&[10, 11, 20], 1, 2), (&[10, 11, 20], 10, 3), (&[], 5, 0)]
    {
        let (fed, summary) = run(&recording(times), seconds);
        assert_eq!((fed, summary.records), (expect as usize + 1, expect), "{times:?} {seconds}");
        assert!(summary.cut.is_none());
    }
}

#[test]
fn a_cut_recording_is_replayed_up_to_the_cut() {
    let bytes = recording(&[1, 2, 3]);
    let (fed, summary) = run(&bytes[..bytes.len() - 100], 0);
    assert_eq!((fed, summary.records), (3, 2));
    assert!(matches!(summary.cut, Some(RecordingError::Cut { .. })));
}

#[test]
fn an_empty_recording_begins_nothing() {
    let bytes = Writer::new(Vec::new(), &HostFacts::default()).and_then(Writer::finish).expect("writes");
    let mut has_begun = false;
    let summary = replay(Reader::new(bytes.as_slice()).expect("begins"), 0, |_, _| {
        has_begun = true;
        Ok::<_, RecordingError>(|_: Fed<'_>| ())
    });
    assert_eq!(summary.expect("replays").records, 0);
    assert!(!has_begun);
}
