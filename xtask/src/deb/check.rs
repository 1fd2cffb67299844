//! The package in the hands of a real dpkg, in a root directory of its own: installed, changed, installed again, removed,
//! purged; and its unit in the eyes of systemd.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::shell;

const CONFIG: &str = "etc/saker/saker.yaml";
const MINE: &str = "# mine\nstdout_output: {enabled: true}\n";
const UNIT: &str = "usr/lib/systemd/system/saker.service";
/// Of `systemd-analyze security`, ten times: 23 is 2.3.
const MAX_EXPOSURE: u32 = 25;

/// Why it cannot be tried.
pub(crate) fn missing() -> Option<String> {
    if !shell::is_root() {
        return Some("not root".to_owned());
    }
    let absent = ["dpkg", "dpkg-deb", "busybox"].into_iter().find(|name| shell::find_in_path(name).is_none());
    absent.map(|name| format!("{name} is not installed"))
}

/// As much as this machine allows.
pub(crate) fn attempt(package: &Path) -> Result<()> {
    match missing() {
        None => run(package),
        Some(reason) => {
            println!("not tried: {reason}");
            Ok(())
        }
    }
}

pub(crate) fn run(package: &Path) -> Result<()> {
    let root = std::env::temp_dir().join(format!("saker-dpkg-{}", std::process::id()));
    let done = life(package, &root);
    fs::remove_dir_all(&root).with_context(|| format!("cannot remove {}", root.display()))?;
    done
}

fn life(package: &Path, root: &Path) -> Result<()> {
    furnish(root)?;
    let dpkg = |words: &[&str]| {
        let mut dpkg = Command::new("dpkg");
        // What it depends on is not in this root.
        dpkg.arg(format!("--root={}", root.display()))
            .args(["--force-depends", "--force-confold"])
            .args(words);
        shell::stdout(&mut dpkg)
    };
    let file = package.to_string_lossy();
    dpkg(&["--install", &file])?;
    ensure!(fs::read_link(root.join("usr/bin/falco"))? == Path::new("saker"), "falco is no link to saker");
    let listed = shell::stdout(Command::new("dpkg-deb").args(["--info"]).arg(package))?;
    ensure!(listed.contains("conffiles"), "no conffiles: {listed}");
    unit(root)?;

    fs::write(root.join(CONFIG), MINE)?;
    dpkg(&["--install", &file])?;
    ensure!(fs::read_to_string(root.join(CONFIG))? == MINE, "an upgrade has overwritten {CONFIG}");
    dpkg(&["--remove", "saker"])?;
    ensure!(
        root.join(CONFIG).exists() && !root.join("usr/bin/saker").exists(),
        "removed too much or too little"
    );
    dpkg(&["--purge", "saker"])?;
    ensure!(!root.join("etc/saker").exists(), "purged, and /etc/saker is there");
    println!("package: installed, upgraded with changed configuration, removed, purged");
    Ok(())
}

/// An empty dpkg, and a shell for the maintainer scripts: they run inside.
fn furnish(root: &Path) -> Result<()> {
    for directory in ["bin", "tmp", "var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers"] {
        fs::create_dir_all(root.join(directory)).context("cannot make a root directory")?;
    }
    fs::write(root.join("var/lib/dpkg/status"), "")?;
    let busybox = shell::find_in_path("busybox").context("busybox is not installed")?;
    fs::copy(busybox, root.join("bin/busybox"))?;
    ["sh", "rm"].iter().try_for_each(|name| Ok(symlink("busybox", root.join("bin").join(name))?))
}

/// No complaint, and as confined as it claims to be.
fn unit(root: &Path) -> Result<()> {
    if shell::find_in_path("systemd-analyze").is_none() {
        println!("skipped: systemd-analyze is not installed: the unit is not checked");
        return Ok(());
    }
    let analyze = |words: &[&str]| {
        let output = Command::new("systemd-analyze").args(words).arg(root.join(UNIT)).output()?;
        let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        anyhow::Ok((output.status.success(), text.into_owned()))
    };
    // Its programs are in the root directory, not here.
    let (_, complaints) = analyze(&["verify", "--man=no"])?;
    let own = |line: &&str| line.contains("saker.service") && !line.contains("is not executable");
    let complaints: Vec<&str> = complaints.lines().filter(own).collect();
    ensure!(complaints.is_empty(), "systemd-analyze verify: {complaints:?}");
    let threshold = format!("--threshold={MAX_EXPOSURE}");
    let (is_confined, report) = analyze(&["security", "--offline=true", "--no-pager", &threshold])?;
    let verdict = report.lines().find(|line| line.contains("Overall exposure level")).unwrap_or_default();
    ensure!(is_confined, "the unit is not as confined as it should be: {verdict}");
    println!("unit: {}", verdict.trim_start_matches(['→', ' ']));
    Ok(())
}
