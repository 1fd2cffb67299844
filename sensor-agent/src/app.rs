//! Start and stop: command line, configuration, commands, and the wiring of everything else. Nobody imports it.

pub mod applets;
pub mod cli;
pub mod error;
pub mod identity;
pub mod output;
pub mod files;
pub mod config;
pub mod rule_files;
pub mod recording;
mod interest;
mod load;
mod pipeline;
mod sensor;
mod egress;
pub mod signal;
pub mod supervisor;
mod confine;
mod run;
mod play;
mod explain;
mod tuning;
pub mod commands;

pub use error::{AppError, Chain};
