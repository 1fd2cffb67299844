//! Bounds, eviction, and who has a tgid.

use sensor_common::Task;

use super::{ENDED, Entry, Place, Table};
use crate::{
    decode::zero,
    enrich::{Process, ProcessKey},
};

fn put(table: &mut Table, tgid: u32, start_ns: u64) -> Place {
    let process = Process::inferred(&Task { tgid, tid: tgid, start_ns, ..zero() }, 0);
    table.insert(Entry { process, pwd: None })
}

fn is_there(table: &Table, tgid: u32, start_ns: u64) -> bool {
    table.find(ProcessKey { tgid, start_ns }).is_some()
}

fn start_of(table: &Table, tgid: u32) -> Option<u64> {
    table.find_tgid(tgid).and_then(|place| table.get(place)).map(|entry| entry.process.key.start_ns)
}

#[test]
fn a_full_table_lets_ended_ones_go_first_then_refuses() {
    let mut table = Table::new(3);
    let first = put(&mut table, 1, 10);
    let second = put(&mut table, 2, 20);
    put(&mut table, 3, 30);
    table.end(second);
    table.end(first);
    put(&mut table, 4, 40);
    assert!(!is_there(&table, 2, 20), "ended first, goes first");
    assert!(is_there(&table, 1, 10));
    put(&mut table, 5, 50);
    assert_eq!((table.len(), table.n_evicted, table.n_refused), (3, 2, 0));
    let refused = put(&mut table, 6, 60);
    assert_eq!((table.len(), table.n_evicted, table.n_refused), (3, 2, 1));
    assert_eq!(table.get(refused).expect("for its event").process.key.tgid, 6);
    assert!(!is_there(&table, 6, 60), "not kept");
    table.end(refused);
    let next = put(&mut table, 7, 70);
    assert_eq!(table.get(next).expect("for its event").process.key.tgid, 7);
    let known = put(&mut table, 3, 30);
    assert!(known != next && table.len() == 3, "what is there already needs no room");
}

#[test]
fn the_recently_ended_are_bounded() {
    let mut table = Table::new(usize::MAX);
    for start_ns in 1..=ENDED as u64 + 10 {
        let place = put(&mut table, 7, start_ns);
        table.end(place);
        table.end(place);
    }
    assert_eq!((table.len(), table.n_evicted), (ENDED, 0));
    assert!(!is_there(&table, 7, 10) && is_there(&table, 7, 11));
}

#[test]
fn a_tgid_belongs_to_the_youngest() {
    let mut table = Table::new(10);
    let old = put(&mut table, 7, 100);
    assert_eq!(start_of(&table, 7), Some(100));
    let new = put(&mut table, 7, 200);
    assert_eq!(start_of(&table, 7), Some(200));
    assert!(table.get(old).expect("kept").process.is_exited, "its exit was lost");
    assert!(!table.get(new).expect("there").process.is_exited);
    let late = put(&mut table, 7, 50);
    assert_eq!(start_of(&table, 7), Some(200), "a late record changes nothing");
    assert!(table.get(late).expect("kept").process.is_exited);
}

#[test]
fn the_last_of_a_tgid_takes_it_along() {
    let mut table = Table::new(1);
    let only = put(&mut table, 7, 100);
    table.end(only);
    put(&mut table, 8, 200);
    assert_eq!((start_of(&table, 7), start_of(&table, 8)), (None, Some(200)));
}

#[test]
fn what_has_ended_does_not_come_back() {
    let mut table = Table::new(2);
    let ended = put(&mut table, 7, 100);
    table.end(ended);
    let again = put(&mut table, 7, 100);
    assert!(again == ended && table.get(again).expect("kept").process.is_exited);
    put(&mut table, 8, 200);
    put(&mut table, 9, 300);
    assert_eq!((table.len(), table.n_evicted, is_there(&table, 7, 100)), (2, 1, false));
}
