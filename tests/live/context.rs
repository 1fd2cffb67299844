//! The first event of a container carries its name, image and pod; runtimes that hang or are killed cost no event.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use rustix::process::Signal;
use saker_tests::alert::Alert;
use saker_tests::runtime::{Containerd, Cri, Pod};
use saker_tests::sensor::{SOON, Sensor, Start, wait_for};

use crate::setup;

const ACT: &str = "An act";
const END: &str = "An end";

/// Everything that a runtime tells, with the values of container `web` in pod `front` of [`Cri::run`].
const TOLD: [(&str, &str); 21] = [
    ("container.name", "web"),
    ("container.image", "localhost/saker-actor:1"),
    ("container.image.repository", "localhost/saker-actor"),
    ("container.image.tag", "1"),
    ("container.type", "containerd"),
    ("container.privileged", "false"),
    ("container.host_network", "true"),
    ("container.host_pid", "false"),
    ("container.host_ipc", "false"),
    ("container.mounts", "/srv:/data::false:private"),
    ("container.mount.dest[/srv]", "/data"),
    ("container.mount.rdwr[0]", "false"),
    ("container.label[tier]", "web"),
    ("container.labels", "tier:web"),
    ("container.metadata", "resolved"),
    ("k8s.pod.name", "front"),
    ("k8s.ns.name", "shop"),
    ("k8s.pod.uid", "uid-of-front"),
    ("k8s.pod.id", "uid-of-front"),
    ("k8s.pod.label[app]", "front"),
    ("k8s.pod.labels", "app:front"),
];

/// An agent that asks this containerd and alerts on every exec of the image's programs.
fn sensor(containerd: &Containerd) -> Result<Start> {
    let fields: Vec<_> = TOLD.iter().map(|(name, _)| format!("%{name}")).collect();
    let output = format!("%container.id %container.image.id %k8s.pod.sandbox_id {}", fields.join(" "));
    let condition = "evt.type = execve and container.image.repository = localhost/saker-actor";
    Ok(setup::beside(&containerd.socket())?.rule(ACT, condition, &output).rule(
        "Unresolved",
        "evt.type = execve and container.id != host",
        "%container.id %proc.cmdline %container.name",
    ))
}

#[test]
fn the_first_event_of_a_container_has_its_name_image_and_pod() -> Result<()> {
    if setup::is_skipped_without_containerd() {
        return Ok(());
    }
    let containerd = Containerd::start(setup::actor())?;
    let mut cri = containerd.cri()?;
    let mut sensor = sensor(&containerd)?
        .rule(
            "A container",
            "evt.type = container and k8s.ns.name = shop and container.name = web",
            "%evt.type %container.id %container.image.tag %proc.name",
        )
        .ready()?;
    let pod = cri.run_pod("front")?;
    let id = cri.run(&pod, "web", &["/bin/actor", "nothing", "mark"])?;
    let alert = sensor.wait(SOON, |alert| alert.rule == "A container")?;
    ensure!(id.starts_with(&alert.field("container.id")), "{alert:?}");
    ensure!(alert.field("evt.type") == "container" && alert.missing().is_empty(), "{alert:?}");
    let alert = sensor.wait(SOON, |alert| id.starts_with(&alert.field("container.id")))?;
    ensure!(alert.rule == ACT, "{alert:?}");
    for (name, expected) in TOLD {
        let found = alert.field(name);
        ensure!(found == expected, "{name} is {found:?}, not {expected:?}");
    }
    ensure!(pod.id.starts_with(&alert.field("k8s.pod.sandbox_id")), "{alert:?}");
    // An image that was imported has no digest of a registry.
    ensure!(alert.field("container.image.id").len() == 64, "{alert:?}");
    cri.remove_pod(&pod.id)
}

