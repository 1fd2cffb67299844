//! What the records must say of the acts.

mod calls;
mod ledger;
mod processes;

pub(crate) use calls::everything;
pub(crate) use ledger::{calls_32, is_at_rest, ledger};
pub(crate) use processes::scan;
