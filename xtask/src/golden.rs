//! `cargo xtask golden`: records the bundled rules' acts anew into tests/golden, then writes the alerts that a replay of them
//! gives. What changed is for a person to look at (`git diff`).

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::dirs::Dirs;
use crate::{agent, shell};

/// The programs run from here: their paths are in what is recorded.
const PLACE: &str = "/tmp/saker-golden";
/// The control group is recorded: the hierarchies' roots have no name.
const INTO_ROOT_CGROUP: &str = "for group in /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/*/cgroup.procs; do \
                                { echo 0 > $group; } 2>/dev/null; done; exec \"$@\"";

/// Builds, records, writes.
pub(crate) fn run(dirs: &Dirs) -> Result<()> {
    if !shell::is_root() {
        bail!("the sensor needs root: record as root");
    }
    let saker = agent::build(dirs)?;
    let cargo = || {
        let mut cargo = shell::cargo();
        cargo.current_dir(&dirs.root).env("CARGO_TARGET_DIR", &dirs.target);
        cargo
    };
    shell::run(cargo().args(["build", "--package", "saker-tests", "--bins"]))?;
    fs::create_dir_all(PLACE).with_context(|| format!("cannot make {PLACE}"))?;
    let here = |name: &str| format!("{PLACE}/{name}");
    fs::copy(saker, here("saker"))?;
    for name in ["saker-actor", "saker-golden"] {
        fs::copy(dirs.target.join("debug").join(name), here(name))?;
    }
    let mut golden = Command::new("/bin/sh");
    golden.args(["-c", INTO_ROOT_CGROUP, "sh", &here("saker-golden")]);
    golden.args([here("saker"), here("saker-actor"), here("out")]);
    // The environment is recorded, too.
    golden.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").current_dir("/");
    shell::run(&mut golden)?;
    let to = dirs.root.join("tests/golden");
    fs::create_dir_all(&to).with_context(|| format!("cannot make {}", to.display()))?;
    for name in ["host.rec", "container.rec"] {
        fs::copy(here(&format!("out/{name}")), to.join(name))
            .with_context(|| format!("cannot copy {name}"))?;
    }
    fs::remove_dir_all(PLACE).with_context(|| format!("cannot remove {PLACE}"))?;
    let test = ["test", "--package", "sensor-agent", "--test", "golden"];
    shell::run(cargo().args(test).env("SAKER_GOLDEN", "write"))
}
