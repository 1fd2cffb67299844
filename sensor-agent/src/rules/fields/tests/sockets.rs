//! Sockets: names, roles, both ends.

use sensor_common::event::{Socket, socket as socket_flag};

use crate::{
    decode::zero,
    enrich::Side,
    rules::{
        Value,
        fields::FieldRef,
        fixture::{Names, call, file, process, shows, socket, within},
    },
};

pub(super) fn inet(local: [u8; 4], local_port: u16, remote: [u8; 4], remote_port: u16) -> Socket {
    let wide = |four: [u8; 4]| -> [u8; 16] {
        let mut wide = [0; 16];
        wide[..4].copy_from_slice(&four);
        wide
    };
    Socket {
        local: wide(local),
        remote: wide(remote),
        local_port,
        remote_port,
        family: 2,
        sock_type: 1,
        protocol: 6,
        fd: 4,
        ..zero()
    }
}

fn with_fd(socket: Socket) -> Socket {
    let mut socket = socket;
    socket.call.args[0] = 4;
    socket
}

#[test]
fn sockets_and_their_roles() {
    let ours = inet([10, 0, 0, 1], 40_000, [1, 2, 3, 4], 443);
    shows(
        &socket("connect", -115, with_fd(ours), b"", b""),
        Side::Caller,
        &[
            ("fd.name", "10.0.0.1:40000->1.2.3.4:443"),
            ("fd.cip", "10.0.0.1"),
            ("fd.sip", "1.2.3.4"),
            ("fd.sport", "443"),
            ("fd.lport", "40000"),
            ("fd.rip", "1.2.3.4"),
            ("fd.sproto", "443"),
            ("fd.l4proto", "tcp"),
            ("fd.sockfamily", "ip"),
            ("fd.typechar", "4"),
            ("fd.connected", "true"),
            ("fd.name_changed", "true"),
            ("fd.is_server", "false"),
            ("fd.directory", "-"),
            ("fd.ino", "0"),
            ("fd.ip", "-"),
            ("evt.category", "net"),
            ("evt.count.error.net", "1"),
        ],
    );
    let refused = inet([10, 0, 0, 1], 0, [0; 4], 0);
    shows(
        &socket("connect", -111, with_fd(refused), b"", b""),
        Side::Caller,
        &[
            ("fd.name", ""),
            ("fd.cip", "-"),
            ("fd.l4proto", "<NA>"),
            ("fd.connected", "false"),
            ("fd.typechar", "4"),
        ],
    );
    let accepted = inet([10, 0, 0, 1], 22, [1, 2, 3, 4], 40_000);
    shows(
        &socket("accept", 5, accepted, b"", b""),
        Side::Caller,
        &[
            ("fd.num", "5"),
            ("fd.name", "1.2.3.4:40000->10.0.0.1:22"),
            ("fd.cip", "1.2.3.4"),
            ("fd.lport", "22"),
            ("fd.rport", "40000"),
            ("fd.is_server", "true"),
        ],
    );
    // A copy of the connection's descriptor, as when standard input becomes the network.
    shows(
        &socket("dup2", 0, accepted, b"", b""),
        Side::Caller,
        &[
            ("fd.num", "0"),
            ("fd.type", "ipv4"),
            ("fd.sport", "22"),
            ("evt.category", "net"),
            ("evt.rawres", "0"),
        ],
    );
    // Established, seen in the middle: the lower port serves.
    shows(
        &socket("sendto", 5, with_fd(accepted), b"", b""),
        Side::Caller,
        &[
            ("fd.name", "1.2.3.4:40000->10.0.0.1:22"),
            ("fd.name_changed", "false"),
            ("fd.connected", "true"),
            ("evt.buflen", "5"),
            ("evt.is_io_write", "true"),
            ("evt.io_dir", "write"),
        ],
    );
}

#[test]
fn sockets_without_a_peer() {
    let bound = Socket { flags: socket_flag::LISTENER, ..inet([0; 4], 80, [0; 4], 0) };
    shows(
        &socket("listen", 0, with_fd(bound), b"", b""),
        Side::Caller,
        &[
            ("fd.name", "0.0.0.0:80"),
            ("fd.sport", "80"),
            ("fd.lport", "-"),
            ("fd.cproto", ""),
            ("fd.is_server", "true"),
            ("fd.l4proto", "tcp"),
        ],
    );
    let datagram = Socket { sock_type: 2, protocol: 17, ..inet([10, 0, 0, 1], 5000, [0; 4], 0) };
    let to = [2, 0, 0, 53, 8, 8, 8, 8];
    shows(
        &socket("sendto", 3, with_fd(datagram), &to, b""),
        Side::Caller,
        &[
            ("fd.name", "10.0.0.1:5000->8.8.8.8:53"),
            ("fd.name_changed", "true"),
            ("fd.connected", "false"),
            ("fd.l4proto", "udp"),
        ],
    );
    let unix = Socket { family: 1, sock: 0xabc, peer: 0xdef, sock_type: 1, ..zero() };
    shows(
        &socket("connect", 0, with_fd(unix), b"", b"/tmp/s\0junk"),
        Side::Caller,
        &[
            ("fd.name", "abc->def /tmp/s"),
            ("fd.type", "unix"),
            ("fd.sockfamily", "unix"),
            ("fd.sport", "-"),
            ("fd.connected", "true"),
        ],
    );
    shows(
        &socket("socket", -13, zero(), b"", b""),
        Side::Caller,
        &[("fd.num", "-1"), ("fd.typechar", "4"), ("fd.type", "-")],
    );
}

#[test]
fn both_ends_are_a_list() {
    let record = socket("connect", 0, with_fd(inet([10, 0, 0, 1], 9, [1, 2, 3, 4], 8)), b"", b"");
    let values = |record: &[u8], name: &str| -> Option<usize> {
        within(record, &process(), Side::Caller, |c| {
            match FieldRef::resolve(name, None).expect("a field").get(c) {
                Some(Value::List(list)) => Some(list.len()),
                other => {
                    assert_eq!(other, None);
                    None
                }
            }
        })
    };
    assert_eq!(
        (values(&record, "fd.ip"), values(&record, "fd.port"), values(&record, "fd.net")),
        (Some(2), Some(2), Some(2))
    );
    let known = file("open", 3, [0; 6], Names { name: [Some(b"/f"), None], ..Names::default() });
    assert_eq!(values(&known, "fd.ip"), Some(0), "exists, and compares with nothing");
    assert_eq!(values(&call("kill", 0, [0; 6]), "fd.ip"), None);
}
