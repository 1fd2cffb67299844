//! The kernel edge, and the only room that knows aya: loads, attaches, drains, counts. It hands out record bytes and
//! never looks into them.

mod attach;
mod control;
mod error;
mod handshake;
mod hooks;
mod ledger;
mod load;
mod mapping;
mod object;
mod patch;
mod probe;
mod ring;
#[cfg(feature = "trace")]
mod trace;

pub use attach::{Degraded, Options, Sensor};
pub use control::Policy;
pub use error::CaptureError;
pub use handshake::{Seat, answer};
pub use hooks::{HOOKS, Hook, Need, Place};
pub use ledger::LedgerReader;
pub use probe::Features;
pub use ring::{Drain, Round};
