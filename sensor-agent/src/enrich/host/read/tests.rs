//! This machine, as far as any machine has it.

use std::time::{SystemTime, UNIX_EPOCH};

use super::{Host, WatchedAccounts, clock_ns, hostname};
use rustix::time::ClockId;

#[test]
fn boot_time_and_epoch_make_the_wall_clock() {
    let host = Host::read(&mut WatchedAccounts::default());
    let boot = u64::try_from(clock_ns(ClockId::Boottime)).expect("after boot");
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_nanos() as u64;
    assert!(wall.abs_diff(host.boot_epoch_ns + boot) < 1_000_000_000);
}

#[test]
fn loopback_is_an_address_of_this_host() {
    let host = Host::read(&mut WatchedAccounts::default());
    assert!(host.addresses.iter().any(std::net::IpAddr::is_loopback));
}

#[test]
fn the_chosen_host_name_wins() {
    assert_eq!(hostname(Some("node-7".to_owned())), "node-7");
    assert_eq!(hostname(Some(String::new())), hostname(None));
    assert!(!hostname(None).is_empty());
}
