//! Everything that ends the program, with its exit code:
//!
//! | code | meaning | what to do |
//! |---|---|---|
//! | 0 | done, or stopped by SIGINT, SIGTERM or `-M` | |
//! | 1 | arguments, configuration or rules are wrong, or losses are to end the program (Falco's code) | correct what the message names |
//! | 2 | this kernel cannot: no BTF, too old, a required hook refused | another kernel; `saker doctor` says more |
//! | 3 | not permitted | root, or the capabilities that the message names |
//! | 4 | an address or file of the environment is not to be had | free the port, make the directory writable |
//! | 255 | the file of `-P` cannot be written (Falco's code) | the same |

use std::{fmt, io, path::PathBuf, process::ExitCode};

use super::{config::ConfigError, files::FileError, output};
use crate::{capture::CaptureError, decode::recording::RecordingError};

/// Why the program ends without having done what it was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppError {
    /// The command line; also a request for help, which is no failure.
    #[error("{}", arguments(.0))]
    Arguments(clap::Error),
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A configuration or rules file.
    #[error(transparent)]
    File(#[from] FileError),
    /// Rules that do not load: the report names file, line and column of each fault.
    #[error("{report}")]
    Rules {
        /// Status line and faults of each file.
        report: String,
    },
    /// A rule, field source or other name that does not exist.
    #[error("{kind} \"{name}\" does not exist")]
    Unknown {
        /// What was looked for: `rule`, `event source`.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// Something this build was compiled without.
    #[error("this build has no {what}: build it with `{how}`")]
    NotBuilt {
        /// What is missing.
        what: &'static str,
        /// The command that builds it in.
        how: &'static str,
    },
    /// What `lint` found; each was told.
    #[error("{faults} faults in rules files")]
    Findings {
        /// How many.
        faults: usize,
    },
    /// Losses, where the configuration says that they end the program.
    #[error("system call events were dropped, and syscall_event_drops.actions has `exit`")]
    Drops,
    /// A half of the agent has ended for a reason that it has told itself.
    #[error("a half of the agent ended with {code}")]
    Told {
        /// Its exit code.
        code: u8,
    },
    /// The kernel edge.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// A recorded file that cannot be read.
    #[error("{}: not a recording that this build can replay", path.display())]
    Recording {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: RecordingError,
    },
    /// A file that the program wants to write.
    #[error("cannot {action} {}", path.display())]
    Output {
        /// `create`, `write`.
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file of `-P`.
    #[error("cannot write {}", path.display())]
    Pidfile {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Standard output, a socket or a thread is not to be had.
    #[error("cannot {action}")]
    Environment {
        /// `listen on 0.0.0.0:8765`, …
        action: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl AppError {
    /// A thread could not be started.
    pub fn no_thread(source: io::Error) -> Self {
        Self::Environment { action: "start a thread".to_owned(), source }
    }

    /// The program's exit code; see the table above.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Arguments(error) if !error.use_stderr() => 0,
            Self::Arguments(_)
            | Self::Config(_)
            | Self::File(_)
            | Self::Rules { .. }
            | Self::Unknown { .. }
            | Self::NotBuilt { .. }
            | Self::Findings { .. }
            | Self::Drops
            | Self::Recording { .. } => 1,
            Self::Capture(error) => match error {
                CaptureError::NotPermitted { .. } => 3,
                CaptureError::RingSize { .. } => 1,
                _ => 2,
            },
            Self::Told { code } => *code,
            Self::Output { .. } | Self::Environment { .. } => 4,
            Self::Pidfile { .. } => 255,
        }
    }

    /// Tells it once, with its causes, on standard error; help, which clap hands out as an error, on standard output.
    pub fn report(&self) -> ExitCode {
        match self {
            Self::Arguments(help) if !help.use_stderr() => {
                if let Err(error) = output::print(&help.render().to_string()) {
                    return error.report();
                }
            }
            Self::Told { .. } => {}
            _ => output::tell(&Chain(self).to_string()),
        }
        self.exit_code().into()
    }
}

/// An error with its causes, one a line: what stands on standard error when the program ends.
#[derive(Debug)]
pub struct Chain<'a>(pub &'a dyn std::error::Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error: {}", self.0)?;
        causes(self.0).try_for_each(|cause| write!(f, "\n  because: {cause}"))
    }
}

/// The causes of an error, nearest first; wrappers that only repeat their cause are left out.
pub fn causes(error: &dyn std::error::Error) -> impl Iterator<Item = String> {
    let mut said = error.to_string();
    std::iter::successors(error.source(), |error| error.source()).filter_map(move |error| {
        let text = error.to_string().trim().to_owned();
        if text.is_empty() || said.contains(&text) {
            return None;
        }
        said.clone_from(&text);
        Some(text)
    })
}

/// clap's message without its own heading.
fn arguments(error: &clap::Error) -> String {
    let text = error.render().to_string();
    text.strip_prefix("error: ").unwrap_or(&text).trim_end().to_owned()
}

#[cfg(test)]
mod tests;
