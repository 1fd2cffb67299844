//! The machine itself: mounts, the loop-back device, what this kernel can do, power-off.

use std::ffi::CStr;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::mount::{MountFlags, mount};
use rustix::system::{RebootCommand, reboot};
use saker_tests::network;

/// File system type, where it goes, options.
const MOUNTS: &[(&str, &str, &CStr)] = &[
    ("proc", "/proc", c""),
    ("sysfs", "/sys", c""),
    ("devtmpfs", "/dev", c""),
    ("devpts", "/dev/pts", c""),
    ("tmpfs", "/dev/shm", c""),
    ("tmpfs", "/tmp", c""),
    ("tmpfs", "/run", c""),
    ("cgroup2", "/sys/fs/cgroup", c""),
    ("bpf", "/sys/fs/bpf", c"mode=700"),
    ("securityfs", "/sys/kernel/security", c""),
    ("tracefs", "/sys/kernel/tracing", c""),
];

/// What a scenario may ask of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Kernel types: /sys/kernel/btf/vmlinux.
    Btf,
    /// LSM programs run: `lsm=bpf` was taken.
    #[expect(dead_code, reason = "for scenarios about LSM hooks")]
    BpfLsm,
}

/// Facts about this machine.
pub(crate) struct Guest {
    pub(crate) release: String,
    has_btf: bool,
    has_bpf_lsm: bool,
}

impl Guest {
    pub(crate) fn look() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
        Self {
            release: read("/proc/sys/kernel/osrelease"),
            has_btf: Path::new("/sys/kernel/btf/vmlinux").is_file(),
            has_bpf_lsm: read("/sys/kernel/security/lsm").split(',').any(|name| name == "bpf"),
        }
    }

    pub(crate) fn has(&self, need: Need) -> bool {
        match need {
            Need::Btf => self.has_btf,
            Need::BpfLsm => self.has_bpf_lsm,
        }
    }
}

/// Mounts everything and brings `lo` up; returns what did not work, since old kernels lack some of it.
pub(crate) fn prepare() -> Vec<String> {
    let mut problems = Vec::new();
    for (kind, target, options) in MOUNTS {
        // Below /sys the kernel has made the directory; elsewhere it may exist.
        drop(fs::create_dir_all(target));
        if let Err(error) = mount(*kind, *target, *kind, MountFlags::empty(), *options) {
            problems.push(format!("mount {kind} at {target}: {error}"));
        }
    }
    if let Err(error) = network::loopback_up() {
        problems.push(format!("lo: {error}"));
    }
    problems
}

/// Ends the machine. A first process that returns is a kernel panic, so this waits for the power to go.
pub(crate) fn power_off() -> ! {
    // The console must have sent the verdict.
    thread::sleep(Duration::from_millis(100));
    if let Err(error) = reboot(RebootCommand::PowerOff) {
        println!("power-off: {error}");
    }
    loop {
        thread::sleep(Duration::from_secs(1));
    }
}
