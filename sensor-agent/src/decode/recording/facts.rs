//! What a recording says of its host, and how numbers and texts are laid out in a frame.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The host's facts that records do not carry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostFacts {
    /// Falco's `evt.hostname`.
    pub hostname: String,
    /// The clock anchor: ns to add to a record's boot-time stamp to have wall-clock time.
    pub boot_epoch_ns: u64,
    /// passwd.
    pub users: Vec<User>,
    /// group.
    pub groups: Vec<Group>,
    /// Addresses of its interfaces.
    pub addresses: Vec<IpAddr>,
}

/// A line of passwd.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// User id.
    pub uid: u32,
    /// Its name.
    pub name: String,
    /// Home directory.
    pub home: String,
    /// Login shell.
    pub shell: String,
}

/// A line of group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Group id.
    pub gid: u32,
    /// Its name.
    pub name: String,
}

impl HostFacts {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut to = Encoder::default();
        to.text(self.hostname.as_bytes());
        to.bytes.extend_from_slice(&self.boot_epoch_ns.to_le_bytes());
        to.u32(self.users.len() as u32);
        for user in &self.users {
            to.u32(user.uid);
            for text in [&user.name, &user.home, &user.shell] {
                to.text(text.as_bytes());
            }
        }
        to.u32(self.groups.len() as u32);
        for group in &self.groups {
            to.u32(group.gid);
            to.text(group.name.as_bytes());
        }
        to.u32(self.addresses.len() as u32);
        for address in &self.addresses {
            match address {
                IpAddr::V4(address) => to.text(&address.octets()),
                IpAddr::V6(address) => to.text(&address.octets()),
            }
        }
        to.bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut from = Decoder { bytes };
        let hostname = from.string()?;
        let boot_epoch_ns = from.u64()?;
        let users = from.list(|from| {
            Some(User { uid: from.u32()?, name: from.string()?, home: from.string()?, shell: from.string()? })
        })?;
        let groups = from.list(|from| Some(Group { gid: from.u32()?, name: from.string()? }))?;
        let addresses = from.list(|from| {
            let octets = from.text()?;
            let v4 = <[u8; 4]>::try_from(octets).map(|octets| IpAddr::from(Ipv4Addr::from(octets)));
            v4.or_else(|_not| <[u8; 16]>::try_from(octets).map(|octets| Ipv6Addr::from(octets).into())).ok()
        })?;
        from.end()?;
        Some(Self { hostname, boot_epoch_ns, users, groups, addresses })
    }
}

/// Builds a payload.
#[derive(Default)]
pub(super) struct Encoder {
    pub(super) bytes: Vec<u8>,
}

impl Encoder {
    pub(super) fn u32(&mut self, value: u32) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn text(&mut self, text: &[u8]) {
        self.u32(text.len() as u32);
        self.bytes.extend_from_slice(text);
    }

    pub(super) fn optional(&mut self, text: Option<&[u8]>) {
        self.bytes.push(u8::from(text.is_some()));
        if let Some(text) = text {
            self.text(text);
        }
    }
}

/// Takes a payload apart; `None` is damage.
pub(super) struct Decoder<'a> {
    pub(super) bytes: &'a [u8],
}

impl<'a> Decoder<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (value, rest) = self.bytes.split_first_chunk()?;
        self.bytes = rest;
        Some(*value)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    pub(super) fn text(&mut self) -> Option<&'a [u8]> {
        let len = self.u32()? as usize;
        let (text, rest) = self.bytes.split_at_checked(len)?;
        self.bytes = rest;
        Some(text)
    }

    /// A text that may be missing; `Err` is damage.
    pub(super) fn optional(&mut self) -> Result<Option<&'a [u8]>, ()> {
        match self.take::<1>() {
            Some([0]) => Ok(None),
            Some([1]) => self.text().map(Some).ok_or(()),
            _ => Err(()),
        }
    }

    fn string(&mut self) -> Option<String> {
        Some(String::from_utf8_lossy(self.text()?).into_owned())
    }

    /// A counted list; the count is believed only as far as there are bytes.
    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.u32()?;
        (0..count).map(|_| item(self)).collect()
    }

    pub(super) fn end(&self) -> Option<()> {
        self.bytes.is_empty().then_some(())
    }
}
