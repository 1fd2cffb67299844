//! `saker explain --live RULE`: asks the running agent by its admin socket.

use std::{
    io::{self, BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    path::Path,
};

use crate::{
    app::{AppError, config::Config, egress, output::print},
    border::explain::{Piece, Question},
};

/// Shows what the agent says until it has said all.
pub(super) fn ask(config: &Config, question: &Question) -> Result<(), AppError> {
    let Some(path) = &config.admin_socket else {
        return Err(cannot("ask the running agent", io::Error::other("`saker.admin_socket` is empty")));
    };
    let mut agent = connect(path)?;
    let lost = |source| cannot("hear the agent", source);
    let mut line = serde_json::to_vec(question).map_err(|error| lost(error.into()))?;
    line.push(b'\n');
    agent.write_all(&line).map_err(lost)?;
    for line in BufReader::new(agent).lines() {
        let piece = serde_json::from_str(&line.map_err(lost)?).map_err(|error| lost(error.into()))?;
        match piece {
            Piece::Text(text) => print(&text)?,
            Piece::End(text) => return print(&text),
            Piece::Unknown => {
                return Err(AppError::Unknown { kind: "rule", name: question.rule.clone() });
            }
            Piece::Refused(report) => return Err(AppError::Rules { report }),
        }
    }
    Err(lost(io::Error::new(io::ErrorKind::UnexpectedEof, "it has ended")))
}

fn connect(path: &Path) -> Result<UnixStream, AppError> {
    let agent = UnixStream::connect(path).map_err(|source| {
        let why = match source.kind() {
            io::ErrorKind::PermissionDenied => "the agent is another user's: ask as root or as that user",
            _ => "no agent runs, or its `saker.admin_socket` is another one (-c FILE)",
        };
        cannot(&format!("ask the running agent at {}: {why}", path.display()), source)
    })?;
    if egress::is_trusted(&agent) {
        return Ok(agent);
    }
    let other = io::Error::from(io::ErrorKind::PermissionDenied);
    Err(cannot(&format!("ask at {}: another user's program listens there", path.display()), other))
}

fn cannot(action: &str, source: io::Error) -> AppError {
    AppError::Environment { action: action.to_owned(), source }
}
