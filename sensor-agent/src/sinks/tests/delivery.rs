//! Counts, failures and order, with real pipes and files.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Read},
    sync::mpsc,
    time::Duration,
};

use super::*;

fn count(sink: &str, delivered: u64, failed: u64, discarded: u64) -> SinkCount {
    SinkCount { sink: sink.to_owned(), delivered, failed, discarded, ..SinkCount::default() }
}

fn pipe() -> (File, File) {
    let (reader, writer) = std::io::pipe().unwrap();
    (std::os::fd::OwnedFd::from(reader).into(), std::os::fd::OwnedFd::from(writer).into())
}

/// Fails as often as told, then takes everything.
struct Moody {
    failures: u32,
    taken: mpsc::Sender<String>,
}

impl Sink for Moody {
    fn name(&self) -> &'static str {
        "moody"
    }

    fn deliver(&mut self, line: &Line) -> Result<Outcome, SinkError> {
        if self.failures > 0 {
            self.failures -= 1;
            return Err(SinkError::Closed);
        }
        self.taken.send(line.body().to_owned()).unwrap();
        Ok(Outcome::Delivered)
    }
}

#[test]
fn a_failing_sink_does_not_hinder_the_others() {
    let (mut reader, writer) = pipe();
    let (taken, lines) = mpsc::channel();
    let moody = Moody { failures: 2, taken };
    let mut sinks =
        Sinks::new(format(true), vec![Box::new(moody), Box::new(Stdout::to(writer, false, false))]);
    (0..3).for_each(|_| sinks.deliver(&alert()));
    assert_eq!(timeless(sinks.counts()), [count("moody", 1, 2, 0), count("stdout", 3, 0, 0)]);
    drop(sinks);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(text, format!("{}\n", body(&format(true), &alert())).repeat(3));
    assert_eq!(lines.iter().collect::<Vec<_>>(), [body(&format(true), &alert())]);
}

#[test]
fn a_closed_standard_output_is_counted_and_survived() {
    let (reader, writer) = pipe();
    drop(reader);
    let mut sinks = Sinks::new(format(true), vec![Box::new(Stdout::to(writer, false, false))]);
    (0..3).for_each(|_| sinks.deliver(&alert()));
    assert_eq!(timeless(sinks.counts()), [count("stdout", 0, 3, 0)]);
}

#[test]
fn a_non_blocking_pipe_gets_whole_lines() {
    let (reader, writer) = pipe();
    rustix::io::ioctl_fionbio(&writer, true).unwrap();
    let long = Alert { message: vec![b'x'; 100_000], ..alert() };
    let expected = body(&format(true), &long);
    let delivering = std::thread::spawn(move || {
        let mut sinks = Sinks::new(format(true), vec![Box::new(Stdout::to(writer, false, false))]);
        (0..4).for_each(|_| sinks.deliver(&long));
        timeless(sinks.counts())
    });
    let lines: Vec<String> = BufReader::new(reader).lines().map(Result::unwrap).collect();
    assert_eq!(lines.len(), 4);
    assert!(lines.iter().all(|line| *line == expected));
    assert_eq!(delivering.join().unwrap(), [count("stdout", 4, 0, 0)]);
}

#[test]
fn a_terminal_gets_a_coloured_priority_and_nothing_else_changes() {
    let (mut reader, writer) = pipe();
    let mut sinks = Sinks::new(format(false), vec![Box::new(Stdout::to(writer, false, true))]);
    sinks.deliver(&Alert { priority: Priority::Error, ..alert() });
    drop(sinks);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    let plain = "\x1b[2m00:13:20.000000001: \x1b[0m\x1b[31mError\x1b[0m hi (user=root dir=<NA>)\n";
    assert_eq!(text, plain);
}

#[test]
fn a_file_is_appended_to_and_follows_rotation() {
    for keep_alive in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("alerts");
        let rotated = dir.path().join("alerts.1");
        fs::write(&path, "before\n").unwrap();
        let file = FileSink::new(path.clone(), keep_alive, false).unwrap();
        let mut sinks = Sinks::new(format(false), vec![Box::new(file)]);
        sinks.deliver(&alert());
        fs::rename(&path, &rotated).unwrap();
        sinks.deliver(&alert());
        sinks.reopen();
        sinks.deliver(&alert());
        let line = format!("{}\n", body(&format(false), &alert()));
        assert_eq!(fs::read_to_string(&rotated).unwrap(), format!("before\n{line}"));
        assert_eq!(fs::read_to_string(&path).unwrap(), line.repeat(2));
        assert_eq!(timeless(sinks.counts()), [count("file", 3, 0, 0)]);
    }
}

