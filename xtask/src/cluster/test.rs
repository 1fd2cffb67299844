//! `cargo xtask cluster test`: the chart as an operator meets it, from install to nothing left. Figures are printed beside
//! what they are to be.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{Cluster, NETNS, down, node, rollout, up, wait_for};
use crate::dirs::Dirs;
use crate::docs::{self, Place, Scratch};
use crate::{helm, image, shell};

pub(super) const NAMESPACE: &str = "falco";
/// `nameOverride: falco`: object names and labels of Falco's runbooks.
pub(super) const WORKLOAD: &str = "daemonset/falco";
const LABEL: &str = "app.kubernetes.io/name=falco";
const APPLICATION: &str = "shop";
const READY_WITHIN: Duration = Duration::from_secs(10);

/// A chart release.
pub(super) struct Release<'a> {
    pub(super) cluster: &'a Cluster,
    helm: std::path::PathBuf,
    chart: std::path::PathBuf,
    values: std::path::PathBuf,
}

/// Brings the cluster down also after a failure.
pub(super) fn run(dirs: &Dirs, cluster: &Cluster) -> Result<()> {
    let archive = image::run(dirs, &image::Options::default())?;
    let helm = helm::helm(dirs)?;
    let start = Instant::now();
    let done = up::run(cluster).and_then(|()| {
        println!("cluster: up in {:.1} s", start.elapsed().as_secs_f64());
        node::import(cluster, &archive)?;
        let chart = helm::chart(dirs);
        let values = cluster.write("values.yaml", &values(cluster, "first"))?;
        everything(dirs, &Release { cluster, helm, chart, values })
    });
    let ended = down::run(cluster);
    done.and(ended)
}

fn everything(dirs: &Dirs, release: &Release<'_>) -> Result<()> {
    let Release { cluster, .. } = release;
    cluster.run_kubectl(&["create", "namespace", NAMESPACE])?;
    accepted(dirs, cluster)?;
    noted(dirs, release)?;
    let before = leftovers(cluster)?;

    let start = Instant::now();
    release.helm("install", &[])?;
    release.wait_rolled_out()?;
    let took = start.elapsed();
    println!(
        "install: helm install to Ready in {:.1} s (target {} s)",
        took.as_secs_f64(),
        READY_WITHIN.as_secs()
    );
    ensure!(took <= READY_WITHIN, "it took longer than the target");

    nothing_to_mend(cluster)?;

    cluster.run_kubectl(&["create", "namespace", APPLICATION])?;
    let image = format!("--image={}", node::BUSYBOX);
    cluster.run_kubectl(&["run", "web", "-n", APPLICATION, &image, "--image-pull-policy=Never"])?;
    cluster.run_kubectl(&["wait", "-n", APPLICATION, "--for=condition=Ready", "pod/web", "--timeout=60s"])?;
    shell_in_pod(cluster)?;
    runbook(cluster)?;
    documented(dirs, release)?;
    reload(release)?;
    rollout::upgrade_and_back(release)?;
    rollout::blind_is_not_ready(release)?;
    rollout::stalled_is_not_ready(release, &actor(dirs)?)?;

    release.helm("uninstall", &["--wait"])?;
    wait_for("nothing is left of the release", || Ok(leftovers(cluster)? == before))?;
    println!("uninstall: nothing is left");
    Ok(())
}

/// The program that performs acts for tests.
fn actor(dirs: &Dirs) -> Result<std::path::PathBuf> {
    let mut cargo = shell::cargo();
    cargo
        .args(["build", "--quiet", "--package", "saker-tests", "--bin", "saker-actor"])
        .current_dir(&dirs.root);
    shell::run(cargo.env("CARGO_TARGET_DIR", &dirs.target))?;
    Ok(dirs.target.join("debug/saker-actor"))
}

/// The API server itself takes every rendered golden, strictly; kinds of operators that are not here are left out.
fn accepted(dirs: &Dirs, cluster: &Cluster) -> Result<()> {
    let cases = helm::cases(dirs)?;
    for (_, golden) in &cases {
        let text = fs::read_to_string(golden)?;
        let documents = text.split("\n---\n").filter(|text| !text.contains("monitoring.coreos.com"));
        let file = cluster.write("golden.yaml", &documents.collect::<Vec<_>>().join("\n---\n"))?;
        let file = file.to_string_lossy();
        cluster.run_kubectl(&["apply", "--dry-run=server", "--validate=strict", "-f", &file])?;
    }
    println!("schema: the API server takes {} goldens", cases.len());
    Ok(())
}

