//! What is inside the image: the agent under its four names, the libraries it is linked to, rules, configuration, and what
//! a resolver and a TLS client look for. No shell.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::layer::Entry;
use crate::dirs::Dirs;
use crate::machine::Machine;

const BINARY: &str = "usr/bin/saker";
/// `falco` is what everybody calls it; the others are applets (`sensor-agent/src/app/applets.rs`).
const NAMES: [&str; 3] = ["falco", "kill", "curl"];
/// Where Debian's ca-certificates puts the bundle; so do we.
const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

const TEXTS: &[(&str, &str)] = &[
    ("etc/passwd", "root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n"),
    ("etc/group", "root:x:0:\nnogroup:x:65534:\n"),
    ("etc/hosts", "127.0.0.1 localhost\n::1 localhost\n"),
    ("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"),
];

/// Everything, in no particular order.
pub(super) fn entries(dirs: &Dirs, machine: Machine, binary: &Path) -> Result<Vec<Entry>> {
    let mut entries = installed(dirs, binary)?;
    entries.extend(NAMES.iter().map(|name| Entry::link(&format!("usr/bin/{name}"), "saker")));
    for (inside, library) in machine.libraries(binary)? {
        let inside = inside.strip_prefix("/").unwrap_or(&inside).to_string_lossy().into_owned();
        entries.push(Entry::program(&inside, read(&library)?));
    }
    entries.extend(TEXTS.iter().map(|(path, text)| Entry::data(path, *text)));
    match fs::read(CERTIFICATES) {
        Ok(bytes) => entries.push(Entry::data(CERTIFICATES.trim_start_matches('/'), bytes)),
        Err(_) => println!(
            "no {CERTIFICATES} here (package ca-certificates): https receivers need ca_cert or ca_bundle"
        ),
    }
    entries.push(Entry::tmp());
    // The mount point of host directories (HOST_ROOT), so that a read-only root needs none made.
    entries.extend(["host", "root", "proc", "sys", "dev"].map(Entry::directory));
    Ok(entries)
}

/// What every package brings: the binary, and configuration and rules where Falco has them.
pub(super) fn installed(dirs: &Dirs, binary: &Path) -> Result<Vec<Entry>> {
    let deploy = dirs.root.join("deploy");
    let files = [
        ("etc/falco/falco.yaml", deploy.join("config/falco.yaml")),
        ("etc/falco/falco_rules.yaml", dirs.rules().join("saker_rules.yaml")),
        ("etc/falco/falco_rules.local.yaml", dirs.rules().join("saker_rules.local.yaml")),
        ("usr/share/doc/saker/LICENSE", dirs.root.join("LICENSE")),
        ("usr/share/doc/saker/LICENSE-GPL-2.0", dirs.root.join("LICENSE-GPL-2.0")),
    ];
    let mut entries = vec![Entry::program(BINARY, read(binary)?)];
    for (path, from) in files {
        entries.push(Entry::data(path, read(&from)?));
    }
    entries.extend(["etc/falco/rules.d", "etc/falco/config.d"].map(Entry::directory));
    Ok(entries)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}
