//! One request after the other over a blocking client. What the receiver answers is bounded and, but for its status, ignored.

use std::{
    fmt,
    io::{self, Write},
};

use flate2::{Compression, write::GzEncoder};
use ureq::{
    Agent,
    http::{Uri, header},
    unversioned::transport::DefaultConnector,
};

use super::{Attempt, HttpOptions, names::Names, tls};
use crate::sinks::SinkError;

/// Bytes of an answer that are read: enough to keep the connection.
const ANSWER_BYTES: u64 = 64 * 1024;

/// Posts alerts to one URL.
pub struct Client {
    agent: Agent,
    options: HttpOptions,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Client {
    /// Reads certificates and keys. Nothing is connected: a receiver that starts later is no error.
    pub fn new(options: HttpOptions) -> Result<Self, SinkError> {
        let is_tls = scheme(&options.url)?;
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(options.timeout))
            .user_agent(options.user_agent.as_str())
            .max_redirects(0)
            // What stands in the environment of a privileged process must not redirect its alerts.
            .proxy(None)
            .max_idle_connections(usize::from(options.keep_alive));
        if is_tls {
            config = config.tls_config(tls::config(&options)?);
        }
        let connector = DefaultConnector::default();
        Ok(Self { agent: Agent::with_parts(config.build(), connector, Names::default()), options })
    }

    pub(super) fn max_retries(&self) -> u8 {
        self.options.max_consecutive_timeouts
    }

    /// One attempt.
    pub(in crate::sinks) fn post(&self, body: &str, is_json: bool) -> Attempt {
        match self.request(body, is_json) {
            Ok(200..=299) => Attempt::Delivered,
            Ok(status @ (408 | 429 | 500..=599)) => Attempt::Later(SinkError::Status { status }),
            Ok(status) => Attempt::Never(SinkError::Status { status }),
            Err(error @ (ureq::Error::Http(_) | ureq::Error::BadUri(_))) => {
                Attempt::Never(SinkError::Http { source: error.into() })
            }
            Err(error) => Attempt::Later(SinkError::Http { source: error.into() }),
        }
    }

    fn request(&self, body: &str, is_json: bool) -> Result<u16, ureq::Error> {
        let content = if is_json { "application/json" } else { "text/plain" };
        let mut request = self.agent.post(&self.options.url).header(header::CONTENT_TYPE, content);
        if !self.options.keep_alive {
            request = request.header(header::CONNECTION, "close");
        }
        let response = if self.options.compress_uploads {
            request.header(header::CONTENT_ENCODING, "gzip").send(&gzip(body)?[..])
        } else {
            request.send(body)
        }?;
        let status = response.status().as_u16();
        let mut body = response.into_body();
        let mut reader = body.with_config().limit(ANSWER_BYTES).reader();
        // The alert was taken, whatever becomes of the rest of the answer.
        let _rest = if self.options.echo {
            io::copy(&mut reader, &mut io::stdout().lock())
        } else {
            io::copy(&mut reader, &mut io::sink())
        };
        Ok(status)
    }
}

fn gzip(body: &str) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 2), Compression::fast());
    encoder.write_all(body.as_bytes())?;
    encoder.finish()
}

/// Whether it is https; anything but http and https is an error.
fn scheme(url: &str) -> Result<bool, SinkError> {
    let wrong = |what: String| SinkError::HttpOption { key: "url", what };
    let uri: Uri = url.parse().map_err(|error| wrong(format!("{url:?} is no URL: {error}")))?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http"), Some(_)) => Ok(false),
        (Some("https"), Some(_)) => Ok(true),
        _ => Err(wrong(format!("{url:?} must start with http:// or https:// and name a host"))),
    }
}
