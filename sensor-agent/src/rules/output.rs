//! What a rule says: the output format, its rendering for an event, the alert.

pub mod clock;
mod alert;
mod expression;
mod format;
mod value;
#[cfg(test)]
mod tests;

pub use alert::{Extra, alert, suggested_output};
pub use format::{Format, FormatError};
pub(super) use value::write_value;
pub use value::{json, printed};
