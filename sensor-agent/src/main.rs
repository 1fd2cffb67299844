//! The `saker` binary: signals first, then parse, build, run, exit code.

use std::{ffi::OsString, process::ExitCode};

use sensor_agent::app::{applets, cli::Cli, commands, signal::Early};

fn main() -> ExitCode {
    let early = Early::catch();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if let Some(code) = applets::run(&arguments) {
        return code;
    }
    match Cli::parse(arguments).and_then(|cli| commands::run(&cli, early)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(),
    }
}
