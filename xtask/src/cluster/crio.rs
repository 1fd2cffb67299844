//! CRI-O from its Go module, which Debian does not have: a second runtime of live tests. The cluster itself does without.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::{Cluster, build};
use crate::shell;

const MODULE: &str = "github.com/cri-o/cri-o@v1.34.0";
/// Without these it needs C libraries.
const TAGS: &str = "containers_image_openpgp exclude_graphdriver_btrfs";

pub(super) fn build(cluster: &Cluster) -> Result<()> {
    let [crio, pinns] = ["crio", "pinns"].map(|name| cluster.bin.join(name));
    if crio.is_file() && pinns.is_file() {
        return Ok(());
    }
    let found = build::download(MODULE)?;
    let source = Path::new(found["Dir"].as_str().context("no Dir")?);
    let mut go = Command::new("go");
    // In its own folder it is the main module: what its go.mod and go.sum say holds.
    go.current_dir(source).env("GOTOOLCHAIN", "local").env_remove("GOFLAGS");
    go.args(["build", "-mod=readonly", "-trimpath", "-ldflags", "-s -w", "-tags", TAGS, "-o"]).arg(crio);
    shell::run(go.arg("./cmd/crio"))?;
    let mut cc = Command::new("cc");
    cc.args(["-std=c99", "-Os", "-o"]).arg(pinns);
    shell::run(cc.args(["pinns.c", "sysctl.c"].map(|name| source.join("pinns/src").join(name))))
}
