//! The first event of a container is whole, whoever made it: CRI-O, Docker, Podman.

use std::process::Command;

use anyhow::{Result, ensure};
use saker_tests::alert::Alert;
use saker_tests::runtime::{Crio, Engine, Kind, USER};
use saker_tests::sensor::{SOON, Start};

use crate::setup;

const ACT: &str = "An act";

/// CRI-O tells less than containerd in some ways and differently in others.
#[test]
fn the_first_event_of_cri_os_container_is_whole() -> Result<()> {
    const TOLD: [(&str, &str); 19] = [
        ("container.name", "web"),
        ("container.image", "localhost/saker-actor:1"),
        ("container.image.repository", "localhost/saker-actor"),
        ("container.image.tag", "1"),
        ("container.type", "cri-o"),
        ("container.privileged", "false"),
        ("container.host_network", "true"),
        ("container.host_pid", "false"),
        ("container.host_ipc", "false"),
        ("container.mount.dest[/srv]", "/data"),
        ("container.mount.rdwr[/srv]", "false"),
        ("container.label[tier]", "web"),
        ("container.metadata", "resolved"),
        ("k8s.pod.name", "front"),
        ("k8s.ns.name", "shop"),
        ("k8s.pod.uid", "uid-of-front"),
        ("k8s.pod.label[app]", "front"),
        ("user.name", "app"),
        ("group.name", "staff"),
    ];
    if setup::is_skipped_without_crio() {
        return Ok(());
    }
    let crio = Crio::start(setup::actor())?;
    let mut cri = crio.cri()?;
    let socket = crio.socket().display().to_string();
    let mut doctor = Command::new(setup::saker()?);
    doctor.arg("doctor").arg("-o").arg(format!("container_engines.cri.sockets[0]={socket}"));
    let page = String::from_utf8(doctor.output()?.stdout)?;
    ensure!(page.contains(&format!("  CRI         {socket}  answers\n")), "{page}");
    let fields: Vec<_> = TOLD.iter().map(|(name, _)| format!("%{name}")).collect();
    let output =
        format!("%proc.cmdline %container.id %container.image.id %k8s.pod.sandbox_id {}", fields.join(" "));
    let condition = "evt.type = execve and container.image.repository = localhost/saker-actor and proc.cmdline endswith mark";
    let mut sensor = setup::beside(&crio.socket())?.rule(ACT, condition, &output).ready()?;
    let pod = cri.run_pod("front")?;
    let id = cri.run_as(USER, &pod, "web", &["/bin/actor", "wait", "mark"])?;
    let alert = sensor.wait(SOON, |alert| id.starts_with(&alert.field("container.id")))?;
    for (field, expected) in TOLD {
        let found = alert.field(field);
        ensure!(found == expected, "{field} is {found:?}, not {expected:?}: {alert:?}");
    }
    ensure!(pod.id.starts_with(&alert.field("k8s.pod.sandbox_id")), "{alert:?}");
    ensure!(alert.field("container.image.id").len() == 64, "{alert:?}");
    cri.remove_pod(&pod.id)
}

