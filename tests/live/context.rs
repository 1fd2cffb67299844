//! The first event of a container carries its name, image and pod; runtimes that hang or are killed cost no event.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use rustix::process::Signal;
use saker_tests::alert::Alert;
use saker_tests::runtime::{Containerd, Cri, Podman};
use saker_tests::sensor::{SOON, Sensor, Start, wait_for};

use crate::setup;

const ACT: &str = "An act";

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
    let socket = containerd.socket();
    Ok(setup::sensor()?
        .option(&format!("container_engines.cri.sockets[0]={}", socket.display()))
        .option("container_engines.docker.enabled=false")
        .option("container_engines.podman.enabled=false")
        .rule(ACT, condition, &output)
        .rule(
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

/// Issue 5: 200 containers that live 50 ms each.
#[test]
fn short_containers_are_all_known() -> Result<()> {
    const CONTAINERS: usize = 200;
    if setup::is_skipped_without_containerd() {
        return Ok(());
    }
    let containerd = Containerd::start(setup::actor())?;
    let mut sensor = sensor(&containerd)?.ready()?;
    let mut cri = containerd.cri()?;
    let pod = cri.run_pod("front")?;
    let start = Instant::now();
    let mut ids = Vec::new();
    for number in 0..CONTAINERS {
        ids.push(cri.run(&pod, &format!("c{number}"), &["/bin/actor", "nothing", "mark"])?);
    }
    let took = start.elapsed();
    let mut by_container: BTreeMap<String, Vec<Alert>> = BTreeMap::new();
    let until = Instant::now() + SOON;
    while !ids.iter().all(|id| by_container.contains_key(&id[..12])) && Instant::now() < until {
        for alert in sensor.until_fence()? {
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
    println!(
        "{CONTAINERS} containers in {} ms: {whole} of {all} alerts whole, {first} of {CONTAINERS} first events",
        took.as_millis()
    );
    let odd = ids.iter().flat_map(of).find(|alert| !is_whole(alert));
    ensure!(first == CONTAINERS && whole == all, "not whole: {odd:?}");
    cri.remove_pod(&pod.id)
}

#[test]
fn the_first_event_of_podmans_container_has_its_name_and_image() -> Result<()> {
    const TOLD: [(&str, &str); 10] = [
        ("container.name", "web"),
        ("container.image", "localhost/saker-actor:1"),
        ("container.image.repository", "localhost/saker-actor"),
        ("container.image.tag", "1"),
        ("container.type", "podman"),
        ("container.privileged", "false"),
        ("container.label[tier]", "web"),
        ("container.mount.dest[/srv]", "/data"),
        ("container.mount.rdwr[/srv]", "false"),
        ("container.metadata", "resolved"),
    ];
    if setup::is_skipped_without_podman() {
        return Ok(());
    }
    let podman = Podman::start(setup::actor())?;
    let fields: Vec<_> = TOLD.iter().map(|(name, _)| format!("%{name}")).collect();
    let condition = "evt.type = execve and container.image.repository = localhost/saker-actor";
    let mut sensor = setup::sensor()?
        .option(&format!("container_engines.podman.sockets[0]={}", podman.socket().display()))
        .rule(
            ACT,
            condition,
            &format!(
                "%proc.cmdline %user.name %user.homedir %group.name %container.id %container.image.id {}",
                fields.join(" ")
            ),
        )
        .ready()?;
    let id = podman.run("web", &["/bin/actor", "live", "50", "mark"])?;
    let alert = sensor.wait(SOON, |alert| id.starts_with(&alert.field("container.id")))?;
    for (name, expected) in TOLD {
        let found = alert.field(name);
        ensure!(found == expected, "{name} is {found:?}, not {expected:?}: {alert:?}");
    }
    ensure!(alert.field("container.image.id").len() == 64, "{alert:?}");
    // The first one may be runc's own, before it is inside.
    let is_inside = |alert: &Alert| alert.field("proc.cmdline") == "actor live 50 mark";
    let alert = if is_inside(&alert) { alert } else { sensor.wait(SOON, is_inside)? };
    let found = ["user.name", "user.homedir", "group.name"].map(|name| alert.field(name));
    ensure!(found == ["app", "/srv/app", "staff"], "{alert:?}");
    Ok(())
}

/// Falco's plugin has these fields and never fills them.
#[test]
fn a_health_check_is_told_from_what_else_runs() -> Result<()> {
    if setup::is_skipped_without_podman() {
        return Ok(());
    }
    let podman = Podman::start(setup::actor())?;
    let mut sensor = setup::sensor()?
        .option(&format!("container_engines.podman.sockets[0]={}", podman.socket().display()))
        .rule(
            ACT,
            "evt.type = execve and container.name = web and proc.exepath startswith /bin",
            "%proc.cmdline %proc.is_container_healthcheck %container.healthcheck",
        )
        .ready()?;
    // Without systemd nobody starts it but this test.
    let check = ["--health-cmd", r#"["/bin/actor","nothing","check"]"#, "--health-interval", "disable"];
    podman.run_with(&check, "web", &["/bin/actor", "wait", "mark"])?;
    ensure!(podman.check_health("web")?, "it is not well");
    for (line, is_check) in [("actor wait mark", "false"), ("actor nothing check", "true")] {
        let alert = sensor.wait(SOON, |alert| alert.field("proc.cmdline") == line)?;
        ensure!(alert.field("proc.is_container_healthcheck") == is_check, "{alert:?}");
        ensure!(alert.field("container.healthcheck") == "/bin/actor nothing check", "{alert:?}");
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
    let mut sensor = sensor(&containerd)?.ready()?;
    until_status(&mut sensor, &id, "timed_out")?;
    containerd.signal(Signal::CONT)?;
    let back = Instant::now();
    until_status(&mut sensor, &id, "resolved")?;
    println!("resolved {} ms after the runtime went on", back.elapsed().as_millis());
    ensure!(back.elapsed() < Duration::from_secs(2), "recovered in {:?}", back.elapsed());
    drop(sensor);

    containerd.kill()?;
    let mut sensor = self::sensor(&containerd)?.ready()?;
    until_status(&mut sensor, &id, "timed_out")?;
    containerd.restart()?;
    let back = Instant::now();
    until_status(&mut sensor, &id, "resolved")?;
    println!("resolved {} ms after the runtime's restart", back.elapsed().as_millis());
    ensure!(back.elapsed() < Duration::from_secs(2), "recovered in {:?}", back.elapsed());
    let mut cri = wait_for("CRI again", SOON, || Ok(containerd.cri().ok()))?;
    cri.remove_pod(&pod.id)
}
