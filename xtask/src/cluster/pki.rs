//! One authority, one certificate for each identity, and the kubeconfigs that show them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::{API_PORT, Cluster, NODE};
use crate::shell;

/// File, common name, organisation, alternative names.
const IDENTITIES: [(&str, &str, &str, &str); 7] = [
    (
        "apiserver",
        "kube-apiserver",
        "saker",
        "IP:127.0.0.1,IP:10.96.0.1,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc",
    ),
    ("kubelet-server", "system:node:127.0.0.1", "system:nodes", "IP:127.0.0.1"),
    ("admin", "admin", "system:masters", ""),
    ("kubelet", "system:node:127.0.0.1", "system:nodes", ""),
    ("controllers", "system:kube-controller-manager", "saker", ""),
    ("scheduler", "system:kube-scheduler", "saker", ""),
    ("proxy", "system:kube-proxy", "saker", ""),
];
const CLIENTS: [&str; 5] = ["admin", "kubelet", "controllers", "scheduler", "proxy"];

pub(super) fn make(cluster: &Cluster) -> Result<()> {
    let home = cluster.run.join("pki");
    fs::create_dir_all(&home).context("cannot make pki")?;
    fs::set_permissions(&home, fs::Permissions::from_mode(0o700))?;
    let openssl = |line: &str| {
        let mut command = Command::new("openssl");
        command.args(line.split_whitespace()).current_dir(&home);
        shell::stdout(&mut command).map(drop)
    };
    openssl("req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 30 -subj /CN=saker-cluster")?;
    openssl("genrsa -out sa.key 2048")?;
    openssl("rsa -in sa.key -pubout -out sa.pub")?;
    for (file, name, organisation, names) in IDENTITIES {
        let subject = format!("/O={organisation}/CN={name}");
        openssl(&format!("req -newkey rsa:2048 -nodes -keyout {file}.key -subj {subject} -out {file}.csr"))?;
        let names = if names.is_empty() { String::new() } else { format!("subjectAltName={names}\n") };
        fs::write(home.join("extensions"), format!("extendedKeyUsage=serverAuth,clientAuth\n{names}"))?;
        openssl(&format!(
            "x509 -req -in {file}.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -out {file}.crt -extfile extensions"
        ))?;
    }
    CLIENTS.iter().try_for_each(|name| kubeconfig(cluster, &home, name))
}

fn kubeconfig(cluster: &Cluster, home: &Path, name: &str) -> Result<()> {
    let home = home.display();
    let text = format!(
        r#"apiVersion: v1
kind: Config
clusters: [{{name: c, cluster: {{server: "https://{NODE}:{API_PORT}", certificate-authority: "{home}/ca.crt"}}}}]
users: [{{name: u, user: {{client-certificate: "{home}/{name}.crt", client-key: "{home}/{name}.key"}}}}]
contexts: [{{name: x, context: {{cluster: c, user: u}}}}]
current-context: x
"#
    );
    cluster.write(&format!("{name}.kubeconfig"), &text).map(drop)
}
