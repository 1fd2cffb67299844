//! Order, bounds, crashes at every byte, and directories that must not be trusted.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    path::Path,
};

use super::*;

fn options(directory: &Path, limit_bytes: u64, drops_oldest: bool) -> SpoolOptions {
    SpoolOptions { directory: directory.join("spool"), limit_bytes, drops_oldest }
}

fn take(spool: &mut Spool) -> Option<String> {
    let entry = spool.first().unwrap()?;
    spool.done(&entry).unwrap();
    Some(entry.body)
}

fn drain(spool: &mut Spool) -> Vec<String> {
    std::iter::from_fn(|| take(spool)).collect()
}

fn numbers(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|n| format!("alert {n}")).collect()
}

fn fill(spool: &mut Spool, range: std::ops::Range<u32>) {
    for body in numbers(range) {
        spool.append(&body, true, 7).unwrap();
    }
}

#[test]
fn alerts_come_back_in_order_over_restarts() {
    let home = tempfile::tempdir().unwrap();
    let options = options(home.path(), 1 << 20, false);
    let mut spool = Spool::open(options.clone()).unwrap();
    fill(&mut spool, 0..10);
    assert_eq!(take(&mut spool).as_deref(), Some("alert 0"));
    let in_flight = spool.first().unwrap().unwrap();
    assert_eq!((in_flight.body.as_str(), in_flight.is_json, in_flight.time_ns), ("alert 1", true, 7));
    drop(spool);
    for restart in 0..3 {
        let mut spool = Spool::open(options.clone()).unwrap();
        // What was not done with comes again, and what came before it does not.
        assert_eq!(spool.waiting(), 9, "restart {restart}");
        assert_eq!(spool.first().unwrap().unwrap().body, "alert 1");
    }
    let mut spool = Spool::open(options.clone()).unwrap();
    fill(&mut spool, 10..12);
    assert_eq!(drain(&mut spool), numbers(1..12));
    assert_eq!((spool.waiting(), spool.take_discarded()), (0, 0));
    drop(spool);
    assert_eq!(drain(&mut Spool::open(options).unwrap()), numbers(0..0));
}

#[test]
fn a_full_spool_refuses_or_lets_the_oldest_go() {
    let body = "x".repeat(10_000);
    let limit = 400_000;
    let home = tempfile::tempdir().unwrap();
    let mut refusing = Spool::open(options(home.path(), limit, false)).unwrap();
    let taken = (0..100).filter(|_| refusing.append(&body, false, 7).is_ok()).count();
    assert_eq!((taken as u64, refusing.waiting(), refusing.take_discarded()), (39, 39, 0));
    take(&mut refusing).unwrap();
    assert!(matches!(refusing.append(&body, false, 7), Err(SpoolError::Full { limit_bytes: 400_000 })));

    let home = tempfile::tempdir().unwrap();
    let mut dropping = Spool::open(options(home.path(), limit, true)).unwrap();
    for n in 0..100 {
        dropping.append(&format!("{n:03} {body}"), false, 7).unwrap();
        let used: u64 = fs::read_dir(home.path().join("spool"))
            .unwrap()
            .map(|entry| entry.unwrap().metadata().unwrap().len())
            .sum();
        assert!(used <= limit + 64, "{used} bytes");
    }
    let (waiting, discarded) = (dropping.waiting(), dropping.take_discarded());
    assert_eq!(waiting + discarded, 100);
    let kept = drain(&mut dropping);
    assert_eq!(kept.len() as u64, waiting);
    let expect: Vec<String> = (discarded..100).map(|n| format!("{n:03} {body}")).collect();
    assert!(kept == expect, "the newest, in order");
}

