//! An image layout (OCI image specification 1.1): blobs by digest, one manifest a platform, one index over them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::layer::{self, Entry};
use super::sha256;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// Blobs by path, and the manifests of the platforms.
#[derive(Default)]
pub(super) struct Layout {
    blobs: BTreeMap<String, Vec<u8>>,
    manifests: Vec<Value>,
}

/// What a platform's configuration says besides its layer.
pub(super) struct Config<'a> {
    pub(super) version: &'a str,
    pub(super) architecture: &'static str,
    /// Empty outside of git.
    pub(super) commit: &'a str,
    /// What it runs.
    pub(super) command: &'a [&'a str],
}

impl Layout {
    /// Adds this platform's image of one layer; returns its bytes.
    pub(super) fn platform(&mut self, config: &Config<'_>, layer: &[u8]) -> Result<u64> {
        let Config { version, architecture, commit, command } = config;
        let image = json!({
            "created": "1970-01-01T00:00:00Z",
            "architecture": architecture,
            "os": "linux",
            "config": {
                "Env": ["PATH=/usr/bin:/bin", "HOME=/root", "HOST_ROOT=/host"],
                "Cmd": command,
                "WorkingDir": "/",
                "StopSignal": "SIGTERM",
                "Labels": {
                    "org.opencontainers.image.title": "saker",
                    "org.opencontainers.image.version": version,
                    "org.opencontainers.image.revision": commit,
                    "org.opencontainers.image.licenses": "Apache-2.0 AND (Apache-2.0 OR GPL-2.0)",
                },
            },
            "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{}", sha256(layer))] },
            "history": [{ "created": "1970-01-01T00:00:00Z", "created_by": "cargo xtask image" }],
        });
        let layer = self.blob(LAYER, layer::gzip(layer)?);
        let config = self.blob(CONFIG, image.to_string().into_bytes());
        let bytes = [&layer, &config].iter().filter_map(|blob| blob["size"].as_u64()).sum();
        let manifest =
            json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer] });
        let mut manifest = self.blob(MANIFEST, manifest.to_string().into_bytes());
        manifest["platform"] = json!({ "architecture": architecture, "os": "linux" });
        self.manifests.push(manifest);
        Ok(bytes)
    }

    /// Adds the platforms of another layout that are not here yet, with their blobs.
    pub(super) fn join(&mut self, archive: &Path) -> Result<()> {
        let mut blobs = BTreeMap::new();
        for entry in tar::Archive::new(File::open(archive)?).entries()? {
            let mut entry = entry?;
            if !entry.header().entry_type().is_file() {
                continue;
            }
            let path = entry.path()?.to_string_lossy().into_owned();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            blobs.insert(path, bytes);
        }
        let top = document(&blobs, "index.json")?;
        let digest = top["manifests"][0]["digest"].as_str().context("index.json names no image")?;
        let index = document(&blobs, &path(digest))?;
        for manifest in index["manifests"].as_array().context("the image is of one platform")? {
            if self.manifests.iter().all(|own| own["platform"] != manifest["platform"]) {
                self.manifests.push(manifest.clone());
            }
        }
        let contents = blobs.into_iter().filter(|(path, _)| path.starts_with("blobs/sha256/"));
        for (path, bytes) in contents.filter(|(path, _)| *path != self::path(digest)) {
            if path != self::path(&format!("sha256:{}", sha256(&bytes))) {
                bail!("{path} is not what its name says");
            }
            self.blobs.insert(path, bytes);
        }
        Ok(())
    }

    /// Digest of the index, and the layout as a tar file.
    pub(super) fn finish(mut self, reference: &str) -> Result<(String, Vec<u8>)> {
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": self.manifests });
        let mut image = self.blob(INDEX, index.to_string().into_bytes());
        let digest = image["digest"].as_str().unwrap_or_default().to_owned();
        let tag = reference.rsplit_once(':').map_or("latest", |(_, tag)| tag);
        image["annotations"] = json!({
            // containerd's whole name, and the specification's tag.
            "io.containerd.image.name": reference,
            "org.opencontainers.image.ref.name": tag,
        });
        let top = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [image] });
        let mut entries = vec![
            Entry::data("oci-layout", json!({ "imageLayoutVersion": "1.0.0" }).to_string()),
            Entry::data("index.json", top.to_string()),
        ];
        entries.extend(self.blobs.into_iter().map(|(path, bytes)| Entry::data(&path, bytes)));
        Ok((digest, layer::tar(&entries)?))
    }

    /// Keeps it and returns its descriptor.
    fn blob(&mut self, media_type: &str, bytes: Vec<u8>) -> Value {
        let digest = format!("sha256:{}", sha256(&bytes));
        let descriptor = json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() });
        self.blobs.insert(path(&digest), bytes);
        descriptor
    }
}

/// `sha256:…` → `blobs/sha256/…`
fn path(digest: &str) -> String {
    format!("blobs/{}", digest.replacen(':', "/", 1))
}

fn document(blobs: &BTreeMap<String, Vec<u8>>, path: &str) -> Result<Value> {
    let bytes = blobs.get(path).with_context(|| format!("no {path}"))?;
    serde_json::from_slice(bytes).with_context(|| format!("{path} is no JSON"))
}
