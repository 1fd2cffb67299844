//! x
use crate::dirs::Dirs;
pub(crate) fn run(_dirs: &Dirs) -> anyhow::Result<()> { Ok(()) }
