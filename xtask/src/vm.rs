//! x
use crate::dirs::Dirs;
#[derive(clap::Args)]
pub(crate) struct Options {}
pub(crate) fn run(_dirs: &Dirs, _options: &Options) -> anyhow::Result<()> { Ok(()) }
