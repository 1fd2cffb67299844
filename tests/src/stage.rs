//! Where acts are performed: the host, or a control group named like a container's. Programs are the actor under other
//! names, because names are what rules look at.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use tempfile::TempDir;

use crate::actor;

/// A program, by the name it runs under, and what it does.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// `proc.name`
    pub program: &'static str,
    /// A verb of the actor and its words.
    pub act: &'static [&'static str],
}

/// A place to act in.
pub trait Stage {
    /// `container.id` of what is done here.
    fn container_id(&self) -> String;

    /// Performs one step with the mark as its last argument, to its end.
    fn perform(&self, step: &Step, mark: &str) -> Result<()>;
}

/// Directly on this machine.
pub struct Host {
    programs: Programs,
}

impl Host {
    /// Acts are performed by the actor at this path.
    pub fn new(actor: &Path) -> Result<Self> {
        Ok(Self { programs: Programs::new(actor)? })
    }

    /// The step as a command, for those who do not want to wait for its end.
    pub fn command(&self, step: &Step, mark: &str) -> Result<Command> {
        let mut command = Command::new(self.programs.path(step.program)?);
        command.args(step.act).arg(mark);
        Ok(command)
    }
}

impl Stage for Host {
    fn container_id(&self) -> String {
        "host".to_owned()
    }

    fn perform(&self, step: &Step, mark: &str) -> Result<()> {
        actor::run(&mut self.command(step, mark)?)
    }
}

/// In a control group named like a container's: to the sensor a container, to everybody else this machine.
pub struct ControlGroup {
    programs: Programs,
    directory: PathBuf,
    id: String,
}

impl ControlGroup {
    /// Makes the group below `root`, a mounted hierarchy.
    pub fn new(actor: &Path, root: &Path) -> Result<Self> {
        let id = fresh_id();
        let directory = root.join("docker").join(&id);
        fs::create_dir_all(&directory)?;
        Ok(Self { programs: Programs::new(actor)?, directory, id })
    }
}

impl Stage for ControlGroup {
    fn container_id(&self) -> String {
        short(&self.id)
    }

    fn perform(&self, step: &Step, mark: &str) -> Result<()> {
        // Enters under a name that no rule knows, then becomes the program.
        let mut command = Command::new(self.programs.path("saker-enter")?);
        command.arg("in-cgroup").arg(&self.directory).arg(self.programs.path(step.program)?);
        actor::run(command.args(step.act).arg(mark))
    }
}

impl Drop for ControlGroup {
    fn drop(&mut self) {
        drop(fs::remove_dir(&self.directory));
    }
}

/// 64 hexadecimal digits that nobody else uses now.
pub(crate) fn fresh_id() -> String {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    // What changes fastest stands first, because the first 12 are the short form.
    format!("{:032x}{:032x}", std::process::id(), now.as_nanos()).chars().rev().collect()
}

/// Falco's `container.id` of a container.
pub(crate) fn short(id: &str) -> String {
    id.chars().take(12).collect()
}

/// A directory of links to the actor.
struct Programs {
    directory: TempDir,
    actor: PathBuf,
}

impl Programs {
    fn new(actor: &Path) -> Result<Self> {
        Ok(Self { directory: TempDir::new()?, actor: actor.to_owned() })
    }

    fn path(&self, name: &str) -> Result<PathBuf> {
        let path = self.directory.path().join(name);
        if !path.is_symlink() {
            symlink(&self.actor, &path)?;
        }
        Ok(path)
    }
}