/// Issue 5: 200 containers that live 50 ms each, as fast as the machine can.
#[test]
fn short_containers_are_all_known() -> Result<()> {
    const CONTAINERS: usize = 200;
    const WORKERS: usize = 8;
    if setup::is_skipped_without_containerd() {
        return Ok(());
    }
    let containerd = Containerd::start(setup::actor())?;
    let mut sensor = sensor(&containerd)?
        .rule(
            END,
            "evt.type = procexit and thread.ismain = true and proc.cmdline = \"actor live 50 mark\"",
            "%proc.duration",
        )
        .ready()?;
    // A pod for each worker: containerd loses its way with parallel starts in one.
    let mut cri = containerd.cri()?;
    let pods: Vec<_> =
        (0..WORKERS).map(|worker| cri.run_pod(&format!("front-{worker}"))).collect::<Result<_>>()?;
    let start = Instant::now();
    let run = |worker: usize, pod: &Pod| -> Result<Vec<String>> {
        let mut cri = containerd.cri()?;
        let mine = (worker..CONTAINERS).step_by(WORKERS);
        mine.map(|number| cri.run(pod, &format!("c{number}"), &["/bin/actor", "live", "50", "mark"]))
            .collect()
    };
    let ids = thread::scope(|scope| -> Result<Vec<String>> {
        let run = &run;
        let workers: Vec<_> =
            (0..).zip(&pods).map(|(worker, pod)| scope.spawn(move || run(worker, pod))).collect();
        let done =
            workers.into_iter().map(|worker| worker.join().unwrap_or_else(|_| bail!("a worker panicked")));
        Ok(done.collect::<Result<Vec<_>>>()?.concat())
    })?;
    let took = start.elapsed();
    let (mut by_container, mut ends): (BTreeMap<String, Vec<Alert>>, Vec<Alert>) = Default::default();
    let until = Instant::now() + SOON;
    let is_missing = |id: &String, told: &BTreeMap<_, _>| !told.contains_key(&id[..12]);
    while (ends.len() < CONTAINERS || ids.iter().any(|id| is_missing(id, &by_container)))
        && Instant::now() < until
    {
        for alert in sensor.until_fence()? {
            if alert.rule == END {
                ends.push(alert);
                continue;
            }
            by_container.entry(alert.field("container.id")).or_default().push(alert);
        }
    }
    let is_whole = |alert: &Alert| {
        alert.rule == ACT && alert.field("container.metadata") == "resolved" && alert.missing().is_empty()
    };
    let of = |id: &String| by_container.get(&id[..12]).map(Vec::as_slice).unwrap_or_default();
    let (all, whole) = ids
        .iter()
        .flat_map(of)
        .fold((0, 0), |(all, whole), alert| (all + 1, whole + usize::from(is_whole(alert))));
    let first = ids.iter().filter(|id| of(id).first().is_some_and(is_whole)).count();
    let mut lives: Vec<u64> = ends.iter().filter_map(lifetime_ms).collect();
    lives.sort_unstable();
    println!(
        "{CONTAINERS} containers in {} ms, {WORKERS} at a time, which lived {} ms (median of {}): {whole} of {all} \
         alerts whole, {first} of {CONTAINERS} first events",
        took.as_millis(),
        lives.get(lives.len() / 2).copied().unwrap_or_default(),
        lives.len()
    );
    let metrics = sensor.metrics()?;
    let waited = |le: &[(&str, &str)], what| metrics.sum(&format!("saker_hold_seconds_{what}"), le);
    println!(
        "containers whose events waited: {}, of them no longer than 100 ms {}, no longer than the default 500 ms {}",
        waited(&[], "count"),
        waited(&[("le", "0.1")], "bucket"),
        waited(&[("le", "0.5")], "bucket")
    );
    let odd: Vec<_> = ids.iter().flat_map(of).filter(|alert| !is_whole(alert)).collect();
    let unseen: Vec<_> = ids.iter().filter(|id| of(id).is_empty()).collect();
    ensure!(
        first == CONTAINERS && whole == all,
        "{} alerts are not whole, as {:?}; {} containers have none, as {:?}",
        odd.len(),
        odd.first(),
        unseen.len(),
        unseen.first()
    );
    cri.remove_all()
}

/// `proc.duration` of an alert, which is in ns.
fn lifetime_ms(alert: &Alert) -> Option<u64> {
    Some(alert.field("proc.duration").parse::<u64>().ok()? / 1_000_000)
}

