//! `http_output`: one POST per alert, tried again as long as there is hope. With a spool, alerts wait on disk instead of in
//! memory: see [`Spooled`](super::Spooled).

mod client;
mod names;
mod tls;

pub use client::Client;

use std::{path::PathBuf, sync::Arc, time::Duration};

use super::{Line, Outcome, Sink, SinkError, delivery::Count};

/// `http_output.*`, as Falco names them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "switches, as Falco has them")]
pub struct HttpOptions {
    /// Where to POST.
    pub url: String,
    /// `User-Agent`.
    pub user_agent: String,
    /// Certificates are not checked.
    pub insecure: bool,
    /// The authority's certificate, before `ca_bundle`, before `ca_path`.
    pub ca_cert: Option<PathBuf>,
    /// A file of certificates.
    pub ca_bundle: Option<PathBuf>,
    /// A directory of certificates.
    pub ca_path: PathBuf,
    /// The client shows a certificate.
    pub mtls: bool,
    /// Its certificate, with the chain below it.
    pub client_cert: PathBuf,
    /// Its key.
    pub client_key: PathBuf,
    /// Answers go to standard output.
    pub echo: bool,
    /// Bodies are compressed (gzip).
    pub compress_uploads: bool,
    /// The connection is kept.
    pub keep_alive: bool,
    /// How often an alert is tried again before it is given up; with a spool, before the next pause.
    pub max_consecutive_timeouts: u8,
    /// How long a request may take, from connecting to the end of the answer.
    pub timeout: Duration,
}

/// What an attempt came to.
#[derive(Debug)]
pub(super) enum Attempt {
    /// The receiver has it.
    Delivered,
    /// Another attempt may do: nobody there, no answer, 408, 429, 5xx.
    Later(SinkError),
    /// No attempt will do: the receiver refuses this alert (other statuses).
    Never(SinkError),
}

/// Pauses between attempts: twice as long each time, up to a limit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    next: Duration,
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(50);
    const LONGEST: Duration = Duration::from_secs(10);

    pub(super) fn new() -> Self {
        Self { next: Self::FIRST }
    }

    pub(super) fn pause(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(Self::LONGEST);
        pause
    }
}

/// POST requests straight from the queue.
pub struct Http {
    client: Client,
    count: Arc<Count>,
}

impl Http {
    /// Waits in the queue's memory while the receiver is away.
    pub fn new(client: Client) -> Self {
        Self { client, count: Arc::new(Count::new("http")) }
    }
}

impl Sink for Http {
    fn name(&self) -> &'static str {
        "http"
    }

    fn deliver(&mut self, line: &Line) -> Result<Outcome, SinkError> {
        let mut backoff = Backoff::new();
        let mut left = self.client.max_retries();
        loop {
            match self.client.post(line.body(), line.is_json()) {
                Attempt::Delivered => return Ok(Outcome::Delivered),
                Attempt::Never(error) => return Err(error),
                Attempt::Later(error) => {
                    if left == 0 || self.count.pause(backoff.pause()) {
                        return Err(error);
                    }
                    left -= 1;
                    self.count.retry();
                }
            }
        }
    }

    fn adopt(&mut self, count: Arc<Count>) {
        self.count = count;
    }
}
