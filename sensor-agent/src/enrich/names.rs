//! The host names of rules by address, replaced whole by each answer of the resolver.

use std::net::IpAddr;

use rustc_hash::FxHashMap;

use crate::border::Resolved;

#[derive(Debug, Default)]
pub(super) struct Names {
    by_address: FxHashMap<IpAddr, Vec<String>>,
    is_told: bool,
    /// Names that have an address.
    pub(super) n_resolved: u64,
}

impl Names {
    pub(super) fn learn(&mut self, told: Vec<Resolved>) {
        self.is_told = true;
        self.by_address.clear();
        self.n_resolved = told.iter().filter(|told| !told.addresses.is_empty()).count() as u64;
        for Resolved { name, addresses } in told {
            for address in addresses {
                self.by_address.entry(address.to_canonical()).or_default().push(name.clone());
            }
        }
    }

    /// `None` before the resolver has answered at all.
    pub(super) fn of(&self, address: IpAddr) -> Option<&[String]> {
        let names = self.by_address.get(&address.to_canonical());
        self.is_told.then(|| names.map_or(&[][..], Vec::as_slice))
    }
}
