//! `curl [-s] [-f] [-H HEADER] URL`: one GET of this host's loopback addresses, with curl's flags, output and exit codes.

use std::{ffi::OsString, fmt::Display, io, net::IpAddr, process::ExitCode, time::Duration};

use clap::Parser;
use ureq::{
    Agent,
    http::{
        Uri,
        header::HeaderName,
        uri::{InvalidUri, PathAndQuery},
    },
};

use crate::app::output::{print, tell};

/// curl's own numbers.
const USAGE: u8 = 2;
const UNSUPPORTED: u8 = 1;
const MALFORMED: u8 = 3;
const UNRESOLVED: u8 = 6;
const NOT_CONNECTED: u8 = 7;
const REFUSED: u8 = 22;

/// As much as scripts around the admin server say.
#[derive(Debug, Parser)]
#[command(
    name = "curl",
    about = "GET from an address of this host, as curl does it",
    disable_version_flag = true
)]
#[expect(clippy::struct_excessive_bools, reason = "flags, as curl has them")]
struct Line {
    /// No progress and no messages.
    #[arg(short, long)]
    silent: bool,
    /// Messages all the same.
    #[arg(short = 'S', long)]
    show_error: bool,
    /// A status of 400 or more is exit code 22, and its body is not shown.
    #[arg(short, long)]
    fail: bool,
    /// The same exit code, and the body is shown: the kubelet tells in its event what a probe has said.
    #[arg(long)]
    fail_with_body: bool,
    /// The status line before the body.
    #[arg(short, long)]
    include: bool,
    /// `Name: value`; may be repeated.
    #[arg(short = 'H', long = "header", value_name = "HEADER")]
    headers: Vec<String>,
    /// Seconds for all of it.
    #[arg(short, long, value_name = "SECONDS", default_value_t = 30)]
    max_time: u64,
    /// <http://localhost:PORT/PATH>
    url: String,
}

struct Failure {
    code: u8,
    what: String,
}

/// The body on standard output.
pub(super) fn run(arguments: &[OsString]) -> ExitCode {
    let line = match Line::try_parse_from(arguments) {
        Ok(line) => line,
        Err(error) => {
            let is_help = !error.use_stderr();
            let text = error.render().to_string();
            if is_help {
                print(&text).unwrap_or_default();
            } else {
                tell(text.trim_end());
            }
            return ExitCode::from(if is_help { 0 } else { USAGE });
        }
    };
    match get(&line) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { code, what }) => {
            if !line.silent || line.show_error {
                tell(&format!("curl: ({code}) {what}"));
            }
            code.into()
        }
    }
}

fn get(line: &Line) -> Result<(), Failure> {
    let uri = loopback(&line.url)?;
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(line.max_time)))
        .max_redirects(0)
        .proxy(None);
    let failed = |code, what: String| Failure { code, what };
    let mut request = Agent::new_with_config(config.build()).get(uri);
    for header in &line.headers {
        let (name, value) = header.split_once(':').unwrap_or((header, ""));
        let name = HeaderName::try_from(name.trim());
        let name = name.map_err(|error| failed(USAGE, format!("header `{header}`: {error}")))?;
        request = request.header(name, value.trim());
    }
    let mut response = request.call().map_err(|error| failed(NOT_CONNECTED, error.to_string()))?;
    let status = response.status();
    let refused = format!("The requested URL returned error: {}", status.as_u16());
    if line.fail && status.as_u16() >= 400 {
        return Err(failed(REFUSED, refused));
    }
    let broken = |error: io::Error| failed(NOT_CONNECTED, error.to_string());
    let mut out = io::stdout().lock();
    if line.include {
        io::Write::write_fmt(&mut out, format_args!("HTTP/1.1 {status}\r\n\r\n")).map_err(broken)?;
    }
    match io::copy(&mut response.body_mut().as_reader(), &mut out) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(broken(error)),
        _ if line.fail_with_body && status.as_u16() >= 400 => Err(failed(REFUSED, refused)),
        _ => Ok(()),
    }
}

/// The URL with an address of this host: `localhost` needs no resolver, and nothing else is reached.
fn loopback(url: &str) -> Result<Uri, Failure> {
    let malformed =
        |why: &dyn Display| Failure { code: MALFORMED, what: format!("`{url}` is no URL: {why}") };
    let full = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
    let uri: Uri = full.parse().map_err(|error: InvalidUri| malformed(&error))?;
    if uri.scheme_str() != Some("http") {
        return Err(Failure { code: UNSUPPORTED, what: format!("`{url}`: only http is spoken here") });
    }
    let host = uri.host().ok_or_else(|| malformed(&"it names no host"))?;
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address = if bare == "localhost" { "127.0.0.1" } else { bare };
    if !address.parse().is_ok_and(|address: IpAddr| address.is_loopback()) {
        let what = format!("`{host}`: this curl reaches addresses of its own host only (localhost)");
        return Err(Failure { code: UNRESOLVED, what });
    }
    let authority = format!("{}:{}", host.replace("localhost", "127.0.0.1"), uri.port_u16().unwrap_or(80));
    let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let built = Uri::builder().scheme("http").authority(authority).path_and_query(path).build();
    built.map_err(|error| malformed(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_host_is_reached() {
        for (url, expect) in [
            ("localhost:8765/healthz", Ok("http://127.0.0.1:8765/healthz")),
            ("http://localhost/metrics?a=b", Ok("http://127.0.0.1:80/metrics?a=b")),
            ("http://127.0.0.1:1", Ok("http://127.0.0.1:1/")),
            ("http://[::1]:8765/healthz", Ok("http://[::1]:8765/healthz")),
            ("https://localhost/", Err(UNSUPPORTED)),
            ("file:///etc/shadow", Err(MALFORMED)),
            ("http://10.0.0.1/", Err(UNRESOLVED)),
            ("http://169.254.169.254/latest", Err(UNRESOLVED)),
            ("http://localhost@10.0.0.1/", Err(UNRESOLVED)),
            ("http://localhost.example/", Err(UNRESOLVED)),
            ("http://", Err(MALFORMED)),
        ] {
            let answer = loopback(url).map(|uri| uri.to_string()).map_err(|failure| failure.code);
            assert_eq!(answer, expect.map(str::to_owned), "{url}");
        }
    }
}
