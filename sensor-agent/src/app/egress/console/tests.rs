//! Callers and a sensor half at the two ends of the console.

use std::os::unix::fs::MetadataExt;

use super::*;
use crate::border::{self, Receiver};

fn scene() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("run/admin.sock");
    (folder, path)
}

fn served(path: &Path) -> (mpsc::SyncSender<Answer>, Receiver<Inbound>) {
    let (sensor, inbox) = border::channel(1);
    (Console::bind(path).expect("binds").serve(sensor).expect("a thread"), inbox)
}

fn ask(path: &Path, line: &str) -> UnixStream {
    let mut caller = UnixStream::connect(path).expect("connects");
    caller.write_all(line.as_bytes()).expect("asks");
    caller
}

fn question(rule: &str) -> String {
    let question = Question { rule: rule.to_owned(), for_ms: 1000, ..Question::default() };
    format!("{}\n", serde_json::to_string(&question).expect("is data"))
}

fn asked(inbox: &Receiver<Inbound>) -> Question {
    match inbox.recv(PATIENCE).expect("a question") {
        Inbound::Explain(question) => question,
        other => panic!("{other:?}"),
    }
}

fn heard(caller: UnixStream) -> Vec<Piece> {
    BufReader::new(caller)
        .lines()
        .map(|line| serde_json::from_str(&line.expect("a line")).expect("a piece"))
        .collect()
}

#[test]
fn a_question_is_passed_on_and_its_answer_back() {
    let (_folder, path) = scene();
    let (answers, inbox) = served(&path);
    let caller = ask(&path, &question("r"));
    let number = asked(&inbox).number;
    let pieces = [Piece::Text("a\n".to_owned()), Piece::End("b\n".to_owned())];
    // What is left of another question is not shown.
    answers.send(Answer { number: number + 7, piece: Piece::Unknown }).expect("room");
    for piece in &pieces {
        answers.send(Answer { number, piece: piece.clone() }).expect("room");
    }
    assert_eq!(heard(caller), pieces);
}

#[test]
fn who_goes_away_makes_room() {
    let (_folder, path) = scene();
    let (answers, inbox) = served(&path);
    let first = ask(&path, &question("first"));
    assert_eq!(asked(&inbox).rule, "first");
    drop(first);
    let second = ask(&path, &question("second"));
    let Question { number, rule, .. } = asked(&inbox);
    assert_eq!(rule, "second");
    answers.send(Answer { number, piece: Piece::Unknown }).expect("room");
    assert_eq!(heard(second), [Piece::Unknown]);
}

#[test]
fn nonsense_and_what_is_too_long_is_refused() {
    let (_folder, path) = scene();
    let (_answers, inbox) = served(&path);
    assert!(matches!(heard(ask(&path, "nonsense\n")).as_slice(), [Piece::Refused(_)]));
    // The refusal may be lost to the reset that what was not read brings about.
    let long = ask(&path, &question(&"r".repeat(QUESTION as usize)));
    let _ended = BufReader::new(long).read_line(&mut String::new());
    assert!(inbox.try_recv().is_none(), "nothing is passed on");
}

#[test]
fn the_socket_is_ours_alone_and_what_was_left_behind_makes_room() {
    let (_folder, path) = scene();
    let first = Console::bind(&path).expect("binds");
    let mode = |path: &Path| fs::metadata(path).expect("is there").mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().expect("a folder"))), (0o600, 0o700));
    assert!(Console::bind(&path).is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse));
    drop(first);
    Console::bind(&path).expect("a socket that nobody listens at is put aside");
    fs::remove_file(&path).expect("may be removed");
    fs::write(&path, "x").expect("a file");
    assert!(Console::bind(&path).is_err(), "another's file stays");
}
