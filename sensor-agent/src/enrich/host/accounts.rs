//! passwd and group as text. Lines that begin with `+` or `-` (NIS) and lines that are none are skipped; of two lines
//! with one id the first counts, as for getpwuid.

use std::collections::{HashMap, hash_map::Entry};

/// A line of passwd.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// Falco's `user.name`.
    pub name: String,
    /// Falco's `user.homedir`.
    pub home: String,
    /// Falco's `user.shell`.
    pub shell: String,
}

/// Users and groups of the host or of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    /// By uid (passwd).
    pub users: HashMap<u32, User>,
    /// Names by gid (group).
    pub groups: HashMap<u32, String>,
}

impl Accounts {
    /// Of the texts of both files; `limit` accounts of each are kept.
    pub(super) fn parse(passwd: &[u8], group: &[u8], limit: usize) -> Self {
        Self { users: users(passwd, limit), groups: groups(group, limit) }
    }

    /// Bytes that they take, more or less.
    pub(in crate::enrich) fn size(&self) -> usize {
        let users = self.users.values().map(|user| user.name.len() + user.home.len() + user.shell.len());
        let texts = users.chain(self.groups.values().map(String::len)).sum::<usize>();
        texts + self.users.len() * size_of::<(u32, User)>() + self.groups.len() * size_of::<(u32, String)>()
    }
}

fn users(passwd: &[u8], limit: usize) -> HashMap<u32, User> {
    by_id(passwd, limit, |fields| {
        let (name, _password, id) = (fields.next()?, fields.next()?, fields.next()?);
        let (_gid, _gecos, home) = (fields.next()?, fields.next()?, fields.next()?);
        let shell = fields.next().unwrap_or_default();
        Some((id, User { name: name.to_owned(), home: home.to_owned(), shell: shell.to_owned() }))
    })
}

fn groups(group: &[u8], limit: usize) -> HashMap<u32, String> {
    by_id(group, limit, |fields| {
        let (name, _password, id) = (fields.next()?, fields.next()?, fields.next()?);
        Some((id, name.to_owned()))
    })
}

fn by_id<T>(
    text: &[u8],
    limit: usize,
    read: impl for<'a> Fn(&mut dyn Iterator<Item = &'a str>) -> Option<(&'a str, T)>,
) -> HashMap<u32, T> {
    let mut accounts = HashMap::new();
    for line in text.split(|byte| *byte == b'\n') {
        if accounts.len() >= limit {
            tracing::warn!(kept = limit, "too many accounts: ids behind them have no names");
            break;
        }
        let line = String::from_utf8_lossy(line);
        if line.starts_with(['+', '-', '#', ':']) {
            continue;
        }
        let found = read(&mut line.trim_end_matches('\r').split(':'));
        if let Some((id, account)) = found.and_then(|(id, account)| Some((id.parse().ok()?, account)))
            && let Entry::Vacant(place) = accounts.entry(id)
        {
            place.insert(account);
        }
    }
    accounts
}

#[cfg(test)]
mod tests;
