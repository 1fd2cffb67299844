//! Layouts from small trees: same input, same digest; every blob is what its name says; architectures join.

use std::collections::BTreeMap;
use std::io::Read;

use serde_json::Value;

use super::layer::{self, Entry};
use super::layout::{Config, Layout};
use super::sha256;

const REFERENCE: &str = "localhost/saker:1";

fn entries() -> Vec<Entry> {
    vec![
        Entry::program("usr/bin/saker", b"\x7fELF".to_vec()),
        Entry::link("usr/bin/falco", "saker"),
        Entry::data("etc/falco/falco.yaml", "json_output: true\n"),
        Entry::directory("etc/falco/rules.d"),
    ]
}

fn layout(architecture: &'static str, entries: &[Entry]) -> (String, Vec<u8>) {
    let mut layout = Layout::default();
    let config = Config { version: "1", architecture, commit: "c", command: &["/usr/bin/saker"] };
    layout.platform(&config, &layer::tar(entries).unwrap()).unwrap();
    layout.finish(REFERENCE).unwrap()
}

fn files(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = tar::Archive::new(archive);
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_string_lossy().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (path, bytes)
    });
    entries.collect()
}

#[test]
fn the_same_input_gives_the_same_digest() {
    let one = layout("amd64", &entries());
    let mut shuffled = entries();
    shuffled.reverse();
    assert_eq!(one, layout("amd64", &shuffled));
    shuffled[0] = Entry::data("etc/falco/falco.yaml", "json_output: false\n");
    assert_ne!(one.0, layout("amd64", &shuffled).0);
}

#[test]
fn every_blob_is_what_its_name_says() {
    let (digest, archive) = layout("amd64", &entries());
    let files = files(&archive);
    let blobs: Vec<_> =
        files.iter().filter(|(path, _)| path.starts_with("blobs/sha256/") && !path.ends_with('/')).collect();
    assert_eq!(blobs.len(), 4, "layer, configuration, manifest, index");
    for (path, bytes) in blobs {
        assert_eq!(*path, format!("blobs/sha256/{}", sha256(bytes)));
    }
    let top: Value = serde_json::from_slice(&files["index.json"]).unwrap();
    assert_eq!(top["manifests"][0]["digest"], digest.as_str());
    assert_eq!(top["manifests"][0]["annotations"]["io.containerd.image.name"], REFERENCE);
}

#[test]
fn a_layer_has_its_directories_and_no_times() {
    let layer = layer::tar(&entries()).unwrap();
    let mut archive = tar::Archive::new(&layer[..]);
    let headers = archive.entries().unwrap().map(|entry| {
        let entry = entry.unwrap();
        let header = entry.header();
        assert_eq!((header.mtime().unwrap(), header.uid().unwrap(), header.gid().unwrap()), (0, 0, 0));
        (entry.path().unwrap().to_string_lossy().into_owned(), header.mode().unwrap())
    });
    let expect = [
        ("etc/", 0o755),
        ("etc/falco/", 0o755),
        ("etc/falco/falco.yaml", 0o644),
        ("etc/falco/rules.d/", 0o755),
        ("usr/", 0o755),
        ("usr/bin/", 0o755),
        ("usr/bin/falco", 0o777),
        ("usr/bin/saker", 0o755),
    ];
    assert_eq!(headers.collect::<Vec<_>>(), expect.map(|(path, mode)| (path.to_owned(), mode)));
}

#[test]
fn another_architecture_joins() {
    let directory = std::env::temp_dir().join(format!("saker-image-{}", std::process::id()));
    std::fs::write(&directory, layout("arm64", &entries()).1).unwrap();
    let mut layout = Layout::default();
    let config = Config { version: "1", architecture: "amd64", commit: "c", command: &["/usr/bin/saker"] };
    layout.platform(&config, &layer::tar(&entries()).unwrap()).unwrap();
    let joined = layout.join(&directory);
    std::fs::remove_file(&directory).unwrap();
    joined.unwrap();
    let (digest, archive) = layout.finish(REFERENCE).unwrap();
    let files = files(&archive);
    let index: Value =
        serde_json::from_slice(&files[&format!("blobs/{}", digest.replace(':', "/"))]).unwrap();
    let platforms = index["manifests"].as_array().unwrap().iter();
    let platforms: Vec<_> =
        platforms.map(|manifest| manifest["platform"]["architecture"].as_str().unwrap()).collect();
    assert_eq!(platforms, ["amd64", "arm64"]);
    for manifest in index["manifests"].as_array().unwrap() {
        let digest = manifest["digest"].as_str().unwrap();
        assert!(files.contains_key(&format!("blobs/{}", digest.replace(':', "/"))), "{digest}");
    }
}
