//! Starts the control plane, then the node. Every process is noted in `run/pid`, so that `down` ends these and no others.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::{API_PORT, Cluster, NETNS, NODE, node, pki, wait_for};
use crate::shell;

const SERVICES: &str = "10.96.0.0/24";
const ETCD: &str = "http://127.0.0.1:12379";
/// The kubelet, kube-proxy and the bridge plugin set these on the machine; `down` puts them back.
pub(super) const SETTINGS: [&str; 6] = [
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
];

pub(super) fn run(cluster: &Cluster) -> Result<()> {
    ensure!(
        !cluster.run.join("pid").exists(),
        "{} is there: it runs, or was not brought down (`cargo xtask cluster down`)",
        cluster.run.join("pid").display()
    );
    for directory in ["pid", "log", "etcd", "cni"] {
        fs::create_dir_all(cluster.run.join(directory)).context("cannot make the cluster's directories")?;
    }
    let settings: Vec<String> = SETTINGS.iter().filter_map(|key| setting(key)).collect();
    cluster.write("settings", &settings.join("\n"))?;
    shell::run(Command::new("ip").args(["netns", "add", NETNS]))?;
    shell::run(Command::new("ip").args(["-n", NETNS, "link", "set", "lo", "up"]))?;
    pki::make(cluster)?;
    control_plane(cluster)?;
    node::start(cluster)
}

fn setting(key: &str) -> Option<String> {
    let value = fs::read_to_string(format!("/proc/sys/{key}")).ok()?;
    Some(format!("{key} {}", value.trim()))
}

fn control_plane(cluster: &Cluster) -> Result<()> {
    let run = cluster.run.display();
    daemon(
        cluster,
        "etcd",
        &format!(
            "etcd --data-dir {run}/etcd --unsafe-no-fsync --listen-client-urls {ETCD} --advertise-client-urls {ETCD} \
             --listen-peer-urls http://127.0.0.1:12380"
        ),
    )?;
    let bin = cluster.bin.display();
    daemon(
        cluster,
        "kube-apiserver",
        &format!(
            "{bin}/kube-apiserver --etcd-servers {ETCD} --bind-address {NODE} --advertise-address {NODE} \
             --endpoint-reconciler-type none --secure-port {API_PORT} --tls-cert-file {run}/pki/apiserver.crt \
             --tls-private-key-file {run}/pki/apiserver.key --client-ca-file {run}/pki/ca.crt \
             --kubelet-client-certificate {run}/pki/admin.crt --kubelet-client-key {run}/pki/admin.key \
             --kubelet-certificate-authority {run}/pki/ca.crt \
             --service-account-issuer https://kubernetes.default.svc --service-account-key-file {run}/pki/sa.pub \
             --service-account-signing-key-file {run}/pki/sa.key --service-cluster-ip-range {SERVICES} \
             --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction --allow-privileged"
        ),
    )?;
    wait_for("kube-apiserver is ready", || {
        Ok(shell::succeeds(&mut cluster.kubectl(&["get", "--raw", "/readyz"])))
    })?;
    daemon(
        cluster,
        "kube-controller-manager",
        &format!(
            "{bin}/kube-controller-manager --kubeconfig {run}/controllers.kubeconfig --leader-elect=false \
             --bind-address {NODE} --use-service-account-credentials \
             --service-account-private-key-file {run}/pki/sa.key --root-ca-file {run}/pki/ca.crt"
        ),
    )?;
    daemon(
        cluster,
        "kube-scheduler",
        &format!(
            "{bin}/kube-scheduler --kubeconfig {run}/scheduler.kubeconfig --leader-elect=false --bind-address {NODE}"
        ),
    )
}

/// Starts it inside the cluster's network, away from this terminal, and notes its process id.
pub(super) fn daemon(cluster: &Cluster, name: &str, line: &str) -> Result<()> {
    let log = cluster.run.join("log").join(name);
    let log = fs::File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut words = line.split_whitespace();
    let mut command = cluster.inside(words.next().context("an empty command")?);
    // No image is ever pulled: the proxy is a closed local port, so that not even a name is looked up.
    command.args(words).envs([("HTTP_PROXY", "http://127.0.0.1:1"), ("HTTPS_PROXY", "http://127.0.0.1:1")]);
    command.env("NO_PROXY", "127.0.0.0/8,10.0.0.0/8");
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0);
    let child = command.spawn().with_context(|| format!("cannot start {name}"))?;
    cluster.write(&format!("pid/{name}"), &child.id().to_string()).map(drop)
}
