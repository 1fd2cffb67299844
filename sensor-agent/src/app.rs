//! Start and stop: command line, configuration, commands, and the wiring of everything else. Nobody imports it.

pub mod cli;
mod error;
pub mod files;
pub mod config;

pub use error::{AppError, Chain};
