//! An empty program on `sys_exit`, attached while this lives: the least that any sensor there costs.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::bench::Bench;

pub(super) struct Empty(Child);

impl Empty {
    /// Attaches it.
    pub(super) fn attach(bench: &Bench) -> Result<Self> {
        let mut command = Command::new(&bench.empty.loader);
        command.arg(&bench.empty.object).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut empty = Self(command.spawn().context("cannot start the loader of the empty program")?);
        let output = empty.0.stdout.take().context("the loader has no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        ensure!(line == "attached\n", "the empty program could not be attached");
        Ok(empty)
    }
}

impl Drop for Empty {
    fn drop(&mut self) {
        // Its input ends, then it does; a wait that fails leaves nothing to do.
        drop(self.0.stdin.take());
        drop(self.0.wait());
    }
}
