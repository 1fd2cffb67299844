//! Ends what `up` has started, and nothing else: processes noted in `run/pid` and containers of the cluster's containerd.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use super::{Cluster, NETNS, node, wait_for};
use crate::shell;

/// In this order: nobody starts anew what was ended.
const BEFORE: [&str; 1] = ["kubelet"];
const AFTER: [&str; 5] =
    ["containerd", "kube-proxy", "kube-scheduler", "kube-controller-manager", "kube-apiserver"];

pub(super) fn run(cluster: &Cluster) -> Result<()> {
    if !cluster.run.exists() {
        println!("no cluster is there");
        return Ok(());
    }
    BEFORE.iter().try_for_each(|name| end(cluster, name))?;
    containers(cluster);
    AFTER.iter().chain(&["etcd"]).try_for_each(|name| end(cluster, name))?;
    unmount(cluster)?;
    if fs::exists(format!("/run/netns/{NETNS}"))? {
        node::remove_network()?;
    }
    restore(cluster)?;
    // Left by the kubelet, empty.
    let groups = ["/sys/fs/cgroup", "-depth", "-type", "d", "-path", "*/kubepods*", "-delete"];
    shell::succeeds(Command::new("find").args(groups));
    fs::remove_dir_all(&cluster.run).with_context(|| format!("cannot remove {}", cluster.run.display()))
}

/// SIGTERM, then SIGKILL for who takes too long.
fn end(cluster: &Cluster, name: &str) -> Result<()> {
    let file = cluster.run.join("pid").join(name);
    let Ok(process) = fs::read_to_string(&file) else { return Ok(()) };
    let kill = |signal: &str| shell::succeeds(Command::new("kill").args([signal, &process]));
    // A process that has ended and was not waited for is no process any more.
    let is_gone = || {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        !status.lines().any(|line| line.starts_with("State:") && !line.contains("zombie"))
    };
    if kill("-TERM") {
        let mut looks = 0;
        wait_for(&format!("the end of {name}"), || {
            looks += 1;
            if looks == 50 {
                kill("-KILL");
            }
            Ok(is_gone())
        })?;
    }
    fs::remove_file(file).context("cannot forget a process")
}

/// Every task and container, and the network namespaces that were made for sandboxes; shims end with their tasks.
fn containers(cluster: &Cluster) {
    let list = |words: [&str; 2]| shell::stdout(cluster.ctr().args(words).arg("--quiet")).unwrap_or_default();
    for task in list(["task", "list"]).lines() {
        shell::succeeds(cluster.ctr().args(["task", "delete", "--force", task]));
    }
    for container in list(["container", "list"]).lines() {
        let info = shell::stdout(cluster.ctr().args(["container", "info", container])).unwrap_or_default();
        shell::succeeds(cluster.ctr().args(["container", "delete", container]));
        if let Some(name) = network(&info) {
            shell::succeeds(Command::new("ip").args(["netns", "delete", &name]));
        }
    }
}

/// Name of the network namespace that containerd made for a container's sandbox.
fn network(info: &str) -> Option<String> {
    let info: Value = serde_json::from_str(info).ok()?;
    let namespaces = info["Spec"]["linux"]["namespaces"].as_array()?;
    let path = namespaces.iter().find(|own| own["type"] == "network")?["path"].as_str()?;
    let name = path.rsplit_once("/netns/")?.1;
    name.starts_with("cni-").then(|| name.to_owned())
}

/// Volumes and sandboxes, deepest first.
fn unmount(cluster: &Cluster) -> Result<()> {
    let mounts = fs::read_to_string("/proc/self/mounts").context("cannot read the mounts")?;
    let below = format!("{}/", cluster.run.display());
    let mut points: Vec<&str> = mounts.lines().filter_map(|line| line.split(' ').nth(1)).collect();
    points.retain(|point| point.starts_with(&below));
    points.sort_unstable();
    points.iter().rev().try_for_each(|point| shell::run(Command::new("umount").args(["--lazy", point])))
}

fn restore(cluster: &Cluster) -> Result<()> {
    let settings = fs::read_to_string(cluster.run.join("settings")).unwrap_or_default();
    for (key, value) in settings.lines().filter_map(|line| line.split_once(' ')) {
        fs::write(format!("/proc/sys/{key}"), value).with_context(|| format!("cannot restore {key}"))?;
    }
    Ok(())
}
