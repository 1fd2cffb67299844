//! A real API server of the test's own: etcd and kube-apiserver on loopback, and kubectl. Objects are stored, watched and
//! deleted; nobody acts on them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::program::{built, is_installed};
use crate::sensor::{SOON, free_port, wait_for};

/// What the agent may do: nothing but this.
const ROLE: &str = r"
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: saker}
rules:
  - {apiGroups: [''], resources: [pods, namespaces], verbs: [list, watch]}
  - {apiGroups: [''], resources: [replicationcontrollers], verbs: [get]}
  - {apiGroups: [apps], resources: [replicasets, deployments, daemonsets, statefulsets], verbs: [get]}
  - {apiGroups: [batch], resources: [jobs, cronjobs], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: saker}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: saker}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: saker}]
";

/// A running API server.
pub struct Kube {
    directory: TempDir,
    etcd: Child,
    server: Child,
    etcd_port: u16,
    port: u16,
}

impl Kube {
    /// Why there can be none here.
    pub fn missing() -> Option<&'static str> {
        let all = ["etcd", "kube-apiserver"].map(built).into_iter().all(is_installed);
        (!all).then_some("no etcd or kube-apiserver (SAKER_CLUSTER_BIN names their directory)")
    }

    /// Starts one.
    pub fn start() -> Result<Self> {
        let directory = TempDir::new()?;
        let (etcd_port, peer_port, port) = (free_port()?, free_port()?, free_port()?);
        let root = directory.path();
        fs::write(root.join("tokens"), "root-token,root,0,system:masters\nsaker-token,saker,1\n")?;
        let key =
            Command::new("openssl").args(["genrsa", "-out"]).arg(root.join("sa.key")).arg("2048").output()?;
        ensure!(key.status.success(), "openssl: {}", String::from_utf8_lossy(&key.stderr));
        let (etcd_url, peer_url) = (url("http", etcd_port), url("http", peer_port));
        let mut command = built("etcd");
        command.arg("--data-dir").arg(root.join("etcd")).args(["--listen-client-urls", &etcd_url]);
        command.args(["--advertise-client-urls", &etcd_url, "--listen-peer-urls", &peer_url]);
        command.args(["--initial-advertise-peer-urls", &peer_url, "--initial-cluster"]);
        command.arg(format!("default={peer_url}"));
        let etcd = spawn(&mut command, &root.join("etcd.log"))?;
        for user in ["root", "saker"] {
            fs::write(root.join(user), kubeconfig(port, user))?;
        }
        let server = server(root, etcd_port, port)?;
        let mut kube = Self { directory, etcd, server, etcd_port, port };
        kube.wait_ready()?;
        kube.apply(ROLE)?;
        Ok(kube)
    }

    /// The agent's kubeconfig.
    pub fn kubeconfig(&self) -> PathBuf {
        self.directory.path().join("saker")
    }

    /// `kubectl` with every right; gives what it printed.
    pub fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        let mut command = built("kubectl");
        command.arg("--kubeconfig").arg(self.directory.path().join("root")).args(arguments);
        let output = command.stdin(Stdio::null()).output()?;
        ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Creates or changes objects.
    pub fn apply(&self, yaml: &str) -> Result<()> {
        let file = self.directory.path().join("objects.yaml");
        fs::write(&file, yaml)?;
        let file = file.to_str().context("no UTF-8")?;
        self.kubectl(&["apply", "--validate=false", "-f", file]).map(drop)
    }

    /// Makes pods of a node in namespace `shop`, called `NAME-NUMBER` and labelled `app=NAME`, by several clients at a time.
    pub fn create_pods(&self, node: &str, name: &str, count: usize) -> Result<()> {
        const MAX_CLIENTS: usize = 8;
        let n_clients = MAX_CLIENTS.min(count);
        thread::scope(|scope| {
            let work = |client: usize| {
                let pods: Vec<_> =
                    (client..count).step_by(n_clients).map(|number| pod(node, name, number)).collect();
                let list = json!({ "apiVersion": "v1", "kind": "List", "items": pods });
                let file = self.directory.path().join(format!("pods-{client}.json"));
                fs::write(&file, list.to_string())?;
                let file = file.to_str().context("no UTF-8")?.to_owned();
                self.kubectl(&["create", "--validate=false", "-f", &file]).map(drop)
            };
            let clients: Vec<_> = (0..n_clients).map(|client| scope.spawn(move || work(client))).collect();
            clients.into_iter().try_for_each(|it| it.join().unwrap_or_else(|_| bail!("a client panicked")))
        })
    }

    /// Kills the API server and starts it again.
    pub fn restart(&mut self) -> Result<()> {
        self.server.kill()?;
        self.server.wait()?;
        self.server = server(self.directory.path(), self.etcd_port, self.port)?;
        self.wait_ready()
    }

    fn wait_ready(&mut self) -> Result<()> {
        wait_for("the API server", 3 * SOON, || {
            let log = self.directory.path().join("server.log");
            ensure!(self.server.try_wait()?.is_none(), "it ended: {}", fs::read_to_string(log)?);
            Ok(self.kubectl(&["get", "--raw", "/readyz"]).is_ok().then_some(()))
        })
    }
}

impl Drop for Kube {
    fn drop(&mut self) {
        for child in [&mut self.server, &mut self.etcd] {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

fn server(root: &Path, etcd_port: u16, port: u16) -> Result<Child> {
    let mut command = built("kube-apiserver");
    command.args(["--etcd-servers", &url("http", etcd_port), "--secure-port", &port.to_string()]);
    command.args(["--bind-address", "127.0.0.1", "--advertise-address", "127.0.0.1"]);
    command.args(["--endpoint-reconciler-type", "none", "--service-cluster-ip-range", "10.96.0.0/24"]);
    command
        .arg("--cert-dir")
        .arg(root.join("certificates"))
        .arg("--token-auth-file")
        .arg(root.join("tokens"));
    command.args(["--service-account-issuer", "https://kubernetes.default.svc"]);
    for flag in ["--service-account-key-file", "--service-account-signing-key-file"] {
        command.arg(flag).arg(root.join("sa.key"));
    }
    command.args(["--authorization-mode", "RBAC", "--disable-admission-plugins", "ServiceAccount"]);
    spawn(&mut command, &root.join("server.log"))
}

/// As a controller makes it: labels, annotations and a probe.
fn pod(node: &str, name: &str, number: usize) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": format!("{name}-{number}"),
            "namespace": "shop",
            "labels": { "app": name, "tier": "front", "number": number.to_string() },
            "annotations": { "team": "a", "note": "n".repeat(200) },
        },
        "spec": {
            "nodeName": node,
            "containers": [{
                "name": "web",
                "image": "x",
                "livenessProbe": { "exec": { "command": ["/bin/check", "alive"] } },
            }],
        },
    })
}

fn spawn(command: &mut Command, log: &Path) -> Result<Child> {
    let log = fs::File::options().create(true).append(true).open(log)?;
    let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    command.spawn().with_context(|| format!("{command:?}"))
}

fn url(scheme: &str, port: u16) -> String {
    format!("{scheme}://127.0.0.1:{port}")
}

/// The server's certificate is its own; what is tested are rights and watches.
fn kubeconfig(port: u16, user: &str) -> String {
    let server = url("https", port);
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: x\n\
         clusters: [{{name: c, cluster: {{server: '{server}', insecure-skip-tls-verify: true}}}}]\n\
         users: [{{name: u, user: {{token: {user}-token}}}}]\n\
         contexts: [{{name: x, context: {{cluster: c, user: u}}}}]\n"
    )
}
