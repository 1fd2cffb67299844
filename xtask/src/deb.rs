//! `cargo xtask deb`: the Debian package, written here so that it needs no Debian: an ar archive of two tar files.

pub(crate) mod check;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::dirs::Dirs;
use crate::image::{Entry, gzip, tar};
use crate::machine::Machine;
use crate::{agent, shell};

/// Kept as an administrator has changed them.
const CONFFILES: &[(&str, &str)] = &[
    ("etc/saker/saker.yaml", "deploy/config/saker.yaml"),
    ("etc/saker/saker_rules.local.yaml", "deploy/rules/saker_rules.local.yaml"),
    // The base is not to be edited; who does it all the same is asked at the next upgrade.
    ("etc/saker/saker_rules.yaml", "deploy/rules/saker_rules.yaml"),
];
const FILES: &[(&str, &str)] = &[
    ("usr/lib/systemd/system/saker.service", "deploy/systemd/saker.service"),
    ("usr/share/doc/saker/copyright", "LICENSE"),
    ("usr/share/doc/saker/LICENSE-GPL-2.0", "LICENSE-GPL-2.0"),
];

const POSTINST: &str = "#!/bin/sh
set -e
if [ \"$1\" = configure ] && [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    systemctl enable saker.service
    systemctl restart saker.service
fi
";
const PRERM: &str = "#!/bin/sh
set -e
if [ \"$1\" = remove ] && [ -d /run/systemd/system ]; then
    systemctl disable --now saker.service
fi
";
const POSTRM: &str = "#!/bin/sh
set -e
if [ \"$1\" = purge ]; then
    rm -rf /var/lib/saker /var/log/saker
fi
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
fi
";

/// Builds the agent and writes the package; returns its path.
pub(crate) fn run(dirs: &Dirs, machine: Machine) -> Result<PathBuf> {
    let binary = agent::build_for(dirs, machine)?;
    let version = agent::version(dirs)?;
    let mut data = vec![
        Entry::program("usr/bin/saker", fs::read(&binary).context("cannot read the agent")?),
        Entry::link("usr/bin/falco", "saker"),
    ];
    for (path, from) in CONFFILES.iter().chain(FILES) {
        let bytes = fs::read(dirs.root.join(from)).with_context(|| format!("cannot read {from}"))?;
        data.push(Entry::data(path, bytes));
    }
    data.extend(["etc/saker/rules.d", "etc/saker/config.d"].map(Entry::directory));
    let architecture = machine.name();
    let bytes: usize = data.iter().filter_map(Entry::bytes).map(<[u8]>::len).sum();
    let control = control(&version, architecture, bytes.div_ceil(1024), &depends(machine, &binary)?);
    let conffiles =
        CONFFILES.iter().map(|(path, _)| format!("/{path}")).collect::<Vec<_>>().join("\n") + "\n";
    let scripts = [("postinst", POSTINST), ("prerm", PRERM), ("postrm", POSTRM)];
    let mut meta: Vec<Entry> =
        scripts.map(|(name, text)| Entry::program(name, text.as_bytes().to_vec())).to_vec();
    meta.extend([Entry::data("control", control), Entry::data("conffiles", conffiles)]);
    let archive = ar(&[
        ("debian-binary", b"2.0\n".to_vec()),
        ("control.tar.gz", gzip(&tar(&meta)?)?),
        ("data.tar.gz", gzip(&tar(&data)?)?),
    ]);
    let home = dirs.target.join("debian");
    fs::create_dir_all(&home).with_context(|| format!("cannot make {}", home.display()))?;
    let path = home.join(format!("saker_{version}_{architecture}.deb"));
    fs::write(&path, &archive).with_context(|| format!("cannot write {}", path.display()))?;
    println!("{}", path.display());
    Ok(path)
}

fn control(version: &str, architecture: &str, kib: usize, depends: &str) -> String {
    format!(
        "Package: saker
Version: {version}
Architecture: {architecture}
Maintainer: The maintainers of Saker <root@localhost>
Installed-Size: {kib}
Depends: {depends}
Recommends: ca-certificates
Conflicts: falco
Replaces: falco
Section: admin
Priority: optional
Description: runtime security sensor, compatible with Falco's rules
 Watches system calls by eBPF and alerts by Falco's rules and configuration
 files, with two capabilities and no kernel module.
"
    )
}

/// The packages of the libraries that it is linked to, at least as new as here; without dpkg nobody knows them.
fn depends(machine: Machine, binary: &std::path::Path) -> Result<String> {
    let mut packages = Vec::new();
    for library in machine.libraries(binary)?.keys() {
        let Some(owner) = machine.owner(library) else { continue };
        let version =
            shell::stdout(Command::new("dpkg-query").args(["--show", "--showformat=${Version}\n", &owner]))?;
        // Without the distribution's own revision.
        let version =
            version.lines().next().unwrap_or_default().rsplit_once('-').map_or("0", |(upstream, _)| upstream);
        packages.push(format!("{} (>= {version})", machine.native_package(&owner)));
    }
    packages.sort();
    packages.dedup();
    Ok(if packages.is_empty() { "libc6, libgcc-s1".to_owned() } else { packages.join(", ") })
}

/// deb(5): the common ar format, members padded to even lengths.
fn ar(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut archive = b"!<arch>\n".to_vec();
    for (name, bytes) in members {
        // name, time, owner, group, mode, size
        archive.extend(
            format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, 100_644, bytes.len()).bytes(),
        );
        archive.extend(bytes);
        if bytes.len() % 2 == 1 {
            archive.push(b'\n');
        }
    }
    archive
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_padded_and_described() {
        let archive = ar(&[("debian-binary", b"2.0\n".to_vec()), ("odd", vec![1]), ("last", vec![2, 3])]);
        assert_eq!(archive.len(), 8 + (60 + 4) + (60 + 2) + (60 + 2));
        assert_eq!(&archive[8..24], b"debian-binary   ");
        assert_eq!(&archive[8 + 58..8 + 60], b"`\n");
    }
}
