//! passwd and group as text. Lines that begin with `+` or `-` (NIS) and lines that are none are skipped; of two lines
//! with one id the first counts, as for getpwuid.

use std::collections::{HashMap, hash_map::Entry};

use super::User;

/// Accounts that are kept of a file.
const MAX_ACCOUNTS: usize = 65_536;

/// Users by uid.
pub(super) fn users(passwd: &[u8]) -> HashMap<u32, User> {
    by_id(passwd, |fields| {
        let (name, _password, id) = (fields.next()?, fields.next()?, fields.next()?);
        let (_gid, _gecos, home) = (fields.next()?, fields.next()?, fields.next()?);
        let shell = fields.next().unwrap_or_default();
        Some((id, User { name: name.to_owned(), home: home.to_owned(), shell: shell.to_owned() }))
    })
}

/// Group names by gid.
pub(super) fn groups(group: &[u8]) -> HashMap<u32, String> {
    by_id(group, |fields| {
        let (name, _password, id) = (fields.next()?, fields.next()?, fields.next()?);
        Some((id, name.to_owned()))
    })
}

fn by_id<T>(
    text: &[u8],
    read: impl for<'a> Fn(&mut dyn Iterator<Item = &'a str>) -> Option<(&'a str, T)>,
) -> HashMap<u32, T> {
    let mut accounts = HashMap::new();
    for line in text.split(|byte| *byte == b'\n') {
        if accounts.len() >= MAX_ACCOUNTS {
            tracing::warn!(kept = MAX_ACCOUNTS, "too many accounts: ids behind them have no names");
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
