//! Local receivers: a system log's socket that is restarted, and programs that read, fail, hang and end.

use std::{
    fs,
    os::unix::net::{UnixDatagram, UnixListener},
    path::Path,
    time::Duration,
};

use super::*;

fn counts(sinks: &Sinks) -> (u64, u64) {
    let SinkCount { delivered, failed, .. } = sinks.counts().remove(0);
    (delivered, failed)
}

fn syslog(path: &Path, protocol: Protocol) -> Sinks {
    let sink = Syslog::new(path.to_owned(), protocol, "h 1".to_owned(), TimeZone::UTC);
    Sinks::new(format(true), vec![Box::new(sink)])
}

fn receive(socket: &UnixDatagram) -> String {
    let mut buffer = [0; 16 * 1024];
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let n = socket.recv(&mut buffer).unwrap();
    String::from_utf8(buffer[..n].to_vec()).unwrap()
}

#[test]
fn a_restarted_log_daemon_gets_every_alert() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    let mut sinks = syslog(&path, Protocol::Rfc3164);
    sinks.deliver(&alert());
    assert_eq!(counts(&sinks), (0, 1), "nobody is there yet");
    for round in 1..=3 {
        let daemon = UnixDatagram::bind(&path).unwrap();
        sinks.deliver(&alert());
        let message = receive(&daemon);
        // user.info of Informational: facility 1, severity 6.
        let (head, text) = message.split_once(": ").unwrap();
        assert!(head.starts_with("<14>"), "{head}");
        assert_eq!(text, body(&format(true), &alert()));
        assert_eq!(counts(&sinks), (round, 1));
        drop(daemon);
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn rfc_5424_and_stream_sockets() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    let listener = UnixListener::bind(&path).unwrap();
    let mut sinks = syslog(&path, Protocol::Rfc5424);
    sinks.deliver(&alert());
    let (stream, _) = listener.accept().unwrap();
    let mut message = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stream), &mut message).unwrap();
    let words: Vec<&str> = message.splitn(8, ' ').collect();
    assert_eq!((words[0], words[2], words[5], words[6]), ("<14>1", "h1", "-", "-"));
    assert!(words[1].ends_with('Z') && words[1].len() == "2023-11-14T22:13:20.000000Z".len(), "{message}");
    assert_eq!(words[7], format!("\u{feff}{}\n", body(&format(true), &alert())));
}

fn program(command: &str, keep_alive: bool, patience_ms: u64) -> Sinks {
    let patience = Duration::from_millis(patience_ms);
    let sink = Program::new(Box::new(Shell::new(command.to_owned())), keep_alive, false, patience);
    Sinks::new(format(true), vec![Box::new(sink)])
}

const LONG: u64 = 30_000;

#[test]
fn a_program_is_started_for_each_alert_or_kept() {
    for keep_alive in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        let (lines, starts) = (directory.path().join("lines"), directory.path().join("starts"));
        let command = format!("echo start >>{}; cat >>{}", starts.display(), lines.display());
        let mut sinks = program(&command, keep_alive, LONG);
        (0..3).for_each(|_| sinks.deliver(&alert()));
        sinks.reopen();
        sinks.deliver(&alert());
        assert_eq!(counts(&sinks), (4, 0));
        // Waits for its end.
        drop(sinks);
        let line = body(&format(true), &alert()) + "\n";
        assert_eq!(fs::read_to_string(&lines).unwrap(), line.repeat(4));
        let n_starts = fs::read_to_string(&starts).unwrap().lines().count();
        assert_eq!(n_starts, if keep_alive { 2 } else { 4 }, "keep_alive: {keep_alive}");
    }
}

#[test]
fn programs_that_do_not_do_their_work_are_counted_and_killed() {
    let mut failing = program("cat >/dev/null; exit 3", false, LONG);
    failing.deliver(&alert());
    assert_eq!(counts(&failing), (0, 1));

    // Neither reads nor ends: its child holds the pipe, too.
    let directory = tempfile::tempdir().unwrap();
    let pids = directory.path().join("pids");
    let mut hanging = program(&format!("echo $$ >{}; sleep 1000; :", pids.display()), false, 300);
    hanging.deliver(&alert());
    assert_eq!(counts(&hanging), (0, 1));
    let pid = fs::read_to_string(&pids).unwrap();
    assert!(!Path::new(&format!("/proc/{}", pid.trim())).exists(), "still there: {pid}");

    // Never reads: a full pipe is given up after the same time.
    let mut deaf = program("sleep 1000", true, 300);
    let long = Alert { message: vec![b'x'; 200_000], ..alert() };
    deaf.deliver(&long);
    assert_eq!(counts(&deaf), (0, 1));

    // Ends after each line: started anew, but not once per alert.
    let starts = directory.path().join("starts");
    let mut short = program(&format!("echo start >>{}; exit 0", starts.display()), true, LONG);
    (0..500).for_each(|_| short.deliver(&alert()));
    drop(short);
    assert!(fs::read_to_string(&starts).unwrap().lines().count() < 500);
}
