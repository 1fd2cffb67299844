//! `completion` and `man`: both are made of the command line's own description.

use clap::CommandFactory;

use crate::app::{AppError, cli::Cli};

/// A script for a shell.
pub(super) fn completion(shell: clap_complete::Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "saker", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// The manual page, in roff.
pub(super) fn page() -> Result<String, AppError> {
    let mut page = Vec::new();
    let action = "write the manual page".to_owned();
    let rendered = clap_mangen::Man::new(Cli::command()).render(&mut page);
    rendered.map_err(|source| AppError::Environment { action, source })?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
