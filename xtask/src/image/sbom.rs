//! The software bill of materials, `CycloneDX` 1.6: the crates that are compiled into agent and kernel object, as cargo
//! resolves them, and the shared libraries with the Debian packages that they come from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::layer::Entry;
use super::sha256;
use crate::dirs::Dirs;
use crate::machine::Machine;
use crate::shell;

/// The document as JSON.
pub(super) fn document(dirs: &Dirs, machine: Machine, version: &str, entries: &[Entry]) -> Result<Vec<u8>> {
    let mut components = BTreeMap::new();
    components.extend(crates(dirs, "Cargo.toml", "sensor-agent", machine.triple())?);
    components.extend(crates(dirs, "sensor-ebpf/Cargo.toml", "sensor-ebpf", "bpfel-unknown-none")?);
    let libraries = entries.iter().filter(|entry| entry.path.contains(".so"));
    components.extend(libraries.filter_map(|entry| library(machine, entry)));
    let document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": { "component": {
            "type": "application",
            "bom-ref": format!("pkg:cargo/sensor-agent@{version}"),
            "name": "saker",
            "version": version,
            "licenses": [{ "expression": "Apache-2.0" }],
        } },
        "components": components.into_values().collect::<Vec<Value>>(),
    });
    serde_json::to_vec_pretty(&document).context("cannot write the bill of materials")
}

/// What `package` is compiled with, itself left out; by package URL.
fn crates(dirs: &Dirs, manifest: &str, package: &str, target: &str) -> Result<BTreeMap<String, Value>> {
    let mut cargo = shell::cargo();
    cargo.args(["metadata", "--format-version", "1", "--locked", "--filter-platform", target]);
    cargo.arg("--manifest-path").arg(dirs.root.join(manifest));
    let metadata: Value = serde_json::from_str(&shell::stdout(&mut cargo)?).context("cargo metadata")?;
    let all = |path: &[&str]| {
        let list = path.iter().fold(&metadata, |value, key| &value[*key]).as_array();
        list.map(Vec::as_slice).unwrap_or_default()
    };
    let packages: BTreeMap<&str, &Value> = by_id(all(&["packages"]));
    let nodes: BTreeMap<&str, &Value> = by_id(all(&["resolve", "nodes"]));
    let own = packages.iter().find(|(_, found)| found["name"] == package);
    let (own, _) = own.with_context(|| format!("no package {package} in {manifest}"))?;
    let (mut seen, mut next) = (BTreeSet::from([*own]), vec![*own]);
    while let Some(id) = next.pop() {
        let dependencies = nodes.get(id).and_then(|node| node["deps"].as_array());
        let compiled = dependencies.into_iter().flatten().filter(|dependency| {
            // A kind that is null is neither for tests nor for build scripts.
            dependency["dep_kinds"]
                .as_array()
                .is_some_and(|kinds| kinds.iter().any(|kind| kind["kind"].is_null()))
        });
        next.extend(
            compiled.filter_map(|dependency| dependency["pkg"].as_str()).filter(|id| seen.insert(id)),
        );
    }
    let found = seen.iter().filter(|id| *id != own).filter_map(|id| packages.get(id));
    Ok(found.map(|package| component(package)).collect())
}

fn by_id(list: &[Value]) -> BTreeMap<&str, &Value> {
    list.iter().filter_map(|value| Some((value["id"].as_str()?, value))).collect()
}

fn component(package: &Value) -> (String, Value) {
    let text = |key: &str| package[key].as_str().unwrap_or_default();
    let (name, version) = (text("name"), text("version"));
    let url = format!("pkg:cargo/{name}@{version}");
    let mut value =
        json!({ "type": "library", "bom-ref": url, "name": name, "version": version, "purl": url });
    if let Some(license) = package["license"].as_str() {
        // The old way to write a choice.
        value["licenses"] = json!([{ "expression": license.replace('/', " OR ") }]);
    }
    (url, value)
}

/// A shared library; where dpkg knows it, with package and version.
fn library(machine: Machine, entry: &Entry) -> Option<(String, Value)> {
    let path = format!("/{}", entry.path);
    let hashes = json!([{ "alg": "SHA-256", "content": sha256(entry.bytes()?) }]);
    let mut value = json!({ "type": "file", "bom-ref": path, "name": path, "hashes": hashes });
    if let Some(owner) = machine.owner(Path::new(&path)) {
        let format = "--showformat=pkg:deb/debian/${Package}@${Version}?arch=${Architecture}";
        if let Ok(url) = shell::stdout(Command::new("dpkg-query").args(["--show", format, &owner])) {
            value["purl"] = json!(url);
        }
    }
    Some((path, value))
}
