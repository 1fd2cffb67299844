//! The node: a bridge without a way out, containerd, kubelet and kube-proxy, and the images of sandboxes and test pods.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::up::daemon;
use super::{API_PORT, CNI, Cluster, NETNS, NODE, wait_for};
use crate::image::{Entry, archive};
use crate::shell;

const BRIDGE: &str = "saker0";
const GATEWAY: &str = "10.88.0.1/24";
const PODS: &str = "10.88.0.0/24";
const API_SERVICE: &str = "10.96.0.1";
const PAUSE: &str = "localhost/pause:1";
/// Debian's static busybox with a shell and its other names.
pub(super) const BUSYBOX: &str = "localhost/busybox:1";
/// An account that only this image knows.
pub(super) const USER: &str = "web";
pub(super) const USER_ID: u32 = 1000;

pub(super) fn start(cluster: &Cluster) -> Result<()> {
    network(cluster)?;
    let run = cluster.run.display();
    let socket = cluster.run.join("cri");
    fs::create_dir_all(&socket).context("cannot make the socket's directory")?;
    // Pods that follow mounts of the host (HostToContainer) need a shared one, which the root is not everywhere.
    shell::run(Command::new("mount").arg("--bind").args([&socket, &socket]))?;
    shell::run(Command::new("mount").arg("--make-shared").arg(&socket))?;
    cluster.write("containerd.toml", &containerd(cluster))?;
    daemon(cluster, "containerd", &format!("containerd --config {run}/containerd.toml"))?;
    wait_for("containerd answers", || Ok(shell::succeeds(cluster.ctr().arg("version"))))?;
    for (name, command) in [(PAUSE, ["/bin/sleep", "2147483647"]), (BUSYBOX, ["/bin/sleep", "3600"])] {
        let archive = archive(name, &busybox()?, &command)?;
        let file = cluster.run.join("image.tar");
        fs::write(&file, archive).context("cannot write an image")?;
        import(cluster, &file)?;
    }
    cluster.write("kubelet.yaml", &kubelet(cluster))?;
    cluster.write("proxy.yaml", &proxy(cluster))?;
    let bin = cluster.bin.display();
    daemon(
        cluster,
        "kubelet",
        &format!(
            "{bin}/kubelet --config {run}/kubelet.yaml --kubeconfig {run}/kubelet.kubeconfig \
             --hostname-override {NODE} --root-dir {run}/kubelet"
        ),
    )?;
    daemon(
        cluster,
        "kube-proxy",
        &format!("{bin}/kube-proxy --config {run}/proxy.yaml --hostname-override {NODE}"),
    )?;
    let ready = r#"jsonpath={.status.conditions[?(@.type=="Ready")].status}{.spec.taints}"#;
    wait_for("the node is ready and takes pods", || {
        Ok(shell::stdout(&mut cluster.kubectl(&["get", "node", NODE, "-o", ready]))
            .is_ok_and(|text| text == "True"))
    })?;
    wait_for("the default service account is there", || {
        Ok(shell::succeeds(&mut cluster.kubectl(&["get", "serviceaccount", "default"])))
    })?;
    Ok(())
}

/// Takes an OCI layout into the node's containerd.
pub(super) fn import(cluster: &Cluster, archive: &Path) -> Result<()> {
    shell::stdout(cluster.ctr().args(["images", "import"]).arg(archive)).map(drop)
}

