//! Recorded files (DESIGN D15) on this side of the pure format: what of the host goes in, and how it comes back.

use std::{collections::HashMap, io::Read};

use crate::{
    decode::recording::{Frame, Group, HostFacts, Reader, RecordingError, User},
    enrich::{
        host::{self, Accounts, Host, ProcessFiles},
        process::Bytes,
    },
};

/// What a recording keeps of the host.
pub fn facts(host: &Host) -> HostFacts {
    let mut users: Vec<User> = host
        .accounts
        .users
        .iter()
        .map(|(&uid, user)| User {
            uid,
            name: user.name.clone(),
            home: user.home.clone(),
            shell: user.shell.clone(),
        })
        .collect();
    users.sort_by_key(|user| user.uid);
    let mut groups: Vec<Group> =
        host.accounts.groups.iter().map(|(&gid, name)| Group { gid, name: name.clone() }).collect();
    groups.sort_by_key(|group| group.gid);
    HostFacts {
        hostname: host.hostname.clone(),
        boot_epoch_ns: host.boot_epoch_ns,
        users,
        groups,
        addresses: host.addresses.clone(),
    }
}

/// The host that a recording was made on.
pub fn host(facts: HostFacts) -> Host {
    let user = |user: User| (user.uid, host::User { name: user.name, home: user.home, shell: user.shell });
    let accounts = Accounts {
        users: facts.users.into_iter().map(user).collect(),
        groups: facts.groups.into_iter().map(|group| (group.gid, group.name)).collect(),
    };
    Host {
        hostname: facts.hostname,
        boot_epoch_ns: facts.boot_epoch_ns,
        accounts,
        addresses: facts.addresses,
        static_fields: Vec::new(),
        zone: Some(jiff::tz::TimeZone::system()),
    }
}

/// What the processes' own files said when recording began.
#[derive(Clone, Debug, Default)]
pub struct RecordedFiles {
    by_tgid: HashMap<u32, (Option<Bytes>, Option<Bytes>)>,
}

impl ProcessFiles for RecordedFiles {
    fn argv(&self, tgid: u32) -> Option<Bytes> {
        self.by_tgid.get(&tgid)?.0.clone()
    }

    fn env(&self, tgid: u32) -> Option<Bytes> {
        self.by_tgid.get(&tgid)?.1.clone()
    }
}

/// How a replay went.
#[derive(Debug, Default)]
pub struct Summary {
    /// Records fed, snapshots not counted.
    pub records: u64,
    /// Why it ended early: everything before was fed.
    pub cut: Option<RecordingError>,
}

/// One thing that a replay feeds.
#[derive(Clone, Copy, Debug)]
pub enum Fed<'a> {
    /// A process that was there when recording began.
    Snapshot(&'a [u8]),
    /// A record.
    Record(&'a [u8]),
}

/// Feeds a recording to what `begin` makes of its host: first the snapshots, then the records, `seconds` of event time
/// at most (0: all).
pub fn replay<R: Read, F: FnMut(Fed<'_>), E: From<RecordingError>>(
    mut reader: Reader<R>,
    seconds: u64,
    begin: impl FnOnce(Host, RecordedFiles) -> Result<F, E>,
) -> Result<Summary, E> {
    let mut begin = Some(begin);
    let mut feed = None;
    let mut origin = Host::default();
    let mut files = RecordedFiles::default();
    let mut summary = Summary::default();
    let mut first_ns = None;
    loop {
        let frame = match reader.next_frame() {
            Ok(Some(frame)) => frame,
            Ok(None) => break,
            Err(error @ RecordingError::Cut { .. }) => {
                summary.cut = Some(error);
                break;
            }
            Err(error) => return Err(error.into()),
        };
        let next = match frame {
            Frame::Host(facts) => {
                origin = host(facts);
                continue;
            }
            Frame::ProcessFiles { tgid, argv, env } => {
                files.by_tgid.insert(tgid, (argv.map(Bytes::from), env.map(Bytes::from)));
                continue;
            }
            Frame::Snapshot(bytes) => Fed::Snapshot(bytes),
            Frame::Record(bytes) => {
                let now_ns = time_ns(bytes).unwrap_or_default();
                let first_ns = *first_ns.get_or_insert(now_ns);
                if seconds > 0 && now_ns.saturating_sub(first_ns) > seconds.saturating_mul(1_000_000_000) {
                    break;
                }
                summary.records += 1;
                Fed::Record(bytes)
            }
        };
        if let Some(begin) = begin.take() {
            feed = Some(begin(std::mem::take(&mut origin), std::mem::take(&mut files))?);
        }
        if let Some(feed) = &mut feed {
            feed(next);
        }
    }
    Ok(summary)
}

/// Boot time of a record, ns.
fn time_ns(bytes: &[u8]) -> Option<u64> {
    let at = std::mem::offset_of!(sensor_common::Header, time_ns);
    Some(u64::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests;
