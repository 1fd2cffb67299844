//! Which runtimes could be asked now: `doctor` tells it.

use std::{
    io,
    path::{Path, PathBuf},
};

use tokio::{runtime, task::JoinSet};

use super::{Options, answer::Failure, board::Board, clients::Clients};
use crate::border::Wanted;

/// A socket that is there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Runtime {
    /// Where it is.
    pub socket: PathBuf,
    /// What is spoken there: `CRI`, `containerd`, `Docker`, `Podman`.
    pub kind: &'static str,
    /// Why it tells nothing.
    pub refusal: Option<String>,
}

/// Asks each configured runtime for a container that cannot be.
///
/// # Errors
/// No runtime of this program's own can be made.
pub fn survey(options: &Options) -> io::Result<Vec<Runtime>> {
    let tokio = runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let mut found = tokio.block_on(async {
        let mut calls = JoinSet::new();
        let nobody = Wanted { full_id: "0".repeat(64), runtime: "podman".to_owned(), namespace: None };
        for client in Clients::new(options, Board::default()).all(&nobody) {
            let nobody = nobody.clone();
            calls.spawn(async move {
                let (kind, socket) = client.place();
                let refusal = match client.ask(&nobody).await {
                    Ok(_) | Err(Failure::NotFound) => None,
                    Err(Failure::Absent) if is_there(socket) => Some("permission denied".to_owned()),
                    Err(Failure::Absent) => return None,
                    Err(Failure::Down(reason)) => Some(reason),
                };
                Some(Runtime { socket: socket.to_owned(), kind, refusal })
            });
        }
        calls.join_all().await.into_iter().flatten().collect::<Vec<_>>()
    });
    found.sort();
    Ok(found)
}

fn is_there(socket: &Path) -> bool {
    socket.symlink_metadata().is_ok()
}
