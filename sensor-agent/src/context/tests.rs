//! Sockets that are missing, mute, or no runtime's. Real runtimes are asked in tests/live.

use std::{io::Write, os::unix::net::UnixListener, path::Path, thread, time::Duration};

use tokio::runtime;

use super::{Engine, Options, Service, answer::Failure, board::Board, clients::Clients};
use crate::border::{self, Inbound, Resolved, Told, Wanted};

/// Every engine at one socket.
fn at(socket: &Path) -> Options {
    let engine = Engine { is_enabled: true, sockets: vec![socket.display().to_string()] };
    Options {
        cri: engine.clone(),
        containerd: engine.clone(),
        docker: engine.clone(),
        podman: engine,
        ..Options::default()
    }
}

fn wanted(runtime: &str) -> Wanted {
    Wanted { full_id: "a".repeat(64), runtime: runtime.to_owned(), namespace: None }
}

#[test]
fn without_a_runtime_the_answer_is_that_nobody_knows() {
    let directory = tempfile::tempdir().expect("a directory");
    let (commands, answers) = border::channel(8);
    let service = Service::start(at(&directory.path().join("missing.sock")), commands).expect("a thread");
    for runtime in ["containerd", "cri-o", "docker", "podman", "lxc"] {
        assert!(service.ask(wanted(runtime)));
        match answers.recv(Duration::from_secs(10)) {
            Ok(Inbound::Context(Told { context: None, full_id })) => assert_eq!(full_id, "a".repeat(64)),
            other => panic!("{runtime}: {other:?}"),
        }
    }
}

#[test]
fn the_api_service_is_known_without_a_look_up() {
    let (sender, answers) = border::channel(16);
    let api = "10.96.0.1".parse().ok();
    let service = Service::start(Options { api, ..Options::default() }, sender).expect("a service");
    service.look_up(vec!["kubernetes.default.svc.no-such-domain.invalid".to_owned()]);
    let Ok(Inbound::Names(told)) = answers.recv(Duration::from_secs(30)) else { panic!("no answer") };
    assert_eq!(told[0].addresses, api.into_iter().collect::<Vec<_>>());
}

#[test]
fn host_names_are_looked_up_and_looked_up_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let (commands, answers) = border::channel(8);
    let service = Service::start(at(&directory.path().join("missing.sock")), commands).expect("a thread");
    for names in [&["localhost"][..], &["localhost", "no-such-name.invalid"], &[]] {
        service.look_up(names.iter().map(|name| (*name).to_owned()).collect());
        let Ok(Inbound::Names(told)) = answers.recv(Duration::from_secs(30)) else { panic!("{names:?}") };
        assert_eq!(told.iter().map(|told| told.name.as_str()).collect::<Vec<_>>(), names);
        for Resolved { name, addresses } in told {
            assert_eq!(
                addresses.iter().any(std::net::IpAddr::is_loopback),
                name == "localhost",
                "{addresses:?}"
            );
        }
    }
}

/// What one question after the other gets from a listener.
fn asked(socket: &Path, runtime: &str) -> [Failure; 2] {
    let tokio = runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    tokio.block_on(async {
        let mut clients = Clients::new(&at(socket), Board::default());
        let asked = clients.of(&wanted(runtime));
        let first = asked.ask(&wanted(runtime)).await.expect_err("nobody knows it");
        [first, asked.ask(&wanted(runtime)).await.expect_err("nobody knows it")]
    })
}

#[test]
fn a_socket_that_never_answers_costs_one_time_out() {
    for runtime in ["containerd", "cri-o", "docker", "podman"] {
        let directory = tempfile::tempdir().expect("a directory");
        let socket = directory.path().join("mute.sock");
        // Connections wait in its backlog for ever.
        let _listener = UnixListener::bind(&socket).expect("a socket");
        let [first, second] = asked(&socket, runtime);
        assert!(matches!(&first, Failure::Down(_)), "{runtime}: {first}");
        // The reason of before: it was not asked again.
        assert_eq!(first.to_string(), second.to_string(), "{runtime}");
        assert!(first.to_string().contains("nothing within"), "{runtime}: {first}");
    }
}

#[test]
fn a_socket_that_speaks_something_else_is_down() {
    for runtime in ["containerd", "docker"] {
        let directory = tempfile::tempdir().expect("a directory");
        let socket = directory.path().join("other.sock");
        let listener = UnixListener::bind(&socket).expect("a socket");
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // Whether it was read does not matter.
                let _sent = (&stream).write_all(b"220 mail.example ESMTP\r\n");
            }
        });
        let [first, _] = asked(&socket, runtime);
        assert!(matches!(&first, Failure::Down(_)), "{runtime}: {first}");
    }
}

#[test]
fn a_stale_socket_is_down_and_a_missing_one_absent() {
    let directory = tempfile::tempdir().expect("a directory");
    let socket = directory.path().join("stale.sock");
    drop(UnixListener::bind(&socket).expect("a socket"));
    let [first, _] = asked(&socket, "containerd");
    assert!(matches!(&first, Failure::Down(_)), "{first}");
    let [first, second] = asked(&directory.path().join("missing.sock"), "docker");
    assert!(matches!((&first, &second), (Failure::Absent, Failure::Absent)), "{first}");
}
