//! The shell command as a child of this process.

use std::{
    io,
    os::{fd::OwnedFd, unix::process::CommandExt},
    process::{Child, Command, ExitStatus, Stdio},
};

use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

use super::{Launcher, Started};

/// Starts `/bin/sh -c COMMAND` as the leader of a process group.
#[derive(Debug)]
pub struct Shell {
    command: String,
    child: Option<Child>,
}

impl Shell {
    /// `program_output.program`.
    pub fn new(command: String) -> Self {
        Self { command, child: None }
    }

    /// Somebody else has waited for the child with this id. Whether it was the command; it is not ours any more.
    pub fn disown(&mut self, id: u32) -> bool {
        self.child.take_if(|child| child.id() == id).is_some()
    }
}

impl Launcher for Shell {
    fn start(&mut self) -> io::Result<Started> {
        // One at a time.
        self.kill();
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(&self.command).stdin(Stdio::piped()).process_group(0);
        let child = self.child.insert(command.spawn()?);
        let end = pidfd_open(Pid::from_child(child), PidfdFlags::empty())?;
        let input = child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Started { input: OwnedFd::from(input), end })
    }

    fn finish(&mut self) -> io::Result<ExitStatus> {
        self.kill();
        let child = self.child.as_mut().ok_or(io::ErrorKind::NotFound)?;
        let status = child.wait();
        self.child = None;
        status
    }
}

impl Shell {
    fn kill(&mut self) {
        // Its group is our child's own, and the child is not reaped yet, so the number is not another's.
        if let Some(child) = &mut self.child
            && matches!(child.try_wait(), Ok(None))
        {
            if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
                // It may end at this moment.
                kill_process_group(group, Signal::KILL).unwrap_or_default();
            }
            child.wait().map(drop).unwrap_or_default();
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        self.kill();
    }
}
