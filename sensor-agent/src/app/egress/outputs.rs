//! The outputs of a configuration, opened; a replay uses them, too.

use std::{
    io::{self, IsTerminal},
    time::Duration,
};

use jiff::tz::TimeZone;

use super::cannot_write;
use crate::{
    app::{AppError, config::Config},
    sinks::{
        Client, DEV_LOG, FileSink, Format, Http, Include, Launcher, Program, Shell, Sink, Sinks, Spooled,
        Stdout, Syslog,
    },
};

/// How long a program may neither read nor end.
const PROGRAM: Duration = Duration::from_secs(10);

/// The sinks of a configuration, opened: a file that cannot be written is an error before anything starts. A program is started
/// by `launcher`; without one it is a child of this process.
pub(in crate::app) fn sinks(
    config: &Config,
    hostname: String,
    launcher: Option<Box<dyn Launcher>>,
) -> Result<Sinks, AppError> {
    let outputs = &config.outputs;
    let format = Format {
        json: outputs.format.json,
        iso_time: outputs.format.iso_time,
        include: Include {
            output: outputs.format.include_output,
            message: outputs.format.include_message,
            fields: outputs.format.include_output_fields,
            tags: outputs.format.include_tags,
        },
        hostname: hostname.clone(),
        zone: TimeZone::system(),
    };
    let mut sinks: Vec<Box<dyn Sink>> = Vec::new();
    if outputs.stdout {
        let paint = !outputs.format.json && io::stdout().is_terminal();
        sinks.push(Box::new(Stdout::new(outputs.is_buffered, paint).map_err(cannot_write)?));
    }
    if let Some(file) = &outputs.file {
        let sink = FileSink::new(file.path.clone(), file.keep_alive, outputs.is_buffered);
        sinks.push(Box::new(sink.map_err(cannot_write)?));
    }
    if let Some(protocol) = outputs.syslog {
        sinks.push(Box::new(Syslog::new(DEV_LOG.into(), protocol, hostname, TimeZone::system())));
    }
    if let Some(program) = &outputs.program {
        let launcher = launcher.unwrap_or_else(|| Box::new(Shell::new(program.program.clone())));
        sinks.push(Box::new(Program::new(launcher, program.keep_alive, outputs.is_buffered, PROGRAM)));
    }
    if let Some(http) = &outputs.http {
        let client = Client::new(http.clone()).map_err(cannot_write)?;
        sinks.push(match &outputs.spool {
            Some(spool) => Box::new(Spooled::new(client, spool.clone()).map_err(cannot_write)?),
            None => Box::new(Http::new(client)),
        });
    }
    Ok(Sinks::new(format, sinks))
}
