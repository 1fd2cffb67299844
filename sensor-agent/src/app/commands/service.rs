//! `saker service`: the systemd unit that packages ship, for hosts to which the binary was copied. What is there of
//! configuration and rules stays as it is.

use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    process::Command,
};

use crate::app::{AppError, cli::ServiceAction, output::print};

const UNIT: &str = include_str!("../../../../deploy/systemd/saker.service");
const UNIT_PATH: &str = "etc/systemd/system/saker.service";
const PACKAGED: &str = "ExecStart=/usr/bin/saker\n";
/// A sensor that has them already keeps them.
const FILES: [(&str, &str); 3] = [
    ("etc/saker/saker.yaml", include_str!("../../../../deploy/config/saker.yaml")),
    ("etc/saker/saker_rules.yaml", include_str!("../../../../deploy/rules/saker_rules.yaml")),
    ("etc/saker/saker_rules.local.yaml", include_str!("../../../../deploy/rules/saker_rules.local.yaml")),
];
/// There while systemd runs this host (`sd_booted(3)`).
const BOOTED: &str = "/run/systemd/system";

/// Installs, removes or shows the unit.
pub(super) fn run(action: &ServiceAction) -> Result<(), AppError> {
    match action {
        ServiceAction::Print => print(&unit()?),
        ServiceAction::Install { root } => install(root),
        ServiceAction::Uninstall { root } => uninstall(root),
    }
}

fn install(root: &Path) -> Result<(), AppError> {
    for (path, text) in FILES {
        let path = root.join(path);
        if path.symlink_metadata().is_ok() {
            print(&format!("{} is there and stays\n", path.display()))?;
        } else {
            write(&path, text)?;
        }
    }
    write(&root.join(UNIT_PATH), &unit()?)?;
    systemctl(root, &[&["daemon-reload"], &["enable", "saker.service"], &["restart", "saker.service"]])
}

fn uninstall(root: &Path) -> Result<(), AppError> {
    let path = root.join(UNIT_PATH);
    systemctl(root, &[&["disable", "--now", "saker.service"]])?;
    fs::remove_file(&path).map_err(|source| AppError::Output {
        action: "remove",
        path: path.clone(),
        source,
    })?;
    print(&format!("removed {}; /etc/saker, /var/lib/saker and /var/log/saker stay\n", path.display()))?;
    systemctl(root, &[&["daemon-reload"]])
}

/// The unit with the path of this binary.
fn unit() -> Result<String, AppError> {
    let cannot = |source| AppError::Environment { action: "find this binary".to_owned(), source };
    let binary = std::env::current_exe().map_err(cannot)?;
    // A unit would need quotes around it, and an unreadable path is somebody's slip.
    let path =
        binary.to_str().filter(|path| !path.contains(|c: char| c.is_whitespace() || "%$\"'\\".contains(c)));
    let path = path.ok_or_else(|| {
        let what = format!("{} cannot stand in a unit: move it to /usr/local/bin", binary.display());
        cannot(io::Error::new(io::ErrorKind::InvalidInput, what))
    })?;
    Ok(UNIT.replace(PACKAGED, &format!("ExecStart={path}\n")))
}

fn write(path: &Path, text: &str) -> Result<(), AppError> {
    let failed = |source| AppError::Output { action: "write", path: path.to_owned(), source };
    if let Some(parent) = path.parent() {
        // Whoever may write it decides what the sensor sees.
        DirBuilder::new().recursive(true).mode(0o755).create(parent).map_err(failed)?;
    }
    fs::write(path, text).map_err(failed)?;
    print(&format!("wrote {}\n", path.display()))
}

/// Tells systemd of it, where it runs and the files are this host's.
fn systemctl(root: &Path, orders: &[&[&str]]) -> Result<(), AppError> {
    let is_here = root == Path::new("/") && PathBuf::from(BOOTED).is_dir();
    for order in orders {
        let line = format!("systemctl {}", order.join(" "));
        if !is_here {
            print(&format!("systemd does not run here, left out: {line}\n"))?;
            continue;
        }
        let failed = |source| AppError::Environment { action: format!("run `{line}`"), source };
        let status = Command::new("systemctl").args(*order).status().map_err(failed)?;
        if !status.success() {
            return Err(failed(io::Error::other(status.to_string())));
        }
    }
    Ok(())
}
