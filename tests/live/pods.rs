//! What the API server tells of a pod: owners, namespace, labels that change, a server that goes away and comes back.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use saker_tests::alert::Alert;
use saker_tests::kube::Kube;
use saker_tests::memory;
use saker_tests::runtime::Containerd;
use saker_tests::sensor::{SOON, Sensor, wait_for};

use crate::setup;

const NODE: &str = "node-a";
const PROBE: &str = "livenessProbe: {exec: {command: [/bin/actor, nothing, alive]}}";

/// A deployment with a replica set and a pod of this node, as controllers would make them.
fn objects(kube: &Kube) -> Result<String> {
    let meta = "namespace: shop, labels: {app: front}";
    let selector = "selector: {matchLabels: {app: front}}";
    let template =
        "template: {metadata: {labels: {app: front}}, spec: {containers: [{name: web, image: x}]}}";
    kube.apply(&format!(
        "{{apiVersion: v1, kind: Namespace, metadata: {{name: shop, labels: {{team: a}}}}}}\n---\n\
         {{apiVersion: apps/v1, kind: Deployment, metadata: {{name: front, {meta}}}, spec: {{{selector}, {template}}}}}\n"
    ))?;
    let uid = |of: &str| kube.kubectl(&["get", "-n", "shop", of, "-o", "jsonpath={.metadata.uid}"]);
    let owner = |kind: &str, name: &str, uid: &str| {
        format!(
            "ownerReferences: [{{apiVersion: apps/v1, kind: {kind}, name: {name}, uid: {uid}, controller: true}}]"
        )
    };
    let above = owner("Deployment", "front", &uid("deployment/front")?);
    kube.apply(&format!(
        "{{apiVersion: apps/v1, kind: ReplicaSet, metadata: {{name: front-7f, {meta}, {above}}}, spec: {{{selector}, {template}}}}}\n"
    ))?;
    let above = owner("ReplicaSet", "front-7f", &uid("replicaset/front-7f")?);
    kube.apply(&format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: front, {meta}, {above}, annotations: {{team: a, other: b}}}}, \
         spec: {{nodeName: {NODE}, serviceAccountName: cashier, containers: [{{name: web, image: x, {PROBE}}}]}}}}\n"
    ))?;
    uid("pod/front")
}

/// An alert of the pod's container that has this value.
fn until(sensor: &mut Sensor, field: &str, value: &str) -> Result<Alert> {
    let alert = sensor.wait(SOON, |alert| alert.field(field) == value);
    alert.with_context(|| format!("{field} never was {value}"))
}