/// Everything that Docker and Podman tell, with the values of [`Engine::run`]; the type is the engine's.
fn first_event(kind: Kind) -> Result<()> {
    const TOLD: [(&str, &str); 9] = [
        ("container.name", "web"),
        ("container.image", "localhost/saker-actor:1"),
        ("container.image.repository", "localhost/saker-actor"),
        ("container.image.tag", "1"),
        ("container.privileged", "false"),
        ("container.label[tier]", "web"),
        ("container.mount.dest[/srv]", "/data"),
        ("container.mount.rdwr[/srv]", "false"),
        ("container.metadata", "resolved"),
    ];
    if setup::is_skipped_without_engine(kind) {
        return Ok(());
    }
    let engine = Engine::start(kind, setup::actor())?;
    let fields: Vec<_> = TOLD.iter().map(|(name, _)| format!("%{name}")).collect();
    let output = format!(
        "%proc.cmdline %user.uid %user.name %user.homedir %group.name %container.id %container.type %container.image.id {}",
        fields.join(" ")
    );
    let condition = "evt.type = execve and container.image.repository = localhost/saker-actor";
    let mut sensor = asking(kind, &engine)?.rule(ACT, condition, &output).ready()?;
    // Podman's second one is in a user namespace of its own, where ids are others on the host.
    let mapped = ["--uidmap", "0:100000:65536", "--gidmap", "0:100000:65536"];
    let runs: &[(&[&str], &str, u32)] = &[(&[], "web", 0), (&mapped, "mapped", 100_000)];
    let n_runs = if kind == Kind::Podman { runs.len() } else { 1 };
    for (options, name, offset) in &runs[..n_runs] {
        let id = engine.run(options, name, &["/bin/actor", "wait", "mark"])?;
        let alert = sensor.wait(SOON, |alert| id.starts_with(&alert.field("container.id")))?;
        let expect = TOLD.into_iter().chain([("container.type", kind.name())]);
        for (field, expected) in expect {
            let expected = if expected == "web" { *name } else { expected };
            let found = alert.field(field);
            ensure!(found == expected, "{field} is {found:?}, not {expected:?}: {alert:?}");
        }
        ensure!(alert.field("container.image.id").len() == 64, "{alert:?}");
        // The first one may be runc's own, before it is inside.
        let is_inside = |alert: &Alert| alert.field("proc.cmdline") == "actor wait mark";
        let alert = if is_inside(&alert) { alert } else { sensor.wait(SOON, is_inside)? };
        let found = ["user.uid", "user.name", "user.homedir", "group.name"].map(|name| alert.field(name));
        ensure!(found == [&(USER + offset).to_string(), "app", "/srv/app", "staff"], "{alert:?}");
    }
    Ok(())
}

fn asking(kind: Kind, engine: &Engine) -> Result<Start> {
    let socket = engine.socket();
    let mut start = setup::sensor()?.option(setup::PATIENT);
    for other in ["cri", "containerd", "docker", "podman"] {
        start = start.option(&format!("container_engines.{other}.enabled={}", other == kind.name()));
    }
    Ok(start.option(&format!("container_engines.{}.sockets[0]={}", kind.name(), socket.display())))
}

#[test]
fn the_first_event_of_podmans_container_is_whole() -> Result<()> {
    first_event(Kind::Podman)
}

#[test]
fn the_first_event_of_dockers_container_is_whole() -> Result<()> {
    first_event(Kind::Docker)
}

/// Falco's plugin has these fields and never fills them.
#[test]
fn a_health_check_is_told_from_what_else_runs() -> Result<()> {
    for (kind, command, line) in [
        (Kind::Podman, r#"["/bin/actor","nothing","check"]"#, "/bin/actor nothing check"),
        (Kind::Docker, ": check", "/bin/sh -c : check"),
    ] {
        if setup::is_skipped_without_engine(kind) {
            continue;
        }
        let engine = Engine::start(kind, setup::actor())?;
        let condition = "evt.type = execve and container.name = web and proc.exepath startswith /bin";
        let output = "%proc.cmdline %proc.is_container_healthcheck %container.healthcheck";
        let mut sensor = asking(kind, &engine)?.rule(ACT, condition, output).ready()?;
        let interval = if kind == Kind::Podman { "disable" } else { "100ms" };
        let check = ["--health-cmd", command, "--health-interval", interval];
        engine.run(&check, "web", &["/bin/actor", "wait", "mark"])?;
        if kind == Kind::Podman {
            engine.check_health("web")?;
        }
        for is_check in ["false", "true"] {
            let alert = sensor.wait(SOON, |alert| alert.rule == ACT)?;
            ensure!(alert.field("proc.is_container_healthcheck") == is_check, "{kind:?}: {alert:?}");
            ensure!(alert.field("container.healthcheck") == line, "{kind:?}: {alert:?}");
        }
    }
    Ok(())
}
