//! Which runtimes could be asked now: `doctor` tells it.

use std::io;

use tokio::runtime;

use super::{Options, board::Board, clients::Clients};
use crate::border::{ContextSource, Wanted};

/// Asks each configured runtime for a container that cannot be; those whose socket is there.
///
/// # Errors
/// No runtime of this program's own can be made.
pub fn survey(options: &Options) -> io::Result<Vec<ContextSource>> {
    let tokio = runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let nobody = Wanted { full_id: "0".repeat(64), runtime: "podman".to_owned(), namespace: None };
    let board = Board::default();
    tokio.block_on(async {
        // Nobody knows it, so all are waited for; the board has what each said.
        let _unknown = Clients::new(options, board.clone()).all(&nobody).ask(&nobody).await;
    });
    Ok(board.read())
}
