//! Places for connections: few in all, fewer per address, so that no single host keeps the kubelet's probes out.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

const PLACES: usize = 128;
const PLACES_PER_ADDRESS: usize = 16;

/// Connections that are open, by address.
#[derive(Debug, Default)]
pub(super) struct Peers(Mutex<HashMap<IpAddr, usize>>);

/// A place, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    address: IpAddr,
    peers: Arc<Peers>,
}

impl Peers {
    /// A place for a connection from `address`, if there is one.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = open.get(&address).copied().unwrap_or(0);
        if own >= PLACES_PER_ADDRESS || open.values().sum::<usize>() >= PLACES {
            return None;
        }
        open.insert(address, own + 1);
        Some(Place { address, peers: Arc::clone(self) })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.peers.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = open.get_mut(&self.address) {
            *own -= 1;
            if *own == 0 {
                open.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_limited_per_address_and_in_all_and_come_back() {
        let peers = Arc::new(Peers::default());
        let mut places = Vec::new();
        for host in 0..8_u8 {
            let address = IpAddr::from([10, 0, 0, host]);
            places.extend((0..PLACES_PER_ADDRESS).map(|_| peers.admit(address).unwrap()));
            assert!(peers.admit(address).is_none());
        }
        let other = IpAddr::from([10, 0, 1, 0]);
        assert!(peers.admit(other).is_none());
        places.pop();
        places.push(peers.admit(other).unwrap());
        assert!(peers.admit(other).is_none());
        places.clear();
        assert!(peers.0.lock().unwrap().is_empty());
    }
}
