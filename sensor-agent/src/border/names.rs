//! Host names that rules compare with, and the addresses that they have.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// A host name as a rule spells it, and its addresses now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolved {
    /// The name.
    pub name: String,
    /// None: it has no address, or never had one that could be learnt.
    pub addresses: Vec<IpAddr>,
}
