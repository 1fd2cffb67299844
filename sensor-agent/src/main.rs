//! The `saker` binary: parse, build, run, exit code.

use std::process::ExitCode;

use sensor_agent::app::{cli::Cli, commands};

fn main() -> ExitCode {
    match Cli::parse(std::env::args_os()).and_then(|cli| commands::run(&cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(),
    }
}
