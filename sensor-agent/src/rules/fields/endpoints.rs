//! Both ends of a socket and their roles, without a descriptor table: who connects is the client, who accepts or is
//! bound is the server, and on an established connection seen first in the middle the lower port is the server's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use sensor_common::event::{Socket, socket};

use super::{Context, descriptor::succeeded};
use crate::rules::{params::sockaddr::SockAddr, text::Text, text::render};

/// Address and port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Address; one mapped into IPv6 is IPv4.
    pub ip: IpAddr,
    /// Port, host order.
    pub port: u16,
}

/// The ends of an internet socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoints {
    /// Bound or listening, without a peer.
    Bound(Endpoint),
    /// With a peer.
    Pair {
        /// Who asked.
        client: Endpoint,
        /// Who serves.
        server: Endpoint,
        /// Whether the client is this end.
        is_client_local: bool,
    },
}

const AF_UNIX: u16 = 1;
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;
const SOCK_RAW: u16 = 3;
const PROTOCOLS: [(u16, &str); 4] = [(6, "tcp"), (17, "udp"), (1, "icmp"), (58, "icmp")];

impl Endpoints {
    /// The ends of `socket` after the event's call; `None` while there is neither address nor peer.
    pub fn of(context: &Context<'_>, socket: &Socket) -> Option<Self> {
        if socket.family != AF_INET && socket.family != AF_INET6 {
            return None;
        }
        let event = context.event.row()?.event;
        let ret = context.event.record.call()?.ret;
        let local = endpoint(socket.family, socket.local, socket.local_port);
        match peer(context, socket) {
            Some(remote) if event != "connect" || succeeded(ret) || socket.remote_port != 0 => {
                let is_client_local = match event {
                    "connect" => true,
                    "accept" | "accept4" => false,
                    _ if socket.remote_port == 0 => true,
                    _ if socket.flags & socket::LISTENER != 0 => false,
                    _ => local.port >= remote.port,
                };
                let (client, server) = if is_client_local { (local, remote) } else { (remote, local) };
                Some(Self::Pair { client, server, is_client_local })
            }
            // A raw socket keeps its protocol where others have their port.
            _ if socket.local_port != 0 && socket.sock_type != SOCK_RAW => Some(Self::Bound(local)),
            _ => None,
        }
    }

    /// Who asked.
    pub fn client(&self) -> Option<Endpoint> {
        match self {
            Self::Bound(_) => None,
            Self::Pair { client, .. } => Some(*client),
        }
    }

    /// Who serves.
    pub fn server(&self) -> Endpoint {
        match self {
            Self::Bound(server) | Self::Pair { server, .. } => *server,
        }
    }

    /// This end, if there is a peer.
    pub fn local(&self) -> Option<Endpoint> {
        match *self {
            Self::Bound(_) => None,
            Self::Pair { client, server, is_client_local } => {
                Some(if is_client_local { client } else { server })
            }
        }
    }

    /// The other end.
    pub fn remote(&self) -> Option<Endpoint> {
        match *self {
            Self::Bound(_) => None,
            Self::Pair { client, server, is_client_local } => {
                Some(if is_client_local { server } else { client })
            }
        }
    }
}

/// The peer: of the connection, or the one that a datagram was sent to.
fn peer(context: &Context<'_>, socket: &Socket) -> Option<Endpoint> {
    let remote = endpoint(socket.family, socket.remote, socket.remote_port);
    if socket.remote_port != 0 || !remote.ip.is_unspecified() {
        return Some(remote);
    }
    let is_send = matches!(context.event.row()?.event, "sendto" | "sendmsg");
    match SockAddr::parse(context.event.record.text(&socket.addr)?) {
        Some(SockAddr::Inet(to)) if is_send => Some(to),
        _ => None,
    }
}

fn endpoint(family: u16, address: [u8; 16], port: u16) -> Endpoint {
    let ip = if family == AF_INET {
        let [a, b, c, d, ..] = address;
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    } else {
        Ipv6Addr::from(address).to_canonical()
    };
    Endpoint { ip, port }
}

