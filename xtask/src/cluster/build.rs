//! The six Kubernetes binaries from their Go modules.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use super::{BINARIES, Cluster};
use crate::shell;

/// The last one that takes cgroup v1 and containerd 1.6 without a switch.
const VERSION: &str = "1.34.4";

/// Its go.mod replaces the staging modules (k8s.io/api, …) by folders, which `go install` refuses; they are published, too,
/// as v0.x.y, so a module of our own maps each to that version.
pub(super) fn run(cluster: &Cluster) -> Result<()> {
    if BINARIES.iter().all(|name| cluster.bin.join(name).is_file()) {
        println!("{} has all of them", cluster.bin.display());
        return Ok(());
    }
    let source = cluster.run.with_file_name("src");
    fs::create_dir_all(&source).with_context(|| format!("cannot make {}", source.display()))?;
    let go = || {
        let mut go = Command::new("go");
        go.current_dir(&source).envs([
            ("GOFLAGS", "-mod=mod"),
            ("GOTOOLCHAIN", "local"),
            ("CGO_ENABLED", "0"),
        ]);
        go
    };
    if !source.join("go.mod").is_file() {
        shell::run(go().args(["mod", "init", "cluster"]))?;
        let module = format!("k8s.io/kubernetes@v{VERSION}");
        let found = download(&module)?;
        let mod_file = fs::read_to_string(found["GoMod"].as_str().context("no GoMod")?)?;
        shell::run(go().args(["mod", "edit", &format!("-require={module}")]))?;
        let staged = VERSION.trim_start_matches("1.");
        for line in mod_file.lines() {
            let mut words = line.split_whitespace();
            if let (Some(name), Some("=>"), Some(path)) = (words.next(), words.next(), words.next())
                && path.starts_with("./staging")
            {
                shell::run(go().args(["mod", "edit", &format!("-replace={name}={name}@v0.{staged}")]))?;
            }
        }
    }
    // Without these the programs say v0.0.0-master, and checks of versions between them go wrong.
    let package = "k8s.io/component-base/version";
    let (major, minor) = ("1", VERSION.split('.').nth(1).unwrap_or_default());
    let flags = format!(
        "-s -w -X {package}.gitVersion=v{VERSION} -X {package}.gitMajor={major} -X {package}.gitMinor={minor} -X {package}.gitTreeState=clean"
    );
    let mut build = go();
    build.args(["build", "-trimpath", "-ldflags", &flags, "-o"]).arg(format!("{}/", cluster.bin.display()));
    build.args(BINARIES.map(|name| format!("k8s.io/kubernetes/cmd/{name}")));
    fs::create_dir_all(&cluster.bin).context("cannot make the directory of binaries")?;
    shell::run(&mut build)
}

/// Gets a module (`path@version`) into Go's cache; what Go says of it, with `Dir` and `GoMod`.
pub(super) fn download(module: &str) -> Result<Value> {
    let mut go = Command::new("go");
    let found = shell::stdout(go.args(["mod", "download", "-json", module]).current_dir("/"))?;
    serde_json::from_str(&found).context("go mod download")
}
