//! Bytes → borrowed [`Record`]. Pure: no I/O, no clock, no panic; knows neither aya nor tokio. What it cannot read is
//! an error with a label, never a guess.

mod build;
mod error;
mod record;
pub mod recording;
#[cfg(test)]
mod tests;

pub use build::{Builder, zero};
pub use error::DecodeError;
pub use record::{Body, Record};