#[test]
fn pods_carry_owners_namespace_and_current_labels() -> Result<()> {
    const FIELDS: [(&str, &str); 14] = [
        ("k8smeta.pod.name", "front"),
        ("k8smeta.pod.serviceaccount", "cashier"),
        ("k8smeta.pod.node", NODE),
        ("k8smeta.pod.label[app]", "front"),
        ("k8smeta.ns.name", "shop"),
        ("k8smeta.ns.label[team]", "a"),
        ("k8smeta.rs.name", "front-7f"),
        ("k8smeta.deployment.name", "front"),
        ("k8smeta.deployment.labels", "app:front"),
        ("k8smeta.owner.kind", "Deployment"),
        ("k8smeta.owner.name", "front"),
        ("k8smeta.owner.label[app]", "front"),
        ("k8s.pod.annotation[team]", "a"),
        ("container.liveness_probe", "/bin/actor nothing alive"),
    ];
    if setup::is_skipped_without_kube() {
        return Ok(());
    }
    let mut kube = Kube::start()?;
    let uid = objects(&kube)?;
    let containerd = Containerd::start(setup::actor())?;
    let mut cri = containerd.cri()?;
    let pod = cri.run_pod_as("front", &uid)?;
    let fields: Vec<_> = FIELDS.iter().map(|(name, _)| format!("%{name}")).collect();
    let output = format!(
        "%proc.cmdline %proc.is_container_liveness_probe %k8s.pod.annotation[other] %k8smeta.pod.uid %k8smeta.pod.label[tier] {}",
        fields.join(" ")
    );
    let mut sensor = setup::beside(&containerd.socket())?
        .option("metadata.kubernetes.enabled=true")
        .option(&format!("metadata.kubernetes.kubeconfig={}", kube.kubeconfig().display()))
        .option(&format!("metadata.kubernetes.node={NODE}"))
        .option("metadata.annotations[0]=team")
        .rule(
            "An act",
            "evt.type = execve and k8s.pod.name in (front, next) and container.name = web",
            &output,
        )
        .ready()?;
    let id = cri.run(&pod, "web", &["/bin/actor", "respawn", "50", "mark"])?;
    let alert = until(&mut sensor, "k8smeta.pod.uid", &uid)?;
    for (name, expected) in FIELDS {
        let found = alert.field(name);
        ensure!(found == expected, "{name} is {found:?}, not {expected:?}: {alert:?}");
    }
    // Nobody asked for this one.
    ensure!(["", "<NA>"].contains(&alert.field("k8s.pod.annotation[other]").as_str()), "{alert:?}");
    ensure!(alert.field("proc.is_container_liveness_probe") == "false", "{alert:?}");
    ensure!(cri.execute(&id, &["/bin/actor", "nothing", "alive"])? == 0, "the probe failed");
    let alert = until(&mut sensor, "proc.cmdline", "actor nothing alive")?;
    ensure!(alert.field("proc.is_container_liveness_probe") == "true", "{alert:?}");
    let start = Instant::now();
    kube.kubectl(&["label", "-n", "shop", "pod/front", "tier=one"])?;
    until(&mut sensor, "k8smeta.pod.label[tier]", "one")?;
    println!("a label that changed is seen after {} ms, kubectl included", start.elapsed().as_millis());
    kube.kubectl(&["label", "namespace/shop", "team=b", "--overwrite"])?;
    until(&mut sensor, "k8smeta.ns.label[team]", "b")?;
    kube.restart()?;
    kube.kubectl(&["label", "-n", "shop", "pod/front", "tier=two", "--overwrite"])?;
    let start = Instant::now();
    until(&mut sensor, "k8smeta.pod.label[tier]", "two")?;
    println!("and {} ms after the API server's restart", start.elapsed().as_millis());
    // Each watch has something to tell again.
    kube.kubectl(&["label", "namespace/shop", "team=c", "--overwrite"])?;
    wait_for("both watches are well", SOON, || {
        let health: serde_json::Value = serde_json::from_str(&sensor.get("/healthz")?.1)?;
        let sources = health["context"].as_array().context("no context")?;
        let is_well = |it: &&serde_json::Value| it["kind"] == "Kubernetes" && it["fault"].is_null();
        Ok((sources.iter().filter(is_well).count() == 2).then_some(()))
    })?;
    // Its last events come after it was deleted. The watch told that before it told of the next pod.
    kube.kubectl(&["delete", "-n", "shop", "pod/front", "--force", "--grace-period=0"])?;
    kube.create_pods(NODE, "next", 1)?;
    let next_uid = kube.kubectl(&["get", "-n", "shop", "pod/next-0", "-o", "jsonpath={.metadata.uid}"])?;
    let next = cri.run_pod_as("next", &next_uid)?;
    cri.run(&next, "web", &["/bin/actor", "respawn", "50", "mark"])?;
    until(&mut sensor, "k8smeta.pod.uid", &next_uid)?;
    let alert = until(&mut sensor, "k8smeta.pod.uid", &uid)?;
    ensure!(alert.field("k8smeta.deployment.name") == "front", "{alert:?}");
    cri.remove_all()
}

/// More pods than any node runs: all of them are known, changes are seen, and memory is bounded.
#[test]
fn five_thousand_pods() -> Result<()> {
    const PODS: usize = 5_000;
    if setup::is_skipped_without_kube() {
        return Ok(());
    }
    let kube = Kube::start()?;
    kube.apply("{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {team: a}}}")?;
    kube.create_pods(NODE, "many", PODS)?;
    // The last one has a container here.
    let last = format!("many-{}", PODS - 1);
    let uid = kube.kubectl(&["get", "-n", "shop", "pod", &last, "-o", "jsonpath={.metadata.uid}"])?;
    let containerd = Containerd::start(setup::actor())?;
    let mut cri = containerd.cri()?;
    let pod = cri.run_pod_as(&last, &uid)?;
    cri.run(&pod, "web", &["/bin/actor", "respawn", "50", "mark"])?;
    let start = Instant::now();
    let output =
        "%k8smeta.pod.name %k8smeta.pod.label[tier] %k8smeta.ns.label[team] %container.liveness_probe";
    let mut sensor = setup::beside(&containerd.socket())?
        .option("metadata.kubernetes.enabled=true")
        .option(&format!("metadata.kubernetes.kubeconfig={}", kube.kubeconfig().display()))
        .option(&format!("metadata.kubernetes.node={NODE}"))
        .rule("An act", "evt.type = execve and k8s.pod.uid exists and container.name = web", output)
        .ready()?;
    let alert = until(&mut sensor, "k8smeta.pod.name", &last)?;
    ensure!(alert.field("container.liveness_probe") == "/bin/check alive", "{alert:?}");
    println!("{PODS} pods are known {} ms after the sensor's start", start.elapsed().as_millis());
    let start = Instant::now();
    kube.kubectl(&["label", "-n", "shop", "pod", "-l", "app=many", "tier=back", "--overwrite"])?;
    until(&mut sensor, "k8smeta.pod.label[tier]", "back")?;
    println!("and their new labels {} ms after kubectl began to set them", start.elapsed().as_millis());
    println!("{}", memory::of(sensor.pid()?.as_raw_nonzero().get())?);
    cri.remove_pod(&pod.id)
}
