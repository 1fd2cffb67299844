//! Commands by which somebody looks whether a container is well: Docker's health checks, and exec probes of pods. Probes
//! over the network start no process and are left out.

use serde::Deserialize;

use super::answer::cut;
use crate::border::context::{Command, Probes};

/// Words of a command that are kept, and bytes of each.
const MAX_WORDS: usize = 64;
const WORD_BYTES: usize = 4096;
/// Containers of a pod whose probes are kept.
const MAX_CONTAINERS: usize = 64;

/// What `kubectl apply` leaves on a pod: the object as it was given.
pub(super) const APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// A container in a pod's specification.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ContainerSpec {
    name: String,
    liveness_probe: Option<Probe>,
    readiness_probe: Option<Probe>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Probe {
    exec: Option<Exec>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Exec {
    command: Command,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Applied {
    spec: PodSpec,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PodSpec {
    containers: Vec<ContainerSpec>,
}

/// Probes of the containers that have any, by their names.
pub(super) fn of_containers(containers: Vec<ContainerSpec>) -> Vec<(String, Probes)> {
    let exec = |probe: Option<Probe>| probe.and_then(|probe| probe.exec).map(|exec| bounded(exec.command));
    let probes = |it: ContainerSpec| {
        let (liveness, readiness) = (exec(it.liveness_probe), exec(it.readiness_probe));
        (it.name, Probes { healthcheck: None, liveness, readiness })
    };
    containers
        .into_iter()
        .take(MAX_CONTAINERS)
        .map(probes)
        .filter(|(_, it)| *it != Probes::default())
        .collect()
}

/// Those of the container `name` in what was applied; none if that is not what it should be.
pub(super) fn of_applied(json: &str, name: &str) -> Probes {
    let applied: Applied = serde_json::from_str(json).unwrap_or_default();
    let found = of_containers(applied.spec.containers).into_iter().find(|(known, _)| known == name);
    found.map(|(_, probes)| probes).unwrap_or_default()
}

/// `HEALTHCHECK` of an image, or of who started the container: `CMD` and words, `CMD-SHELL` and a line, or `NONE`.
pub(super) fn of_healthcheck(test: Vec<String>) -> Probes {
    let mut words = test.into_iter();
    let command = match (words.next().as_deref(), words.collect::<Vec<_>>()) {
        (Some("CMD"), words) if !words.is_empty() => Some(words),
        (Some("CMD-SHELL"), line) => {
            Some(["/bin/sh", "-c"].map(str::to_owned).into_iter().chain(line).collect())
        }
        (Some("NONE"), _) => Some(vec!["NONE".to_owned()]),
        _ => None,
    };
    Probes { healthcheck: command.map(bounded), ..Probes::default() }
}

fn bounded(mut command: Command) -> Command {
    command.truncate(MAX_WORDS);
    for word in &mut command {
        cut(word, WORD_BYTES);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_checks() {
        let cases: &[(&[&str], Option<&str>)] = &[
            (&["CMD", "curl", "-f", "http://localhost/"], Some("curl -f http://localhost/")),
            (&["CMD-SHELL", "curl -f x || exit 1"], Some("/bin/sh -c curl -f x || exit 1")),
            (&["NONE"], Some("NONE")),
            (&["CMD"], None),
            (&["MAYBE", "x"], None),
            (&[], None),
        ];
        for (test, expect) in cases {
            let found = of_healthcheck(test.iter().map(|word| (*word).to_owned()).collect());
            assert_eq!(found.healthcheck.map(|it| it.join(" ")).as_deref(), *expect, "{test:?}");
        }
        let many = of_healthcheck(vec!["CMD".to_owned(); 1000]).healthcheck.expect("a command");
        assert_eq!(many.len(), MAX_WORDS);
    }

    #[test]
    fn what_was_applied() {
        let applied = r#"{"kind":"Pod","spec":{"containers":[
            {"name":"a","image":"x","livenessProbe":{"httpGet":{"path":"/"}}},
            {"name":"b","livenessProbe":{"exec":{"command":["cat","/ok"]},"periodSeconds":5},
             "readinessProbe":{"exec":{"command":["sh","-c","test -e /ok"]}}}]}}"#;
        // Text, container, liveness, readiness.
        let cases = [
            (applied, "b", Some("cat /ok"), Some("sh -c test -e /ok")),
            (applied, "a", None, None),
            (applied, "c", None, None),
            (r#"{"spec":{"containers":[{"name":7}]}}"#, "b", None, None),
            (r#"{"spec":[]}"#, "b", None, None),
            ("no JSON", "b", None, None),
        ];
        for (json, name, liveness, readiness) in cases {
            let found = of_applied(json, name);
            let [alive, ready] = [found.liveness, found.readiness].map(|it| it.map(|words| words.join(" ")));
            assert_eq!((alive.as_deref(), ready.as_deref()), (liveness, readiness), "{name} in {json}");
        }
    }
}