/// The service `kubernetes` has no endpoint, since that may not be a loopback address: two rules lead it to the API server.
fn network(cluster: &Cluster) -> Result<()> {
    let inside = |line: &str| {
        let mut words = line.split_whitespace();
        shell::run(cluster.inside(words.next().unwrap_or_default()).args(words))
    };
    inside(&format!("ip link add {BRIDGE} type bridge"))?;
    inside(&format!("ip addr add {GATEWAY} dev {BRIDGE}"))?;
    inside(&format!("ip link set {BRIDGE} up"))?;
    // Of this network namespace; /proc/sys/net shows the reader's own.
    for key in ["net.ipv4.ip_forward".to_owned(), format!("net.ipv4.conf.{BRIDGE}.route_localnet")] {
        shell::stdout(cluster.inside("sysctl").arg("-w").arg(format!("{key}=1")))?;
    }
    for chain in ["PREROUTING", "OUTPUT"] {
        inside(&format!(
            "iptables -t nat -A {chain} -d {API_SERVICE} -p tcp --dport 443 -j DNAT --to-destination {NODE}:{API_PORT}"
        ))?;
    }
    let conf = format!(
        r#"{{"cniVersion": "0.4.0", "name": "saker", "plugins": [{{"type": "bridge", "bridge": "{BRIDGE}", "isGateway": true,
 "hairpinMode": true, "ipam": {{"type": "host-local", "dataDir": "{}/ipam", "ranges": [[{{"subnet": "{PODS}"}}]],
 "routes": [{{"dst": "0.0.0.0/0"}}]}}}}]}}"#,
        cluster.run.display()
    );
    cluster.write("cni/10-bridge.conflist", &conf).map(drop)
}

/// A process without `CAP_SYS_RESOURCE` cannot lower its OOM score, so nobody is asked to.
fn containerd(cluster: &Cluster) -> String {
    let run = cluster.run.display();
    format!(
        r#"version = 2
root = "{run}/containerd/root"
state = "{run}/containerd/state"
[grpc]
  address = "{}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{CNI}"
    conf_dir = "{run}/cni"
[plugins."io.containerd.internal.v1.opt"]
  path = "{run}/opt"
"#,
        cluster.socket().display()
    )
}

fn kubelet(cluster: &Cluster) -> String {
    let run = cluster.run.display();
    format!(
        r#"apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: {NODE}
authentication: {{x509: {{clientCAFile: "{run}/pki/ca.crt"}}, anonymous: {{enabled: false}}, webhook: {{enabled: true}}}}
authorization: {{mode: Webhook}}
tlsCertFile: {run}/pki/kubelet-server.crt
tlsPrivateKeyFile: {run}/pki/kubelet-server.key
containerRuntimeEndpoint: unix://{}
cgroupDriver: cgroupfs
failCgroupV1: false
failSwapOn: false
oomScoreAdj: 0
makeIPTablesUtilChains: false
resolvConf: ""
podLogsDir: {run}/pod-logs
volumePluginDir: {run}/volume-plugins
evictionHard: {{memory.available: 50Mi, nodefs.available: 1%, imagefs.available: 1%}}
nodeStatusUpdateFrequency: 4s
"#,
        cluster.socket().display()
    )
}

fn proxy(cluster: &Cluster) -> String {
    format!(
        r#"apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
bindAddress: {NODE}
healthzBindAddress: 127.0.0.1:10256
metricsBindAddress: 127.0.0.1:10249
clusterCIDR: {PODS}
clientConnection: {{kubeconfig: "{}"}}
iptables: {{localhostNodePorts: false}}
conntrack: {{maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}}
"#,
        cluster.kubeconfig("proxy").display()
    )
}

fn busybox() -> Result<Vec<Entry>> {
    let path: PathBuf = shell::find_in_path("busybox").context("busybox is not installed")?;
    let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let names = shell::stdout(Command::new(&path).arg("--list"))?;
    let links = names.lines().filter(|name| *name != "busybox");
    let mut entries: Vec<Entry> = links.map(|name| Entry::link(&format!("bin/{name}"), "busybox")).collect();
    entries.push(Entry::program("bin/busybox", bytes));
    let passwd = format!("root:x:0:0:root:/root:/bin/sh\n{USER}:x:{USER_ID}:{USER_ID}::/:/bin/sh\n");
    entries.push(Entry::data("etc/passwd", passwd));
    entries.push(Entry::tmp());
    entries.extend(["proc", "sys", "dev", "root"].map(Entry::directory));
    Ok(entries)
}

/// What is left of the network when everything has ended.
pub(super) fn remove_network() -> Result<()> {
    shell::run(Command::new("ip").args(["netns", "delete", NETNS]))
}
