//! A record as the kernel side wrote it, checked and borrowed.

use sensor_common::{
    ABI, Kind, Slice,
    event::{Call, Cgroup, Exit, File, Prefix, Process, Socket},
    tail::flag,
};
use zerocopy::{FromBytes, Immutable, KnownLayout};

use super::DecodeError;

/// A checked record: every slice of it lies inside.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    bytes: &'a [u8],
    /// Header and task.
    pub prefix: Prefix,
    /// The fixed part of its kind.
    pub body: Body,
}

/// Fixed parts by kind. Copied out of the ring (a few cache lines), so that recorded files need no alignment.
#[derive(Clone, Copy, Debug)]
pub enum Body {
    /// A task was created.
    Fork(Process),
    /// An exec succeeded.
    Exec(Process),
    /// A task ended.
    Exit(Exit),
    /// First sight of a process.
    Process(Process),
    /// A cgroup was made.
    Cgroup(Cgroup),
    /// A system call with integers only.
    Call(Call),
    /// A system call with names.
    File(File),
    /// A system call on a socket.
    Socket(Socket),
}

impl<'a> Record<'a> {
    /// Reads one record that fills `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let (prefix, rest) = read::<Prefix>(bytes, 0)?;
        if prefix.header.abi != ABI {
            return Err(DecodeError::Abi { found: prefix.header.abi });
        }
        if prefix.header.len as usize != bytes.len() {
            return Err(DecodeError::Length { len: bytes.len(), said: prefix.header.len });
        }
        let kind = Kind::new(prefix.header.kind).ok_or(DecodeError::Kind { kind: prefix.header.kind })?;
        let body = match kind {
            Kind::Fork => Body::Fork(fixed(rest, bytes)?),
            Kind::Exec => Body::Exec(fixed(rest, bytes)?),
            Kind::Exit => Body::Exit(fixed(rest, bytes)?),
            Kind::Process => Body::Process(fixed(rest, bytes)?),
            Kind::Cgroup => Body::Cgroup(fixed(rest, bytes)?),
            Kind::Call => Body::Call(fixed(rest, bytes)?),
            Kind::File => Body::File(fixed(rest, bytes)?),
            Kind::Socket => Body::Socket(fixed(rest, bytes)?),
        };
        let record = Self { bytes, prefix, body };
        record.check()?;
        Ok(record)
    }

    /// The first record of `bytes` and what follows it: for files and the start-up iterator.
    pub fn parse_first(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), DecodeError> {
        let (prefix, _) = read::<Prefix>(bytes, 0)?;
        let len = prefix.header.len as usize;
        let (record, rest) = bytes
            .split_at_checked(len)
            .ok_or(DecodeError::Length { len: bytes.len(), said: prefix.header.len })?;
        Ok((Self::parse(record)?, rest))
    }

    /// The string behind `slice`; `None` when the call had none or its memory could not be read.
    pub fn text(&self, slice: &Slice) -> Option<&'a [u8]> {
        if slice.flags & flag::UNREADABLE != 0 || (slice.len == 0 && slice.source == 0) {
            return None;
        }
        let off = usize::from(slice.off);
        self.bytes.get(off..off + usize::from(slice.len))
    }

    /// The record's bytes, as they are recorded.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The system call of the record, if it is one.
    pub fn call(&self) -> Option<&Call> {
        match &self.body {
            Body::Call(call) => Some(call),
            Body::File(file) => Some(&file.call),
            Body::Socket(socket) => Some(&socket.call),
            Body::Fork(_) | Body::Exec(_) | Body::Exit(_) | Body::Process(_) | Body::Cgroup(_) => None,
        }
    }

    fn check(&self) -> Result<(), DecodeError> {
        match &self.body {
            Body::Fork(p) | Body::Exec(p) | Body::Process(p) => {
                self.inside(&[p.exe, p.argv, p.env, p.cwd, p.cgroup, p.filename])
            }
            Body::Cgroup(cgroup) => self.inside(&[cgroup.path]),
            Body::File(f) => self.inside(&[f.name[0], f.name[1], f.base[0], f.base[1], f.resolved, f.word]),
            Body::Socket(s) => self.inside(&[s.addr, s.path]),
            Body::Exit(_) | Body::Call(_) => Ok(()),
        }
    }

    fn inside(&self, slices: &[Slice]) -> Result<(), DecodeError> {
        let record = self.bytes.len();
        match slices.iter().find(|slice| usize::from(slice.off) + usize::from(slice.len) > record) {
            Some(slice) => Err(DecodeError::Slice { off: slice.off, len: slice.len, record }),
            None => Ok(()),
        }
    }
}

/// Reads a `T` off the front of `bytes`, which follow `before` bytes of the record.
fn read<T: FromBytes + KnownLayout + Immutable>(
    bytes: &[u8],
    before: usize,
) -> Result<(T, &[u8]), DecodeError> {
    T::read_from_prefix(bytes)
        .map_err(|_short| DecodeError::Short { len: before + bytes.len(), need: before + size_of::<T>() })
}

fn fixed<T: FromBytes + KnownLayout + Immutable>(rest: &[u8], record: &[u8]) -> Result<T, DecodeError> {
    read(rest, record.len() - rest.len()).map(|(body, _tail)| body)
}
