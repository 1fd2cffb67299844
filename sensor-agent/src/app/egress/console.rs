//! The admin socket: an operator on this host asks the running agent (`saker explain --live`). One question at a time, others
//! wait in the socket's queue; only root and the agent's own user are heard.

use std::{
    fs::{self, Permissions},
    io::{self, BufRead, BufReader, Read, Write},
    os::unix::{
        fs::{DirBuilderExt, FileTypeExt, PermissionsExt},
        net::{UnixListener, UnixStream},
    },
    path::Path,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use rustix::{net::sockopt::socket_peercred, process::geteuid};

use crate::border::{
    Inbound, Sender,
    explain::{Answer, Piece, Question},
};

/// Bytes of a question.
const QUESTION: u64 = 4096;
/// Time for a caller to ask, or to take a piece of the answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Time for the sensor half beyond what was asked for.
const GRACE: Duration = Duration::from_secs(5);
/// Between two looks at whether the caller is still there.
const LOOK: Duration = Duration::from_millis(200);
/// Pause after an accept that failed (no descriptor left).
const PAUSE: Duration = Duration::from_millis(200);
/// Pieces of answers that may wait: more than one question has.
const PIECES: usize = 2 * Question::MAX_EVENTS;

/// The socket, before anything is given up.
pub(super) struct Console(UnixListener);

impl Console {
    /// Makes the socket, and its folder where it is not there. What a former life left behind is put aside.
    pub(super) fn bind(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent().filter(|folder| !folder.exists()) {
            fs::DirBuilder::new().mode(0o700).recursive(true).create(folder)?;
        }
        if fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket()) {
            if UnixStream::connect(path).is_ok() {
                return Err(io::Error::new(io::ErrorKind::AddrInUse, "another agent listens there"));
            }
            fs::remove_file(path)?;
        }
        let listener = UnixListener::bind(path)?;
        // Until then whoever else gets in is turned away by his user.
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
        Ok(Self(listener))
    }

    /// Starts to listen; where the sensor half's answers are to go.
    pub(super) fn serve(self, sensor: Sender<Inbound>) -> io::Result<mpsc::SyncSender<Answer>> {
        let (answers, inbox) = mpsc::sync_channel(PIECES);
        let mut desk = Desk { sensor, inbox, number: 0 };
        let body = move || {
            for caller in self.0.incoming() {
                // A caller that goes away, or asks nonsense, is served.
                match caller {
                    Ok(caller) => drop(desk.serve(&caller)),
                    Err(_) => thread::sleep(PAUSE),
                }
            }
        };
        thread::Builder::new().name("saker-console".to_owned()).spawn(body)?;
        Ok(answers)
    }
}

struct Desk {
    sensor: Sender<Inbound>,
    inbox: mpsc::Receiver<Answer>,
    number: u64,
}

impl Desk {
    fn serve(&mut self, caller: &UnixStream) -> io::Result<()> {
        caller.set_read_timeout(Some(PATIENCE))?;
        caller.set_write_timeout(Some(PATIENCE))?;
        if !is_trusted(caller) {
            return say(caller, &Piece::Refused("only root and the agent's own user may ask".to_owned()));
        }
        let mut line = String::new();
        BufReader::new(caller.take(QUESTION)).read_line(&mut line)?;
        let Ok(question) = serde_json::from_str::<Question>(&line) else {
            return say(caller, &Piece::Refused("the agent does not understand the question".to_owned()));
        };
        self.number += 1;
        let until = Instant::now() + Duration::from_millis(question.for_ms.min(Question::MAX_MS)) + GRACE;
        if self.sensor.send(Inbound::Explain(Question { number: self.number, ..question })).is_err() {
            return say(caller, &Piece::Refused("the sensor half is too busy to be asked".to_owned()));
        }
        self.pass_on(caller, until)
    }

    /// Until the last piece, or the caller has gone: then the next question takes the sensor half's place.
    fn pass_on(&self, caller: &UnixStream, until: Instant) -> io::Result<()> {
        caller.set_read_timeout(Some(Duration::from_millis(1)))?;
        while Instant::now() < until {
            match self.inbox.recv_timeout(LOOK) {
                Ok(Answer { number, piece }) if number == self.number => {
                    say(caller, &piece)?;
                    if !matches!(piece, Piece::Text(_)) {
                        return Ok(());
                    }
                }
                Err(mpsc::RecvTimeoutError::Timeout) if has_gone(caller) => return Ok(()),
                // Also what is left of a question before.
                Ok(_) | Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
        }
        say(caller, &Piece::Refused("the sensor half does not answer".to_owned()))
    }
}

fn say(mut caller: &UnixStream, piece: &Piece) -> io::Result<()> {
    let mut line = serde_json::to_vec(piece)?;
    line.push(b'\n');
    caller.write_all(&line)
}

fn has_gone(mut caller: &UnixStream) -> bool {
    matches!(caller.read(&mut [0]), Ok(0))
}

/// Whether root, or the user that this process runs as, is at the other end: asked by both ends.
pub(in crate::app) fn is_trusted(peer: &UnixStream) -> bool {
    socket_peercred(peer).is_ok_and(|it| it.uid.is_root() || it.uid == geteuid())
}

#[cfg(test)]
mod tests;
