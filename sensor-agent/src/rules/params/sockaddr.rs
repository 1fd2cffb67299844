//! `struct sockaddr` as a process handed it over.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bumpalo::Bump;

use crate::rules::{fields::Endpoint, text::render};

/// A socket address that has a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SockAddr<'a> {
    /// Internet address.
    Inet(Endpoint),
    /// Path or abstract name of a unix socket.
    Unix(&'a [u8]),
}

impl<'a> SockAddr<'a> {
    /// Reads raw bytes; `None` for other families and for what is too short.
    pub fn parse(raw: &'a [u8]) -> Option<Self> {
        let (family, rest) = raw.split_first_chunk::<2>()?;
        match u16::from_ne_bytes(*family) {
            1 => Some(Self::Unix(Self::unix_path(rest))),
            2 => {
                let (port, rest) = rest.split_first_chunk::<2>()?;
                let ip = IpAddr::V4(Ipv4Addr::from(*rest.first_chunk::<4>()?));
                Some(Self::Inet(Endpoint { ip, port: u16::from_be_bytes(*port) }))
            }
            10 => {
                let (port, rest) = rest.split_first_chunk::<2>()?;
                // Flow information stands between port and address.
                let ip = Ipv6Addr::from(*rest.get(4..)?.first_chunk::<16>()?).to_canonical();
                Some(Self::Inet(Endpoint { ip, port: u16::from_be_bytes(*port) }))
            }
            _ => None,
        }
    }

    /// The name in `sun_path`: up to the first NUL; an abstract name without its leading one, as Falco shows it.
    pub fn unix_path(sun_path: &'a [u8]) -> &'a [u8] {
        let name = sun_path.strip_prefix(b"\0").unwrap_or(sun_path);
        name.split(|byte| *byte == 0).next().unwrap_or_default()
    }

    /// `IP:PORT` or the name.
    pub fn text(&self, arena: &'a Bump) -> &'a [u8] {
        match self {
            Self::Inet(end) => render!(arena, "{}:{}", end.ip, end.port),
            Self::Unix(name) => name,
        }
    }
}
