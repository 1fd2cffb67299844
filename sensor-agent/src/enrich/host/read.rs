//! Reads [`Host`]. Everything is optional: what is missing costs names, and is logged.

use std::{env, net::IpAddr};

use rustix::time::{ClockId, clock_gettime};

use super::{Host, WatchedAccounts};

impl Host {
    /// This host: its accounts, `FALCO_HOSTNAME` or the kernel's host name, clocks, interfaces.
    pub fn read(accounts: &mut WatchedAccounts) -> Self {
        Self {
            hostname: name(),
            boot_epoch_ns: boot_epoch_ns(),
            accounts: accounts.changed().unwrap_or_default(),
            addresses: addresses(),
            static_fields: Vec::new(),
            zone: Some(jiff::tz::TimeZone::system()),
        }
    }
}

/// Falco's `evt.hostname`: `FALCO_HOSTNAME` or the kernel's host name.
pub fn name() -> String {
    hostname(env::var("FALCO_HOSTNAME").ok())
}

fn hostname(chosen: Option<String>) -> String {
    chosen
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| rustix::system::uname().nodename().to_string_lossy().into_owned())
}

/// ns to add to a boot-time stamp to have wall-clock time. Read between two looks at the other clock, so that a preemption in
/// between cannot shift it by more than it took.
pub fn boot_epoch_ns() -> u64 {
    let best = (0..3).map(|_| {
        let before = clock_ns(ClockId::Boottime);
        let wall = clock_ns(ClockId::Realtime);
        let after = clock_ns(ClockId::Boottime);
        (after - before, wall - i128::midpoint(before, after))
    });
    let epoch = best.min().map_or(0, |(_, epoch)| epoch);
    u64::try_from(epoch).unwrap_or_default()
}

fn clock_ns(clock: ClockId) -> i128 {
    let time = clock_gettime(clock);
    i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_nsec)
}

fn addresses() -> Vec<IpAddr> {
    match if_addrs::get_if_addrs() {
        Ok(interfaces) => interfaces.iter().map(if_addrs::Interface::ip).collect(),
        Err(error) => {
            tracing::warn!(%error, "cannot read interface addresses: no peer counts as local");
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests;
