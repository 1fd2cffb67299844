//! The loop-back device by netlink: brought up, and given addresses that acts connect to.

use std::fs;
use std::io;
use std::net::Ipv4Addr;

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, SendFlags, SocketType, sendto, socket};

const RTM_NEWLINK: u16 = 16;
const RTM_NEWADDR: u16 = 20;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_CREATE: u16 = 0x400;
const IFF_UP: u32 = 1;
const IFA_LOCAL: u16 = 2;
const AF_INET: u8 = 2;
const LO_INDEX: u32 = 1;

/// `ip link set lo up`.
pub fn loopback_up() -> io::Result<()> {
    // Family and device type are zero, then index, flags, and which flags change.
    let mut body = vec![0; 4];
    for word in [LO_INDEX, IFF_UP, IFF_UP] {
        body.extend_from_slice(&word.to_ne_bytes());
    }
    request(RTM_NEWLINK, NLM_F_REQUEST, &body)?;
    let flags = fs::read_to_string("/sys/class/net/lo/flags")?;
    if flags.trim() == "0x9" { Ok(()) } else { Err(io::Error::other(format!("flags are {}", flags.trim()))) }
}

/// `ip address add ADDRESS/32 dev lo`; an address that is there already stays.
pub fn add_address(address: Ipv4Addr) -> io::Result<()> {
    const WHOLE: u8 = 32;
    let mut body = vec![AF_INET, WHOLE, 0, 0];
    body.extend_from_slice(&LO_INDEX.to_ne_bytes());
    body.extend_from_slice(&8_u16.to_ne_bytes());
    body.extend_from_slice(&IFA_LOCAL.to_ne_bytes());
    body.extend_from_slice(&address.octets());
    request(RTM_NEWADDR, NLM_F_REQUEST | NLM_F_CREATE, &body)
}

/// One message to the kernel's routing part, which is socket protocol 0; what it did shows in its effect.
fn request(kind: u16, flags: u16, body: &[u8]) -> io::Result<()> {
    const HEADER_BYTES: usize = 16;
    let length = u32::try_from(HEADER_BYTES + body.len()).map_err(io::Error::other)?;
    let mut message = length.to_ne_bytes().to_vec();
    message.extend_from_slice(&kind.to_ne_bytes());
    message.extend_from_slice(&flags.to_ne_bytes());
    // Sequence number and port.
    message.extend_from_slice(&[0; 8]);
    message.extend_from_slice(body);
    let route = socket(AddressFamily::NETLINK, SocketType::RAW, None)?;
    sendto(&route, &message, SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
    Ok(())
}
