//! `program_output`'s program is started here, for an egress half that may start nothing: the configured command and no other,
//! one at a time.

use std::{
    io,
    os::{fd::AsFd, unix::process::ExitStatusExt},
    process::ExitStatus,
};

use serde::{Deserialize, Serialize};

use super::orders::Wire;
use crate::sinks::{Launcher, Shell, Started};

#[derive(Debug, Serialize, Deserialize)]
enum Request {
    Start,
    Finish,
}

#[derive(Debug, Serialize, Deserialize)]
enum Reply {
    /// With its standard input and its pidfd.
    Started,
    /// Its wait status.
    Finished(i32),
    /// The system's error number.
    Failed(i32),
}

/// The supervisor's side.
#[derive(Debug)]
pub(super) struct Broker {
    pub(super) wire: Wire,
    shell: Shell,
    /// How the program ended, until somebody asks.
    ended: Option<ExitStatus>,
}

impl Broker {
    /// A broker for `command`, and the end for the egress half.
    pub(super) fn new(command: String) -> io::Result<(Self, Wire)> {
        let (wire, its) = Wire::pair()?;
        Ok((Self { wire, shell: Shell::new(command), ended: None }, its))
    }

    /// Serves one request.
    pub(super) fn serve(&mut self) -> io::Result<()> {
        let Some((request, _)) = self.wire.recv::<Request>()? else { return Ok(()) };
        let failed = |error: &io::Error| Reply::Failed(error.raw_os_error().unwrap_or_default());
        match request {
            Request::Start => match self.shell.start() {
                Ok(Started { input, end }) => self.wire.send(&Reply::Started, &[input.as_fd(), end.as_fd()]),
                Err(error) => self.wire.send(&failed(&error), &[]),
            },
            Request::Finish => {
                let finished = self.ended.take().map_or_else(|| self.shell.finish(), Ok);
                let finished = finished.map(|status| Reply::Finished(status.into_raw()));
                self.wire.send(&finished.unwrap_or_else(|error| failed(&error)), &[])
            }
        }
    }

    /// A child has ended and been waited for; it may be the program.
    pub(super) fn note(&mut self, id: u32, status: ExitStatus) {
        if self.shell.disown(id) {
            self.ended = Some(status);
        }
    }
}

/// The egress half's side.
#[derive(Debug)]
pub(in crate::app) struct Client(pub(in crate::app) Wire);

impl Launcher for Client {
    fn start(&mut self) -> io::Result<Started> {
        match self.ask(&Request::Start)? {
            (Reply::Started, Some(input), Some(end)) => Ok(Started { input, end }),
            (reply, ..) => Err(reply.into()),
        }
    }

    fn finish(&mut self) -> io::Result<ExitStatus> {
        match self.ask(&Request::Finish)? {
            (Reply::Finished(status), ..) => Ok(ExitStatus::from_raw(status)),
            (reply, ..) => Err(reply.into()),
        }
    }
}

type Answer = (Reply, Option<std::os::fd::OwnedFd>, Option<std::os::fd::OwnedFd>);

impl Client {
    fn ask(&self, request: &Request) -> io::Result<Answer> {
        self.0.send(request, &[])?;
        let (reply, descriptors) = self.0.recv()?.ok_or(io::ErrorKind::NotConnected)?;
        let mut descriptors = descriptors.into_iter();
        Ok((reply, descriptors.next(), descriptors.next()))
    }
}

impl From<Reply> for io::Error {
    fn from(reply: Reply) -> Self {
        match reply {
            Reply::Failed(error) if error != 0 => Self::from_raw_os_error(error),
            _ => io::ErrorKind::InvalidData.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::File,
        io::{Read, Write},
        thread,
    };

    use super::*;

    #[test]
    fn the_configured_command_runs_and_no_other() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("read");
        let (mut broker, its) = Broker::new(format!("cat > {}; exit 3", path.display())).expect("a socket");
        let serving = thread::spawn(move || (0..3).try_for_each(|_| broker.serve()));
        let mut client = Client(its);
        assert!(client.finish().is_err(), "nothing runs");
        let Started { input, end } = client.start().expect("started");
        File::from(input).write_all(b"an alert").expect("written");
        rustix::event::poll(&mut [rustix::event::PollFd::new(&end, rustix::event::PollFlags::IN)], None)
            .expect("its end");
        assert_eq!(client.finish().expect("finished").code(), Some(3));
        let mut text = String::new();
        File::open(path).and_then(|mut file| file.read_to_string(&mut text)).expect("read");
        assert_eq!(text, "an alert");
        serving.join().expect("a thread").expect("three requests served");
    }
}
