//! POST requests to a real server: what they look like, TLS in all its options, and what happens to each answer.

use std::{fs, io::Read, path::PathBuf, time::Duration};

use super::{
    server::{Authority, Server},
    *,
};

pub(super) fn options(url: String) -> HttpOptions {
    HttpOptions {
        url,
        user_agent: "falcosecurity/falco".to_owned(),
        insecure: false,
        ca_cert: None,
        ca_bundle: None,
        ca_path: PathBuf::from("/nowhere"),
        mtls: false,
        client_cert: PathBuf::from("/nowhere"),
        client_key: PathBuf::from("/nowhere"),
        echo: false,
        compress_uploads: false,
        keep_alive: true,
        max_consecutive_timeouts: 5,
        timeout: Duration::from_secs(30),
    }
}

fn post(options: HttpOptions, json: bool, n: usize) -> SinkCount {
    let client = Client::new(options).unwrap();
    let mut sinks = Sinks::new(format(json), vec![Box::new(Http::new(client))]);
    (0..n).for_each(|_| sinks.deliver(&alert()));
    timeless(sinks.counts()).remove(0)
}

fn count(delivered: u64, failed: u64, retried: u64) -> SinkCount {
    SinkCount { sink: "http".to_owned(), delivered, failed, retried, ..SinkCount::default() }
}

#[test]
fn requests_look_like_falcos() {
    for (json, content) in [(true, "application/json"), (false, "text/plain")] {
        let server = Server::plain(|_| 200);
        assert_eq!(post(options(server.url("http")), json, 2), count(2, 0, 0));
        let seen = server.seen();
        assert!(seen[0].head.starts_with("post / http/1.1\r\n"), "{}", seen[0].head);
        assert!(seen[0].head.contains(&format!("\r\ncontent-type: {content}\r\n")), "{}", seen[0].head);
        assert!(seen[0].head.contains("\r\nuser-agent: falcosecurity/falco\r\n"), "{}", seen[0].head);
        assert_eq!(String::from_utf8_lossy(&seen[0].body), body(&format(json), &alert()));
        assert_eq!((seen[0].connection, seen[1].connection), (0, 0), "kept alive");
    }
}

#[test]
fn connections_and_bodies_as_configured() {
    let server = Server::plain(|_| 200);
    let url = server.url("http");
    post(HttpOptions { keep_alive: false, compress_uploads: true, ..options(url) }, true, 2);
    let seen = server.seen();
    assert_ne!(seen[0].connection, seen[1].connection);
    assert!(seen[0].head.contains("\r\ncontent-encoding: gzip\r\n"), "{}", seen[0].head);
    let mut text = String::new();
    flate2::read::GzDecoder::new(&seen[0].body[..]).read_to_string(&mut text).unwrap();
    assert_eq!(text, body(&format(true), &alert()));
}

#[test]
fn each_answer_is_tried_again_or_not() {
    let first = |status| move |n| if n == 0 { status } else { 200 };
    for (status, expect, requests) in [
        (200, count(1, 0, 0), 1),
        (204, count(1, 0, 0), 1),
        (503, count(1, 0, 1), 2),
        (429, count(1, 0, 1), 2),
        (408, count(1, 0, 1), 2),
        (0, count(1, 0, 1), 2),
        (400, count(0, 1, 0), 1),
        (404, count(0, 1, 0), 1),
        // Not followed: alerts go where the configuration says.
        (302, count(0, 1, 0), 1),
    ] {
        let server = Server::plain(first(status));
        assert_eq!(post(options(server.url("http")), true, 1), expect, "{status}");
        assert_eq!(server.seen().len(), requests, "{status}");
    }
    let server = Server::plain(|_| 500);
    let twice = HttpOptions { max_consecutive_timeouts: 2, ..options(server.url("http")) };
    assert_eq!(post(twice, true, 1), count(0, 1, 2), "given up");
    let closed = HttpOptions { max_consecutive_timeouts: 1, ..options("http://127.0.0.1:1/".to_owned()) };
    assert_eq!(post(closed, true, 1), count(0, 1, 1), "nobody there");
}

#[test]
fn a_receiver_that_says_nothing_is_given_up_after_the_timeout() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let timeout = Duration::from_millis(100);
    let impatient = HttpOptions { timeout, max_consecutive_timeouts: 1, ..options(url) };
    assert_eq!(post(impatient, true, 1), count(0, 1, 1));
}

#[test]
fn certificates_are_checked_in_both_directions() {
    let home = tempfile::tempdir().unwrap();
    let authority = Authority::new(true);
    let write = |name: &str, text: &str| {
        let path = home.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let directory = home.path().join("certs");
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("readme"), "no certificate").unwrap();
    fs::write(directory.join("ca.crt"), &authority.ca_pem).unwrap();
    let ca = write("ca.pem", &authority.ca_pem);
    let other = write("other.pem", &Authority::new(false).ca_pem);
    let client_cert = write("client.pem", &authority.client_pem);
    let client_key = write("client.key", &authority.client_key_pem);
    let server = Server::tls(&authority);
    let base = HttpOptions { max_consecutive_timeouts: 0, ..options(server.url("https")) };
    let with_client =
        HttpOptions { mtls: true, client_cert: client_cert.clone(), client_key, ..base.clone() };

    let cases = [
        ("ca_cert", HttpOptions { ca_cert: Some(ca.clone()), ..with_client.clone() }, true),
        ("ca_bundle", HttpOptions { ca_bundle: Some(ca.clone()), ..with_client.clone() }, true),
        ("ca_path", HttpOptions { ca_path: directory, ..with_client.clone() }, true),
        ("insecure", HttpOptions { insecure: true, ..with_client.clone() }, true),
        (
            "ca_cert before ca_bundle",
            HttpOptions { ca_cert: Some(other.clone()), ca_bundle: Some(ca.clone()), ..with_client.clone() },
            false,
        ),
        ("another authority", HttpOptions { ca_cert: Some(other), ..with_client.clone() }, false),
        ("no client certificate", HttpOptions { ca_cert: Some(ca.clone()), ..base.clone() }, false),
        (
            "another name",
            HttpOptions {
                url: format!("https://127.0.0.1:{}/", server.address.port()),
                ca_cert: Some(ca.clone()),
                ..with_client.clone()
            },
            false,
        ),
    ];
    for (name, options, is_delivered) in cases {
        let expect = if is_delivered { count(1, 0, 0) } else { count(0, 1, 0) };
        assert_eq!(post(options, true, 1), expect, "{name}");
    }

    let refused = |options: HttpOptions| Client::new(options).unwrap_err().to_string();
    let no_key = HttpOptions { ca_cert: Some(ca.clone()), client_key: client_cert, ..with_client };
    assert!(refused(no_key).starts_with("http_output.client_key: "));
    assert!(refused(base.clone()).starts_with("http_output.ca_path: /nowhere: "));
    assert!(refused(HttpOptions { url: "ftp://x/".to_owned(), ..base }).starts_with("http_output.url: "));
}
