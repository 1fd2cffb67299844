//! What the records must say of the acts.

mod calls;
mod ledger;
mod processes;

pub(crate) use calls::everything;
pub(crate) use ledger::{calls_32, ledger};
pub(crate) use processes::scan;