/// containerd without CRI, in a namespace of its own: `/shop/web` is the cgroup, and the name is no id.
#[test]
fn the_first_event_of_containerds_own_container_is_whole() -> Result<()> {
    const TOLD: [(&str, &str); 8] = [
        ("container.id", "web-of-the-s"),
        ("container.full_id", "web-of-the-shop"),
        ("container.name", "web-of-the-shop"),
        ("container.type", "containerd"),
        ("container.image", "localhost/saker-actor:1"),
        ("container.label[tier]", "web-of-the-shop"),
        ("container.mount.dest[/srv]", "/data"),
        ("container.metadata", "resolved"),
    ];
    if setup::is_skipped_without_containerd() {
        return Ok(());
    }
    let containerd = Containerd::start(setup::actor())?;
    let fields: Vec<_> = TOLD.iter().map(|(name, _)| format!("%{name}")).collect();
    let mut sensor = sensor(&containerd)?
        .rule("Native", "evt.type = execve and proc.exepath = /bin/actor", &fields.join(" "))
        .option("rule_matching=all")
        .ready()?;
    containerd.run_native("shop", "web-of-the-shop", &["/bin/actor", "live", "50", "mark"])?;
    let alert = sensor.wait(SOON, |alert| alert.rule == "Native")?;
    for (name, expected) in TOLD {
        let found = alert.field(name);
        ensure!(found == expected, "{name} is {found:?}, not {expected:?}: {alert:?}");
    }
    Ok(())
}

/// Alerts of a container that acts all the time, until one has this status.
fn until_status(sensor: &mut Sensor, id: &str, status: &str) -> Result<Alert> {
    let is_it = |alert: &Alert| id.starts_with(&alert.field("container.id"));
    sensor.wait(SOON, |alert| {
        let found = if alert.rule == ACT { "resolved".to_owned() } else { alert.field("container.metadata") };
        is_it(alert) && found == status
    })
}

/// Until `/healthz` says so of containerd.
fn until_answering(sensor: &Sensor, is_answering: bool) -> Result<()> {
    wait_for("what health says of the runtime", SOON, || {
        let (_, body) = sensor.get("/healthz")?;
        let health: serde_json::Value = serde_json::from_str(&body)?;
        let Some([source]) = health["context"].as_array().map(Vec::as_slice) else { return Ok(None) };
        ensure!(source["kind"] == "CRI", "{source}");
        Ok((source["fault"].is_null() == is_answering).then_some(()))
    })
}

/// The default.
const IMPATIENT: &str = "metadata.hold_ms=500";

#[test]
fn a_runtime_that_hangs_or_is_killed_costs_no_event() -> Result<()> {
    if setup::is_skipped_without_containerd() {
        return Ok(());
    }
    let mut containerd = Containerd::start(setup::actor())?;
    let mut cri: Cri = containerd.cri()?;
    let pod = cri.run_pod("front")?;
    // It starts itself again and again.
    let id = cri.run(&pod, "web", &["/bin/actor", "respawn", "100", "mark"])?;
    drop(cri);

    containerd.signal(Signal::STOP)?;
    let mut sensor = sensor(&containerd)?.option(IMPATIENT).ready()?;
    until_status(&mut sensor, &id, "timed_out")?;
    until_answering(&sensor, false)?;
    containerd.signal(Signal::CONT)?;
    let back = Instant::now();
    until_status(&mut sensor, &id, "resolved")?;
    println!("resolved {} ms after the runtime went on", back.elapsed().as_millis());
    ensure!(back.elapsed() < Duration::from_secs(2), "recovered in {:?}", back.elapsed());
    until_answering(&sensor, true)?;
    drop(sensor);

    containerd.kill()?;
    let mut sensor = self::sensor(&containerd)?.option(IMPATIENT).ready()?;
    until_status(&mut sensor, &id, "timed_out")?;
    containerd.restart()?;
    let back = Instant::now();
    until_status(&mut sensor, &id, "resolved")?;
    println!("resolved {} ms after the runtime's restart", back.elapsed().as_millis());
    ensure!(back.elapsed() < Duration::from_secs(2), "recovered in {:?}", back.elapsed());
    let mut cri = wait_for("CRI again", SOON, || Ok(containerd.cri().ok()))?;
    cri.remove_pod(&pod.id)
}
