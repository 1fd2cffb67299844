//! x
use crate::dirs::Dirs;
pub(crate) fn run(_dirs: &Dirs, _quick: bool) -> anyhow::Result<()> { Ok(()) }
