//! Tuning before alerting: counts what would have alerted, says which rules are noisy and proposes exceptions for what is
//! seen again and again. Pure: `app` routes alerts here, validates the proposal, and writes the files.

mod counter;
mod proposal;
mod report;
#[cfg(test)]
mod tests;

pub use counter::{Counter, FIELDS};
pub use proposal::{Proposal, propose};
pub use report::{json, markdown, text};
