//! The spool with a real receiver: away and back again, and the agent killed in the middle of a burst.

use std::{
    collections::BTreeMap,
    env,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use super::{http::options, server::Server, *};

/// Set in the child that [`kill_9_in_the_middle_of_a_burst_loses_nothing`] kills: the spool, then the URL.
const CHILD: &str = "SAKER_TEST_SPOOL";

fn spooled(directory: &Path, url: String) -> Sinks {
    let client = Client::new(options(url)).unwrap();
    let spool =
        SpoolOptions { directory: directory.join("spool"), limit_bytes: 256 << 20, drops_oldest: false };
    Sinks::new(format(true), vec![Box::new(Spooled::new(client, spool).unwrap())])
}

fn numbered(n: u64) -> Alert {
    Alert { time_ns: n, ..alert() }
}

fn numbers(server: &Server) -> Vec<u64> {
    let number = |body: &[u8]| {
        let value: serde_json::Value = serde_json::from_slice(body).unwrap();
        value["output_fields"]["evt.time"].as_u64().unwrap()
    };
    server.seen().iter().map(|request| number(&request.body)).collect()
}

#[test]
fn alerts_of_an_outage_are_delivered_after_it_in_order() {
    let home = tempfile::tempdir().unwrap();
    // Down at first, and again for a while in the middle.
    let server = Server::plain(|n| if n < 3 || (100..103).contains(&n) { 503 } else { 200 });
    let mut sinks = spooled(home.path(), server.url("http"));
    (0..1000).for_each(|n| sinks.deliver(&numbered(n)));
    let counts = || sinks.counts().remove(0);
    wait("all are delivered", || counts().delivered == 1000);
    let SinkCount { delivered, failed, discarded, retried, waiting, .. } = counts();
    assert_eq!((failed, discarded, retried, waiting), (0, 0, 6, 0));
    let mut seen = numbers(&server);
    let requests = seen.len();
    seen.dedup();
    assert_eq!(seen, (0..1000).collect::<Vec<_>>());
    println!("outage: 1000 sent, {delivered} delivered, {} refused attempts, 0 lost", requests - 1000);
}

#[test]
fn what_is_left_at_the_end_is_delivered_by_the_next_start() {
    let home = tempfile::tempdir().unwrap();
    let mut sinks = spooled(home.path(), "http://127.0.0.1:1/".to_owned());
    (0..10).for_each(|n| sinks.deliver(&numbered(n)));
    assert_eq!(sinks.counts()[0].waiting, 10);
    drop(sinks);
    let server = Server::plain(|_| 200);
    drop(spooled(home.path(), server.url("http")));
    assert_eq!(numbers(&server), (0..10).collect::<Vec<_>>());
}

/// The victim: tells each number once the spool has accepted it, without end. Without the variable it is no test.
#[test]
fn child_that_is_killed() {
    let Ok(spool) = env::var(CHILD) else { return };
    let (directory, url) = spool.split_once(' ').unwrap();
    let mut sinks = spooled(Path::new(directory), url.to_owned());
    for n in 0.. {
        let failed = sinks.counts()[0].failed;
        sinks.deliver(&numbered(n));
        assert_eq!(sinks.counts()[0].failed, failed);
        println!("\naccepted {n}");
    }
}

#[test]
fn kill_9_in_the_middle_of_a_burst_loses_nothing() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::plain(|_| 200);
    let (mut sent, mut starts) = (0, 0);
    let mut expect = BTreeMap::<u64, usize>::new();
    for burst in [1, 50, 1000, 3000, 10] {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "sinks::tests::outage::child_that_is_killed", "--nocapture"])
            .env(CHILD, format!("{} {}", home.path().display(), server.url("http")))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut accepted = |line: String| -> Option<u64> {
            let n = line.strip_prefix("accepted ")?.parse().ok()?;
            *expect.entry(n).or_default() += 1;
            sent += 1;
            Some(n)
        };
        while lines.next().map(&mut accepted).unwrap() != Some(burst) {}
        child.kill().unwrap();
        // What it still said before it died; the last line may be cut.
        lines.for_each(|line| {
            accepted(line);
        });
        child.wait().unwrap();
        starts += 1;
    }
    // The last start empties the spool.
    let sinks = spooled(home.path(), server.url("http"));
    wait("the spool is empty", || sinks.counts()[0].waiting == 0);
    drop(sinks);

    let mut delivered = BTreeMap::<u64, usize>::new();
    for n in numbers(&server) {
        *delivered.entry(n).or_default() += 1;
    }
    let lost = expect.iter().filter(|(n, count)| delivered.get(n).copied().unwrap_or(0) < **count).count();
    let total: usize = delivered.values().sum();
    let more: usize =
        delivered.iter().map(|(n, count)| count.saturating_sub(expect.get(n).copied().unwrap_or(0))).sum();
    println!("kill -9 x {starts}: {sent} accepted, {total} delivered, {more} more than told, {lost} lost");
    assert_eq!(lost, 0);
    // At most one in flight and one accepted but not yet told per kill.
    assert!(more <= 2 * starts, "{more} more than were accepted");
}

#[test]
fn a_burst_to_http_and_file_is_delivered_whole() {
    const N: u64 = 10_000;
    let home = tempfile::tempdir().unwrap();
    let server = Server::plain(|_| 200);
    let file = FileSink::new(home.path().join("alerts"), true, false).unwrap();
    let http = Http::new(Client::new(options(server.url("http"))).unwrap());
    let sinks = Sinks::new(format(true), vec![Box::new(file), Box::new(http)]);
    let mut worker = Worker::start(sinks, N as usize, Policy::DropNew).unwrap();
    let started = Instant::now();
    (0..N).for_each(|n| worker.send(&numbered(n)));
    let queued = started.elapsed();
    let counts = worker.stop(Duration::from_secs(60)).unwrap();
    let took = started.elapsed();
    assert_eq!((counts[0].delivered, counts[1].delivered), (N, N));
    assert_eq!(numbers(&server), (0..N).collect::<Vec<_>>());
    println!("{N} alerts to file and http: rendered and queued in {queued:?}, delivered in {took:?}");
}
