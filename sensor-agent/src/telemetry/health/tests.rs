//! Stories over time, as tables.

use super::*;

const NONCE: u64 = 7;
const LIMITS: Limits = Limits {
    canary_every: Duration::from_secs(2),
    canary_misses: 3,
    stall: Duration::from_secs(5),
    silence: Duration::from_secs(10),
};

#[derive(Clone, Copy)]
enum Step {
    Canaries,
    Canary(CanaryPath, u64),
    /// Ring: waiting, consumed.
    Stats(u64, u64),
    Anew,
    /// Labels of the faults now.
    Expect(&'static [&'static str]),
}

use Step::{Anew, Canaries, Canary as One, Expect, Stats};

fn play(name: &str, story: &[(u64, Step)]) {
    let mut health = Health::new(LIMITS, NONCE);
    for (index, (second, step)) in story.iter().enumerate() {
        let now = Duration::from_secs(*second);
        match *step {
            Canaries => CanaryPath::ALL.iter().for_each(|path| health.canary(now, *path, NONCE)),
            Anew => health.begin_anew(),
            One(path, nonce) => health.canary(now, path, nonce),
            Stats(used_bytes, consumed_bytes) => {
                health.observe(now, &Ring { size_bytes: 1 << 20, used_bytes, consumed_bytes });
            }
            Expect(labels) => {
                let report = health.report(now);
                let found: Vec<_> = report.faults.iter().map(|fault| fault.label()).collect();
                assert_eq!(found, labels, "{name}, step {index}: {:?}", report.faults);
                assert_eq!(report.is_healthy(), labels.is_empty());
            }
        }
    }
}

#[test]
fn stories() {
    let stories: &[(&str, &[(u64, Step)])] = &[
        (
            "readiness is earned, by both paths",
            &[
                (0, Expect(&["canary_awaited", "canary_awaited"])),
                (1, Stats(0, 0)),
                (1, One(CanaryPath::Syscall, NONCE)),
                (1, Expect(&["canary_awaited"])),
                (2, One(CanaryPath::Lifecycle, NONCE)),
                (2, Expect(&[])),
            ],
        ),
        (
            "another run's canary counts for nothing",
            &[
                (1, Stats(0, 0)),
                (1, Canaries),
                (8, One(CanaryPath::Syscall, 8)),
                (8, Expect(&["canary_overdue"; 2])),
            ],
        ),
        (
            "missed canaries, then back",
            &[
                (1, Canaries),
                (2, Stats(0, 0)),
                (7, Expect(&[])),
                (8, Expect(&["canary_overdue", "canary_overdue"])),
                (8, One(CanaryPath::Lifecycle, NONCE)),
                (8, Expect(&["canary_overdue"])),
                (9, Canaries),
                (9, Expect(&[])),
            ],
        ),
        (
            "a stopped consumer",
            &[
                (1, Canaries),
                (1, Stats(100, 50)),
                (2, Stats(200, 50)),
                (5, Canaries),
                (6, Stats(900, 50)),
                (6, Expect(&[])),
                (7, Expect(&["consumer_stalled"])),
                (8, Stats(100, 900)),
                (8, Expect(&[])),
            ],
        ),
        (
            "a flood: the ring is full all the time, and moves",
            &[
                (1, Canaries),
                (1, Stats(1 << 20, 1)),
                (6, Stats(1 << 20, 2)),
                (7, Canaries),
                (11, Stats(1 << 20, 3)),
                (12, Expect(&[])),
            ],
        ),
        (
            "an idle machine: nothing is consumed because nothing is there",
            &[
                (1, Canaries),
                (1, Stats(0, 9)),
                (6, Stats(0, 9)),
                (7, Canaries),
                (12, Stats(0, 9)),
                (13, Expect(&[])),
            ],
        ),
        (
            "data that has just come has not waited",
            &[(1, Canaries), (1, Stats(0, 9)), (8, Canaries), (9, Stats(64, 9)), (10, Expect(&[]))],
        ),
        (
            "a consumer that died says nothing at all",
            &[
                (1, Canaries),
                (1, Stats(0, 9)),
                (11, Canaries),
                (11, Expect(&[])),
                (12, Expect(&["sensor_silent"])),
            ],
        ),
        ("never a word", &[(11, Canaries), (11, Expect(&["sensor_silent"]))]),
    ];
    for (name, story) in stories {
        play(name, story);
    }
}

#[test]
fn faults_are_said_in_words() {
    let seconds = Duration::from_secs;
    let path = CanaryPath::Syscall;
    let cases = [
        (
            Fault::Awaited { path, waited: seconds(3) },
            "no syscall canary has come through in the 3.0 s since the start",
        ),
        (
            Fault::Overdue {
                path: CanaryPath::Lifecycle,
                age: Duration::from_millis(6250),
                deadline: seconds(6),
            },
            "the last lifecycle canary came through 6.2 s ago, the deadline is 6.0 s",
        ),
        (
            Fault::Stalled { waiting_bytes: 4096, stalled: seconds(7) },
            "nothing was taken from the ring for 7.0 s while 4096 bytes wait",
        ),
        (Fault::Silent { age: seconds(11) }, "the sensor has sent no statistics for 11.0 s"),
    ];
    for (fault, words) in cases {
        assert_eq!(fault.to_string(), words);
    }
}

#[test]
fn a_successor_proves_itself() {
    let story = &[
        (1, Canaries),
        (1, Stats(9, 0)),
        (2, Expect(&[])),
        (2, Anew),
        (2, Expect(&["canary_awaited", "canary_awaited"])),
        (9, Canaries),
        (9, Stats(9, 0)),
        (9, Expect(&[])),
    ];
    play("a successor", story);
}
