//! Real requests on the loopback address; what others get is asked of [`answer`] directly.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    sync::atomic::Ordering,
};

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::*;
use crate::telemetry::tests::{telemetry, tell};

fn options() -> Options {
    Options {
        listen: (Ipv4Addr::LOCALHOST, 0).into(),
        healthz: "/healthz".to_owned(),
        metrics: true,
        token: None,
        certificate: None,
    }
}

/// Status and body; the connection is closed by the server as it was asked.
fn request(address: SocketAddr, head: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "{head} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

fn remote(telemetry: &Telemetry, path: &str) -> (u16, String) {
    let answer = answer(&Method::GET, path, false, telemetry, &options());
    (answer.status.as_u16(), answer.body)
}

#[test]
fn a_day_of_the_server() {
    let (telemetry, clock) = telemetry();
    let admin = Admin::bind(options()).unwrap();
    let address = admin.address();
    let server = admin.serve(Arc::clone(&telemetry)).unwrap();

    let (status, body) = request(address, "GET /healthz");
    let value: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status, 503);
    assert_eq!(value["reasons"][0], "no syscall canary has come through in the 0.0 s since the start");
    assert!(body.starts_with(r#"{"status":"unhealthy","reasons":["no syscall"#), "{body}");

    tell(&telemetry);
    for path in ["/healthz", "/readyz"] {
        let (status, body) = request(address, &format!("GET {path}"));
        assert_eq!(status, 200);
        assert!(body.starts_with("{\"status\":\"ok\","), "{body}");
        let value: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(value["sources"]["syscall"]["lost"], 12);
        assert_eq!(value["sources"]["syscall"]["skipped_by_kernel"], 9);
        assert_eq!(value["drops"]["ring_full"], json!({ "fork": 1, "openat": 3 }));
        assert_eq!(value["canaries"]["lifecycle"], json!({ "received": 1, "age_ms": 0 }));
        assert_eq!(value["rules"]["faults"][0], "rules.yaml:3:1: bad");
        assert_eq!(value["sinks"][0]["delivered"], 25);
    }
    assert_eq!(request(address, "GET /livez"), (200, "{\"status\": \"ok\"}".to_owned()));
    let (status, body) = request(address, "GET /versions");
    let value: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (status, &value["engine_version"], &value["plugin_versions"]["container"]),
        (200, &json!("63"), &json!("0.7.0"))
    );
    let (status, body) = request(address, "GET /metrics?x=1");
    assert_eq!(status, 200);
    assert!(body.contains("\nfalcosecurity_scap_n_drops_total 12\n"));
    assert_eq!(request(address, "GET /nothing").0, 404);
    assert_eq!(request(address, "POST /healthz").0, 405);
    assert_eq!(request(address, "HEAD /healthz"), (200, String::new()));

    clock.store(7, Ordering::Relaxed);
    assert_eq!(request(address, "GET /healthz").0, 503);
    server.stop();
    // A connection proves nothing: another program may have the port by now.
    assert_eq!(Arc::strong_count(&telemetry), 1, "the server still holds on to something");
    assert_eq!(telemetry.snapshot().ended, ["admin"]);
}

#[test]
fn remote_callers_learn_the_status_only() {
    let (telemetry, _) = telemetry();
    let alive = telemetry.alive("sensor");
    assert_eq!(remote(&telemetry, "/healthz"), (503, "{\"status\": \"unhealthy\"}".to_owned()));
    tell(&telemetry);
    assert_eq!(remote(&telemetry, "/healthz"), (200, "{\"status\": \"ok\"}".to_owned()));
    assert_eq!(remote(&telemetry, "/livez"), (200, "{\"status\": \"ok\"}".to_owned()));
    drop(alive);
    assert_eq!(remote(&telemetry, "/livez"), (503, "{\"status\": \"unhealthy\"}".to_owned()));
    let local = answer(&Method::GET, "/livez", true, &telemetry, &options());
    assert_eq!(local.body, r#"{"ended":["sensor"],"status":"unhealthy"}"#);
}

#[test]
fn the_token_is_the_key_to_details() {
    let with = |token: Option<&str>| Options { token: token.map(str::to_owned), ..options() };
    let header = |value: &str| {
        let mut headers = hyper::HeaderMap::new();
        headers.insert("authorization", value.parse().unwrap());
        headers
    };
    for (token, shown, expect) in [
        (Some("secret"), "Bearer secret", true),
        (Some("secret"), "Bearer secre", false),
        (Some("secret"), "Bearer secret1", false),
        (Some("secret"), "Bearer Secret", false),
        (Some("secret"), "secret", false),
        (Some("secret"), "Bearer ", false),
        (None, "Bearer ", false),
        (None, "Bearer secret", false),
    ] {
        assert_eq!(answer::has_token(&header(shown), &with(token)), expect, "{token:?} {shown:?}");
    }
    assert!(!answer::has_token(&hyper::HeaderMap::new(), &with(Some("secret"))));
}

#[test]
fn paths_and_metrics_are_configurable() {
    let (telemetry, _) = telemetry();
    let options = Options { healthz: "/alive".to_owned(), metrics: false, ..options() };
    let status = |path| answer(&Method::GET, path, true, &telemetry, &options).status;
    assert_eq!(status("/alive"), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(status("/healthz"), StatusCode::NOT_FOUND);
    assert_eq!(status("/metrics"), StatusCode::NOT_FOUND);
}

#[test]
fn a_port_in_use_is_an_error_before_anything_starts() {
    let first = Admin::bind(options()).unwrap();
    let second = Admin::bind(Options { listen: first.address(), ..options() });
    assert!(matches!(second, Err(AdminError::InUse { address, .. }) if address == first.address()));
    let foreign = Admin::bind(Options { listen: ([192, 0, 2, 1], 0).into(), ..options() });
    assert!(matches!(foreign, Err(AdminError::Bind { .. })));
}

#[test]
fn hostile_clients_are_cut_off_and_others_are_served() {
    let (telemetry, _) = telemetry();
    let admin = Admin::bind(options()).unwrap();
    let address = admin.address();
    let server = admin.serve(Arc::clone(&telemetry)).unwrap();

    // A header that does not end is refused at its limit, not collected.
    let mut endless = TcpStream::connect(address).unwrap();
    endless.write_all(b"GET /healthz HTTP/1.1\r\nX: ").unwrap();
    let filler = [b'x'; 4096];
    let refused = (0..10_000).any(|_| endless.write_all(&filler).is_err());
    assert!(refused, "the server took 40 MB of one header");

    // More connections than one address may hold are closed without an answer.
    let mut open: Vec<TcpStream> = (0..40).map(|_| TcpStream::connect(address).unwrap()).collect();
    let mut last = open.pop().unwrap();
    // Well below the time that a header may take, so it is the limit that closes it.
    last.set_read_timeout(Some(HEADER / 2)).unwrap();
    match last.read(&mut [0]) {
        Ok(n) => assert_eq!(n, 0),
        Err(error) => assert_eq!(error.kind(), io::ErrorKind::ConnectionReset),
    }
    drop(open);

    // Stopping does not wait for a client that says nothing.
    let silent = TcpStream::connect(address).unwrap();
    server.stop();
    drop(silent);
}

#[test]
fn it_speaks_tls_with_falcos_pem_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("falco.pem");
    let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    // Falco's file has the key first.
    std::fs::write(&path, pair.signing_key.serialize_pem() + &pair.cert.pem()).unwrap();
    let (telemetry, _clock) = telemetry();
    let admin = Admin::bind(Options { certificate: Some(path.clone()), ..options() }).unwrap();
    let address = admin.address();
    let server = admin.serve(telemetry).unwrap();

    let mut roots = rustls::RootCertStore::empty();
    roots.add(pair.cert.der().clone()).unwrap();
    let config =
        rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
    let name = "localhost".try_into().unwrap();
    let client = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = rustls::StreamOwned::new(client, TcpStream::connect(address).unwrap());
    write!(stream, "GET /livez HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert!(text.starts_with("HTTP/1.1 200 "), "{text}");

    // Who does not speak TLS learns nothing, and disturbs nobody.
    let mut plain = TcpStream::connect(address).unwrap();
    write!(plain, "GET /livez HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    let mut bytes = Vec::new();
    plain.read_to_end(&mut bytes).unwrap();
    assert!(!bytes.starts_with(b"HTTP"), "{bytes:?}");
    server.stop();

    std::fs::write(&path, "no PEM").unwrap();
    let error = Admin::bind(Options { certificate: Some(path), ..options() }).unwrap_err();
    assert!(error.to_string().contains("falco.pem (webserver.ssl_certificate)"), "{error}");
}