/// Values of the falco chart that cannot apply: the install goes on and says which.
fn noted(dirs: &Dirs, release: &Release<'_>) -> Result<()> {
    let mut helm = release.cluster.inside(&release.helm);
    helm.args(["install", "noted", "--dry-run=server", "--namespace", NAMESPACE]).arg(&release.chart);
    helm.arg("--values").arg(dirs.root.join("deploy/helm/tests/falco.values.yaml"));
    let said = shell::stdout(&mut helm)?;
    let notes = said.split_once("Values that do nothing here:").context("no notes")?.1;
    for expect in [
        "driver.loader:",
        "driver.modernEbpf.leastPrivileged:",
        "falcoctl:",
        "/var/run/docker.sock is not mounted",
    ] {
        ensure!(notes.contains(expect), "no note about {expect} in {notes}");
    }
    Ok(())
}

/// A default install warns of nothing.
fn nothing_to_mend(cluster: &Cluster) -> Result<()> {
    let log = shell::stdout(&mut cluster.kubectl(&["logs", "-n", NAMESPACE, WORKLOAD]))?;
    // Alerts stand beside log lines, and may warn.
    let levels = [r#""level":"WARN""#, r#""level":"ERROR""#];
    let complaint = log.lines().find(|line| levels.iter().any(|level| line.contains(level)));
    ensure!(complaint.is_none(), "a fresh install complains: {complaint:?}");
    Ok(())
}

/// Somebody at work in a pod, on a terminal; both alerts name pod, namespace and image.
fn shell_in_pod(cluster: &Cluster) -> Result<()> {
    let mut exec = cluster.kubectl(&[
        "exec",
        "-it",
        "-n",
        APPLICATION,
        "web",
        "--",
        "sh",
        "-c",
        "echo x >> /etc/hosts; exit",
    ]);
    on_terminal(&mut exec)?;
    for rule in ["Terminal shell in container", "Write to /etc/hosts in container"] {
        let alert = wait_for_alert(cluster, rule)?;
        let fields = &alert["output_fields"];
        for (field, expect) in [
            ("k8s.pod.name", "web"),
            ("k8s.ns.name", APPLICATION),
            ("container.image.repository", "localhost/busybox"),
        ] {
            ensure!(fields[field] == expect, "{rule}: {field} is not {expect}: {alert}");
        }
        println!("alert: {rule}, with pod, namespace and image");
    }
    Ok(())
}

/// Lines of the operator's runbook, word for word behind `kubectl exec NODE_POD --`.
fn runbook(cluster: &Cluster) -> Result<()> {
    for (line, expect) in [
        ("falco --version", "falco_version"),
        ("curl -s localhost:8765/healthz", r#""status":"ok""#),
        ("falco --list", "proc.name"),
        ("falco -L", "Terminal shell in container"),
        ("kill -HUP 1", ""),
    ] {
        let words: Vec<&str> =
            ["exec", "-n", NAMESPACE, WORKLOAD, "--"].into_iter().chain(line.split(' ')).collect();
        let said = shell::stdout(&mut cluster.kubectl(&words))?;
        ensure!(said.contains(expect), "{line}: no {expect} in {said}");
    }
    Ok(())
}

/// What docs/ has people type, in a directory with their values.
fn documented(dirs: &Dirs, release: &Release<'_>) -> Result<()> {
    let scratch = Scratch::new(&release.cluster.run)?;
    symlink(dirs.root.join("deploy"), scratch.0.join("deploy"))?;
    symlink(&release.values, scratch.0.join("my-values.yaml"))?;
    for (name, program) in [("kubectl", &release.cluster.bin.join("kubectl")), ("helm", &release.helm)] {
        // The cluster's network is entered by who is called, so that the lines stay as they are.
        let text = format!("#!/bin/sh\nexec nsenter --net=/run/netns/{NETNS} {} \"$@\"\n", program.display());
        let path = scratch.0.join(name);
        fs::write(&path, text)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    }
    docs::run(dirs, Place::Cluster, &scratch.0, |bash| {
        bash.current_dir(&scratch.0).env("KUBECONFIG", release.cluster.kubeconfig("admin"));
    })
}

/// A rule changes in the `ConfigMap`, and the same act alerts differently; the pod goes on.
fn reload(release: &Release<'_>) -> Result<()> {
    let cluster = release.cluster;
    let pods = || shell::stdout(&mut cluster.kubectl(&["get", "pods", "-n", NAMESPACE, "-o", "name"]));
    let before = pods()?;
    fs::write(&release.values, values(cluster, "second"))?;
    let start = Instant::now();
    release.helm("upgrade", &[])?;
    // The kubelet looks at config maps when it looks at the pod, once a minute; a change of the pod is a reason to look now.
    cluster.run_kubectl(&["annotate", "pod", "-n", NAMESPACE, "-l", LABEL, "look=now", "--overwrite"])?;
    wait_for("the changed rule's alert", || {
        let act = ["exec", "-n", APPLICATION, "web", "--", "sh", "-c", "echo x >> /etc/hosts"];
        shell::stdout(&mut cluster.kubectl(&act))?;
        Ok(logs(cluster)?
            .iter()
            .any(|alert| alert["output"].as_str().is_some_and(|text| text.contains("second"))))
    })?;
    ensure!(pods()? == before, "the pod was restarted for a change of rules");
    println!(
        "reload: changed ConfigMap to changed alert in {:.1} s, same pod",
        start.elapsed().as_secs_f64()
    );
    Ok(())
}

fn wait_for_alert(cluster: &Cluster, rule: &str) -> Result<Value> {
    let mut found = None;
    wait_for(&format!("the alert of {rule}"), || {
        found = logs(cluster)?.into_iter().find(|alert| alert["rule"] == rule);
        Ok(found.is_some())
    })?;
    found.context("no alert")
}

/// `kubectl logs … | jq`: every line is JSON.
pub(super) fn logs(cluster: &Cluster) -> Result<Vec<Value>> {
    let text = shell::stdout(&mut cluster.kubectl(&["logs", "-n", NAMESPACE, "-l", LABEL, "--tail=-1"]))?;
    text.lines().map(|line| serde_json::from_str(line).with_context(|| format!("no JSON: {line}"))).collect()
}

/// Objects of the release anywhere, and the namespace's pods and helm's own records.
fn leftovers(cluster: &Cluster) -> Result<String> {
    let kinds = "all,configmaps,secrets,serviceaccounts,clusterroles,clusterrolebindings,networkpolicies";
    let selector = "app.kubernetes.io/instance=falco";
    let objects = ["get", kinds, "-A", "-l", selector, "-o", "name"];
    let records = ["get", "secrets", "-n", NAMESPACE, "-o", "name"];
    Ok(shell::stdout(&mut cluster.kubectl(&objects))? + &shell::stdout(&mut cluster.kubectl(&records))?)
}

/// Runs it on a terminal of its own: kubectl asks for one only when it has one.
fn on_terminal(command: &mut Command) -> Result<()> {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let quoted: Vec<String> = words.map(|word| format!("'{}'", word.to_string_lossy())).collect();
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", &quoted.join(" "), "/dev/null"]);
    for (name, value) in command.get_envs() {
        script.env(name, value.unwrap_or_default());
    }
    shell::stdout(&mut script).map(drop)
}

/// What differs from the chart's defaults here: no registry, and where containerd's socket is.
fn values(cluster: &Cluster, word: &str) -> String {
    let socket = cluster.socket();
    format!(
        r#"nameOverride: falco
image: {{pullPolicy: Never}}
collectors:
  containerEngine:
    engines:
      cri: {{sockets: ["{}"]}}
      containerd: {{enabled: false}}
      podman: {{enabled: false}}
customRules:
  shop.yaml: |-
    - rule: Write to /etc/hosts in container
      desc: As a team writes it for itself
      condition: open_write and container and fd.name = /etc/hosts and not proc.name in (allowed_etc_writers)
      output: "{word} (image=%container.image.repository pod=%k8s.pod.name ns=%k8s.ns.name)"
      priority: WARNING
    - rule: Beat
      desc: An act that is counted while sensors change
      condition: open_write and fd.name startswith /tmp/beat.
      output: "beat %fd.name user=%user.name"
      priority: DEBUG
"#,
        socket.display()
    )
}

impl Cluster {
    pub(super) fn run_kubectl(&self, words: &[&str]) -> Result<()> {
        shell::stdout(&mut self.kubectl(words)).map(drop)
    }
}

impl Release<'_> {
    /// `install`, `upgrade`, `rollback`, `uninstall` of the one release.
    pub(super) fn helm(&self, verb: &str, words: &[&str]) -> Result<()> {
        let mut helm = self.cluster.inside(&self.helm);
        helm.args([verb, "falco", "--namespace", NAMESPACE]);
        if ["install", "upgrade"].contains(&verb) {
            helm.arg(&self.chart).arg("--values").arg(&self.values);
        }
        shell::stdout(helm.args(words)).map(drop)
    }

    pub(super) fn wait_rolled_out(&self) -> Result<()> {
        self.cluster.run_kubectl(&["rollout", "status", "-n", NAMESPACE, WORKLOAD, "--timeout=120s"])
    }
}
