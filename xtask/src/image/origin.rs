//! Where an image comes from: commit, lock files, tools and the digest of every file, as an in-toto statement with SLSA's
//! provenance predicate. Signing is the publisher's business.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{Platform, sha256};
use crate::dirs::Dirs;
use crate::shell;

/// What decides the build besides the sources.
const LOCKS: [&str; 2] = ["Cargo.lock", "sensor-ebpf/Cargo.lock"];

/// The commit, with `-dirty` when files differ from it; empty outside of git.
pub(super) fn commit(dirs: &Dirs) -> String {
    let git = |arguments: &[&str]| shell::stdout(Command::new("git").args(arguments).current_dir(&dirs.root));
    let Ok(head) = git(&["rev-parse", "HEAD"]) else { return String::new() };
    let is_clean = git(&["status", "--porcelain", "--untracked-files=no"]).is_ok_and(|text| text.is_empty());
    format!("{}{}", head.trim(), if is_clean { "" } else { "-dirty" })
}

/// The statement as JSON.
pub(super) fn statement(
    dirs: &Dirs,
    reference: &str,
    digest: &str,
    platforms: &[Platform],
) -> Result<Vec<u8>> {
    let mut inputs = vec![json!({ "uri": "git:HEAD", "digest": { "gitCommit": commit(dirs) } })];
    for lock in LOCKS {
        let bytes = fs::read(dirs.root.join(lock)).with_context(|| format!("cannot read {lock}"))?;
        inputs.push(json!({ "uri": format!("file:{lock}"), "digest": { "sha256": sha256(&bytes) } }));
    }
    let files: Vec<Value> = platforms
        .iter()
        .flat_map(|platform| platform.entries.iter().map(|entry| (platform.machine, entry)))
        .filter_map(|(machine, entry)| {
            Some(json!({
                "name": format!("/{}", entry.path),
                "digest": { "sha256": sha256(entry.bytes()?) },
                "annotations": { "architecture": machine.name() },
            }))
        })
        .collect();
    let targets: Vec<&str> = platforms.iter().map(|platform| platform.machine.triple()).collect();
    let rustc = shell::stdout(Command::new("rustc").arg("--version")).unwrap_or_default();
    let bare = digest.trim_start_matches("sha256:");
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": reference, "digest": { "sha256": bare } }],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": "cargo xtask image",
                "externalParameters": { "reference": reference },
                "internalParameters": { "rustc": rustc.trim(), "targets": targets },
                "resolvedDependencies": inputs,
            },
            "runDetails": { "builder": { "id": "cargo xtask image" }, "byproducts": files },
        },
    });
    serde_json::to_vec_pretty(&statement).context("cannot write the statement")
}