#[test]
fn a_file_that_cannot_be_opened_is_an_error_at_start() {
    let dir = tempfile::tempdir().unwrap();
    let error = FileSink::new(dir.path().join("missing/alerts"), true, false).unwrap_err();
    assert!(matches!(error, SinkError::Open { .. }));
}

#[test]
fn a_full_device_is_counted() {
    let full = FileSink::new("/dev/full".into(), true, false).unwrap();
    let mut sinks = Sinks::new(format(true), vec![Box::new(full)]);
    sinks.deliver(&alert());
    assert_eq!(timeless(sinks.counts()), [count("file", 0, 1, 0)]);
}

#[test]
fn buffered_lines_wait_for_a_flush() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("alerts");
    let file = FileSink::new(path.clone(), true, true).unwrap();
    let mut sinks = Sinks::new(format(true), vec![Box::new(file)]);
    sinks.deliver(&alert());
    assert_eq!(fs::read(&path).unwrap().len(), 0);
    sinks.flush();
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1);
}

#[test]
fn the_worker_delivers_what_waits_before_it_ends() {
    let (mut reader, writer) = pipe();
    let sinks = Sinks::new(format(true), vec![Box::new(Stdout::to(writer, true, false))]);
    let mut worker = Worker::start(sinks, 64, Policy::DropNew).unwrap();
    (0..50).for_each(|_| worker.send(&alert()));
    let counts = timeless(worker.stop(Duration::from_secs(30)).unwrap());
    assert_eq!(counts, [count("stdout", 50, 0, 0)]);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(text.lines().count(), 50);
}

/// Takes nothing until it is let go.
struct Stuck(mpsc::Receiver<()>);

impl Sink for Stuck {
    fn name(&self) -> &'static str {
        "stuck"
    }

    fn deliver(&mut self, _: &Line) -> Result<Outcome, SinkError> {
        self.0.recv().unwrap_or_default();
        Ok(Outcome::Delivered)
    }
}

#[test]
fn a_sink_that_hangs_costs_alerts_and_no_time() {
    let (let_go, gate) = mpsc::channel();
    let mut worker =
        Worker::start(Sinks::new(format(true), vec![Box::new(Stuck(gate))]), 2, Policy::DropNew).unwrap();
    (0..10).for_each(|_| worker.send(&alert()));
    // One may be with the sink already, two wait.
    assert!((7..=8).contains(&worker.discarded()), "{}", worker.discarded());
    let discarded = worker.discarded();
    let error = worker.stop(Duration::from_millis(1)).unwrap_err();
    let counts = SinkCount { waiting: error.counts[0].waiting, ..count("stuck", 0, 0, discarded) };
    assert_eq!(error.counts, [counts]);
    drop(let_go);
}

#[test]
fn a_sink_that_hangs_does_not_delay_the_others() {
    let (mut reader, writer) = pipe();
    let (let_go, gate) = mpsc::channel();
    let sinks: Vec<Box<dyn Sink>> = vec![Box::new(Stuck(gate)), Box::new(Stdout::to(writer, false, false))];
    let mut worker = Worker::start(Sinks::new(format(true), sinks), 100, Policy::DropOldest).unwrap();
    let line = body(&format(true), &alert()) + "\n";
    let mut taken = vec![0; line.len()];
    for _ in 0..100 {
        worker.send(&alert());
        // Comes although the other has taken nothing and never will.
        reader.read_exact(&mut taken).unwrap();
        assert_eq!(taken, line.as_bytes());
    }
    assert_eq!((worker.counts()[0].delivered, worker.counts()[0].failed), (0, 0));
    drop(let_go);
    let counts = timeless(worker.stop(Duration::from_secs(30)).unwrap());
    assert_eq!(counts, [count("stuck", 100, 0, 0), count("stdout", 100, 0, 0)]);
}

#[test]
fn long_alerts_are_bounded_by_memory() {
    let (let_go, gate) = mpsc::channel();
    let mut worker =
        Worker::start(Sinks::new(format(true), vec![Box::new(Stuck(gate))]), 100, Policy::DropNew).unwrap();
    let long = Alert { message: vec![b'x'; 1 << 20], ..alert() };
    (0..40).for_each(|_| worker.send(&long));
    assert_eq!(worker.discarded(), 25);
    drop(let_go);
    assert_eq!(timeless(worker.stop(Duration::from_secs(30)).unwrap()), [count("stuck", 15, 0, 25)]);
}