/// Whether an IPv6 socket carries IPv4.
pub(super) fn is_mapped(socket: &Socket) -> bool {
    [socket.local, socket.remote]
        .into_iter()
        .any(|address| Ipv6Addr::from(address).to_ipv4_mapped().is_some())
}

/// Falco's `fd.l4proto`: a protocol is told once there is a role; raw sockets always.
pub(super) fn protocol(socket: &Socket, ends: Option<Endpoints>) -> &'static str {
    let is_inet = socket.family == AF_INET || socket.family == AF_INET6;
    if is_inet && socket.sock_type == SOCK_RAW {
        return "raw";
    }
    let word = PROTOCOLS.iter().find(|(number, _)| *number == socket.protocol).map(|(_, word)| *word);
    ends.and(word).unwrap_or("<NA>")
}

/// The letter that Falco puts behind the type character of an internet socket: `<4t>`.
pub(in crate::rules) fn protocol_letter(socket: &Socket, ends: Option<Endpoints>) -> &'static str {
    match protocol(socket, ends) {
        "tcp" => "t",
        "udp" => "u",
        "icmp" => "i",
        "raw" => "r",
        _ => "",
    }
}

/// Falco's `fd.name` of a socket.
pub(super) fn socket_name<'a>(context: &Context<'a>, socket: &Socket) -> &'a [u8] {
    if socket.family == AF_UNIX {
        return unix_name(context, socket);
    }
    match Endpoints::of(context, socket) {
        None => b"",
        Some(Endpoints::Bound(end)) => render!(context.arena, "{}:{}", end.ip, end.port),
        Some(Endpoints::Pair { client, server, .. }) => pair(context, client, server),
    }
}

fn pair<'a>(context: &Context<'a>, from: Endpoint, to: Endpoint) -> &'a [u8] {
    // ICMP and raw sockets have no ports.
    if to.port == 0 {
        return render!(context.arena, "{}->{}", from.ip, to.ip);
    }
    render!(context.arena, "{}:{}->{}:{}", from.ip, from.port, to.ip, to.port)
}

/// `SOURCE->DESTINATION PATH` with the addresses of the kernel's sockets, or only the path of an unconnected one.
fn unix_name<'a>(context: &Context<'a>, socket: &Socket) -> &'a [u8] {
    let record = context.event.record;
    let event = context.event.row().map_or("", |row| row.event);
    let ok = record.call().is_some_and(|call| succeeded(call.ret));
    let given = || match record.text(&socket.addr).and_then(SockAddr::parse) {
        Some(SockAddr::Unix(path)) if ok => Some(path),
        _ => None,
    };
    let path = record.text(&socket.path).map(SockAddr::unix_path).or_else(given).unwrap_or_default();
    if socket.peer == 0 && !matches!(event, "sendto" | "sendmsg") {
        return path;
    }
    let (from, to) = match event {
        "accept" | "accept4" | "recvfrom" | "recvmsg" => (socket.peer, socket.sock),
        _ => (socket.sock, socket.peer),
    };
    let mut name = Text::new(context.arena);
    name.fmt(format_args!("{from:x}->{to:x} ")).push(path);
    name.finish()
}

/// The tuple parameter of a call: from whom to whom the call's data or request goes; `None` when the call failed.
pub(in crate::rules) fn tuple<'a>(context: &Context<'a>, socket: &Socket) -> Option<&'a [u8]> {
    let event = context.event.row()?.event;
    if !succeeded(context.event.record.call()?.ret) || socket.family == 0 {
        return None;
    }
    if socket.family == AF_UNIX {
        return Some(unix_name(context, socket)).filter(|name| !name.is_empty());
    }
    let ends = Endpoints::of(context, socket)?;
    let (local, remote) = (ends.local()?, ends.remote()?);
    Some(match event {
        "sendto" | "sendmsg" | "connect" => pair(context, local, remote),
        _ => pair(context, remote, local),
    })
}