#[test]
fn a_segment_cut_or_changed_anywhere_gives_whole_alerts_only() {
    let home = tempfile::tempdir().unwrap();
    let options = options(home.path(), 1 << 20, false);
    let mut spool = Spool::open(options.clone()).unwrap();
    fill(&mut spool, 0..5);
    drop(spool);
    let segment = fs::read_dir(&options.directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|suffix| suffix == "alerts"))
        .unwrap();
    let whole = fs::read(&segment).unwrap();
    let record = whole.len() / 5;
    let check = |bytes: &[u8], survivors: usize, what: String| {
        fs::remove_dir_all(&options.directory).unwrap();
        drop(Spool::open(options.clone()).unwrap());
        fs::remove_file(options.directory.join("cursor")).unwrap();
        let path = options.directory.join(segment.file_name().unwrap());
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let mut spool = Spool::open(options.clone()).unwrap();
        fill(&mut spool, 5..6);
        let expect = [numbers(0..survivors as u32), numbers(5..6)].concat();
        assert_eq!(drain(&mut spool), expect, "{what}");
    };
    for cut in 0..=whole.len() {
        check(&whole[..cut], cut / record, format!("cut at {cut}"));
    }
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        check(&changed, at / record, format!("changed at {at}"));
    }
}

#[test]
fn a_cursor_that_does_not_check_delivers_again() {
    let home = tempfile::tempdir().unwrap();
    let options = options(home.path(), 1 << 20, false);
    let mut spool = Spool::open(options.clone()).unwrap();
    fill(&mut spool, 0..3);
    take(&mut spool).unwrap();
    drop(spool);
    fs::write(options.directory.join("cursor"), vec![0xff; 56]).unwrap();
    assert_eq!(drain(&mut Spool::open(options).unwrap()), numbers(0..3));
}

#[test]
fn only_a_directory_of_its_own_without_links_is_used() {
    let home = tempfile::tempdir().unwrap();
    let options = options(home.path(), 1 << 20, false);
    let spool = Spool::open(options.clone()).unwrap();
    let refused = |options: &SpoolOptions| Spool::open(options.clone()).unwrap_err().to_string();
    assert!(refused(&options).contains("another agent"), "locked");
    drop(spool);
    assert_eq!(fs::metadata(&options.directory).unwrap().mode() & 0o7777, 0o700);
    for entry in fs::read_dir(&options.directory).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().mode() & 0o7777, 0o600, "{entry:?}");
    }

    fs::set_permissions(&options.directory, fs::Permissions::from_mode(0o750)).unwrap();
    assert!(refused(&options).contains("others may enter"));
    fs::set_permissions(&options.directory, fs::Permissions::from_mode(0o700)).unwrap();

    let missing = SpoolOptions { directory: home.path().join("no/spool"), ..options.clone() };
    assert!(refused(&missing).contains("No such file"));
    let link = home.path().join("link");
    symlink(&options.directory, &link).unwrap();
    let by_link = SpoolOptions { directory: link.clone(), ..options.clone() };
    assert!(refused(&by_link).contains("link"));
    symlink(home.path(), home.path().join("above")).unwrap();
    let below_link = SpoolOptions { directory: home.path().join("above/spool"), ..options.clone() };
    assert!(refused(&below_link).contains("link"));

    // Somebody puts a link where a file of ours will be.
    let target = home.path().join("target");
    fs::write(&target, "theirs").unwrap();
    for planted in ["cursor", "lock"] {
        let path = options.directory.join(planted);
        fs::remove_file(&path).unwrap();
        symlink(&target, &path).unwrap();
        assert!(Spool::open(options.clone()).is_err(), "{planted} is a link");
        fs::remove_file(&path).unwrap();
        fs::hard_link(&target, &path).unwrap();
        assert!(Spool::open(options.clone()).is_err(), "{planted} is a second name");
        fs::remove_file(&path).unwrap();
    }
    assert_eq!(fs::read_to_string(&target).unwrap(), "theirs");
    assert_eq!(drain(&mut Spool::open(options).unwrap()), numbers(0..0));
}

#[test]
fn a_full_disk_costs_the_alert_and_nothing_else() {
    let home = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(options(home.path(), 1 << 20, false)).unwrap();
    fill(&mut spool, 0..2);
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let segment = std::mem::replace(&mut spool.active.file, Arc::new(full));
    assert!(matches!(spool.append("lost", true, 7), Err(SpoolError::System { .. })));
    spool.active.file = segment;
    fill(&mut spool, 2..3);
    assert_eq!(drain(&mut spool), numbers(0..3));
}
