//! Takes POST requests on the loop-back device, as falcosidekick does: what its handler refuses is answered with 400. It is away,
//! down or deaf as the test says.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::Result;

use crate::alert::Alert;
use crate::sidekick;

/// How it behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conduct {
    /// It takes what comes.
    There,
    /// It says 503.
    Away,
    /// Nobody listens: connections are refused, those that are open end.
    Down,
    /// It takes requests and never answers.
    Deaf,
    /// It takes alerts and is gone before it has said so.
    Dying,
}

impl Conduct {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::There, Self::Away, Self::Down, Self::Deaf, Self::Dying];
}

/// Between two looks at how to behave, where nothing else happens.
const LOOK: Duration = Duration::from_millis(5);

/// The receiver; its threads end with the test.
#[derive(Clone)]
pub struct Receiver {
    port: u16,
    conduct: Arc<AtomicU8>,
    bodies: Arc<Mutex<Vec<String>>>,
}

impl Receiver {
    /// Listens, but says 503 until it is [there](Self::come).
    pub fn away() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let receiver =
            Self { port, conduct: Arc::new(AtomicU8::new(Conduct::Away as u8)), bodies: Arc::default() };
        let own = receiver.clone();
        thread::spawn(move || own.listen(listener));
        Ok(receiver)
    }

    /// From now on it takes what comes.
    pub fn come(&self) {
        self.behave(Conduct::There);
    }

    /// From now on it behaves like this.
    pub fn behave(&self, conduct: Conduct) {
        self.conduct.store(conduct as u8, Ordering::Relaxed);
    }

    /// `http_output.url`
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// What was taken, in order.
    pub fn alerts(&self) -> Result<Vec<Alert>> {
        self.bodies().iter().map(|body| Alert::parse(body)).collect()
    }

    /// The same as it came.
    pub fn bodies(&self) -> Vec<String> {
        self.bodies.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is(&self, conduct: Conduct) -> bool {
        self.conduct.load(Ordering::Relaxed) == conduct as u8
    }

    fn listen(&self, mut listener: TcpListener) -> io::Result<()> {
        loop {
            listener.set_nonblocking(true)?;
            while !self.is(Conduct::Down) {
                match listener.accept() {
                    Ok((stream, _)) => {
                        let own = self.clone();
                        // A client that goes away ends its thread.
                        thread::spawn(move || own.serve(&stream));
                    }
                    Err(_none) => thread::sleep(LOOK),
                }
            }
            drop(listener);
            while self.is(Conduct::Down) {
                thread::sleep(LOOK);
            }
            listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port))?;
        }
    }

    fn serve(&self, stream: &TcpStream) -> io::Result<()> {
        stream.set_nonblocking(false)?;
        let mut reader = BufReader::new(stream);
        loop {
            let mut length = 0;
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line)? == 0 {
                    return Ok(());
                }
                let line = line.trim_end().to_lowercase();
                if let Some(value) = line.strip_prefix("content-length: ") {
                    length = value.parse().map_err(io::Error::other)?;
                }
                if line.is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body)?;
            let body = String::from_utf8(body).map_err(io::Error::other)?;
            if self.is(Conduct::Deaf) || self.is(Conduct::Down) {
                while self.is(Conduct::Deaf) {
                    thread::sleep(LOOK);
                }
                return Ok(());
            }
            let status = if self.is(Conduct::Away) {
                "503 Away"
            } else if sidekick::refusal(&body).is_some() {
                "400 Bad Request"
            } else {
                self.bodies.lock().unwrap_or_else(PoisonError::into_inner).push(body);
                "200 OK"
            };
            if self.is(Conduct::Dying) {
                return Ok(());
            }
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
            (&*stream).write_all(answer.as_bytes())?;
        }
    }
}
