//! Names of users: the host's, also of accounts that are made while the sensor runs, and a container's own.

use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};
use saker_tests::runtime::{Containerd, USER};
use saker_tests::sensor::{SOON, wait_for};
use tempfile::TempDir;

use crate::setup;

const RULE: &str = "Somebody";
const OUTPUT: &str =
    "%container.id %user.uid %user.name %user.homedir %user.shell %group.name %user.loginname";

#[test]
fn a_container_has_its_own_users() -> Result<()> {
    if setup::is_skipped_without_containerd() {
        return Ok(());
    }
    let containerd = Containerd::start(setup::actor())?;
    let mut cri = containerd.cri()?;
    let mut sensor = setup::beside(&containerd.socket())?
        .rule(RULE, "evt.type = execve and container.id != host and proc.exepath = /bin/actor", OUTPUT)
        .ready()?;
    let pod = cri.run_pod("front")?;
    for (user, name, expect) in [
        (USER, "web", ["app", "/srv/app", "/bin/sh", "staff"]),
        // Nobody of that id in the image.
        (USER + 1, "odd", ["<NA>", "<NA>", "<NA>", "<NA>"]),
        (0, "db", ["root", "/root", "/bin/sh", "root"]),
    ] {
        let id = cri.run_as(user, &pod, name, &["/bin/actor", "wait", "mark"])?;
        // The very first event of the container.
        let alert = sensor.wait(SOON, |alert| id.starts_with(&alert.field("container.id")))?;
        let found = ["user.name", "user.homedir", "user.shell", "group.name"].map(|it| alert.field(it));
        ensure!(found == expect && alert.field("user.uid") == user.to_string(), "{name}: {alert:?}");
    }
    cri.remove_pod(&pod.id)
}

#[test]
fn an_account_that_is_made_later_has_its_name() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let host = TempDir::new()?;
    let etc = host.path().join("etc");
    fs::create_dir(&etc)?;
    fs::write(etc.join("passwd"), "root:x:0:0::/root:/bin/sh\n")?;
    fs::write(etc.join("group"), "root:x:0:\n")?;
    let mut sensor = setup::sensor()?
        .variable("HOST_ROOT", &host.path().to_string_lossy())
        .rule(RULE, &format!("evt.type = execve and user.uid = {USER}"), OUTPUT)
        .ready()?;
    let mut act = || -> Result<String> {
        let mut command = Command::new("setpriv");
        command.args([&format!("--reuid={USER}"), "--clear-groups", "true"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).status()?;
        Ok(sensor.wait(SOON, |alert| alert.rule == RULE)?.field("user.name"))
    };
    ensure!(act()? == "<NA>", "it has a name before it is made");
    // As useradd does it.
    fs::write(
        etc.join("passwd+"),
        format!("root:x:0:0::/root:/bin/sh\nlate:x:{USER}:{USER}::/home/late:/bin/sh\n"),
    )?;
    fs::rename(etc.join("passwd+"), etc.join("passwd"))?;
    wait_for("the new account's name", SOON, || Ok((act()? == "late").then_some(())))
}
