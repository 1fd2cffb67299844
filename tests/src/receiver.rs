//! Takes POST requests on the loop-back device, as a receiver of alerts does; away or there as the test says.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::Result;

use crate::alert::Alert;

/// The receiver; its threads end with the test.
#[derive(Clone)]
pub struct Receiver {
    port: u16,
    is_there: Arc<AtomicBool>,
    bodies: Arc<Mutex<Vec<String>>>,
}

impl Receiver {
    /// Listens, but says 503 until it is [there](Self::come).
    pub fn away() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let receiver = Self { port, is_there: Arc::default(), bodies: Arc::default() };
        let own = receiver.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let own = own.clone();
                // A client that goes away ends its thread.
                thread::spawn(move || own.serve(&stream));
            }
        });
        Ok(receiver)
    }

    /// From now on it takes what comes.
    pub fn come(&self) {
        self.is_there.store(true, Ordering::Relaxed);
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

    fn serve(&self, stream: &TcpStream) -> io::Result<()> {
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
            let status = if self.is_there.load(Ordering::Relaxed) {
                let body = String::from_utf8(body).map_err(io::Error::other)?;
                self.bodies.lock().unwrap_or_else(PoisonError::into_inner).push(body);
                "200 OK"
            } else {
                "503 Away"
            };
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
            (&*stream).write_all(answer.as_bytes())?;
        }
    }
}
