//! Health checks and probes: whose they are, and who is one.

use std::sync::Arc;

use bumpalo::Bump;

use crate::{
    border::{
        Context as Told, PodFacts, PodTold,
        context::{Pod, Probes},
    },
    enrich::{Container, Event, Limits, Metadata, Process, Side, State},
    rules::{
        fields::Context,
        fixture::{call, field, host, process, within_state},
        output,
    },
};

const NAMES: [&str; 6] = [
    "container.healthcheck",
    "container.liveness_probe",
    "container.readiness_probe",
    "proc.is_container_healthcheck",
    "proc.is_container_liveness_probe",
    "proc.is_container_readiness_probe",
];

fn command(line: &str) -> Option<Vec<String>> {
    (!line.is_empty()).then(|| line.split(' ').map(str::to_owned).collect())
}

/// The six fields of a process that entered as `entry`, where the runtime tells of a health check and the API server of
/// probes.
fn shown(metadata: Option<&Told>, entry: Option<&str>) -> Vec<String> {
    let mut state = State::new(host(), Limits::default());
    let probes = Probes { healthcheck: None, liveness: command("cat /ok"), readiness: command("check -v") };
    let facts = PodFacts { probes: vec![("web".to_owned(), probes)], ..PodFacts::default() };
    state.learn_pod(PodTold { uid: "u".to_owned(), facts: Some(Box::new(facts)) });
    let found = Container::in_cgroup(format!("/docker/{}", "a".repeat(64)).as_bytes()).expect("a container");
    let container = metadata.map(|_| Arc::new(found.0));
    let entry = entry.map(|entry| Arc::from(entry.replace(' ', "\0").as_bytes()));
    let actor = Process { container, entry, ..process() };
    within_state(&state, &call("kill", 1, [0; 6]), &actor, Side::Caller, |c| {
        let metadata = metadata.map_or(Metadata::Host, Metadata::Resolved);
        let (event, arena) = (Event { metadata, ..*c.event }, Bump::new());
        let context = Context { event: &event, arena: &arena, ..*c };
        let shown =
            |name| output::printed(&context, &field(name)).map_or("-".into(), String::from_utf8_lossy).into();
        NAMES.map(shown).to_vec()
    })
}

#[test]
fn who_is_a_probe() {
    let pod = Some(Pod { uid: "u".to_owned(), ..Pod::default() });
    let probes = Probes { healthcheck: command("/bin/sh -c x"), ..Probes::default() };
    let told = |name: &str| Told {
        name: name.to_owned(),
        probes: probes.clone(),
        pod: pod.clone(),
        ..Told::default()
    };
    let (web, db) = (told("web"), told("db"));
    let of_web = ["/bin/sh -c x", "cat /ok", "check -v"];
    let of_db = ["/bin/sh -c x", "-", "-"];
    // Container, how the process came in, commands, which of the three it is.
    let cases = [
        (Some(&web), Some("/bin/sh -c x"), of_web, [true, false, false]),
        (Some(&web), Some("cat /ok"), of_web, [false, true, false]),
        (Some(&web), Some("check -v"), of_web, [false, false, true]),
        (Some(&web), Some("cat /ok now"), of_web, [false; 3]),
        (Some(&web), Some("cat"), of_web, [false; 3]),
        (Some(&web), Some(""), of_web, [false; 3]),
        (Some(&web), None, of_web, [false; 3]),
        (Some(&db), Some("cat /ok"), of_db, [false; 3]),
        (None, Some("cat /ok"), ["-"; 3], [false; 3]),
    ];
    for (metadata, entry, commands, is) in cases {
        let expect: Vec<_> =
            commands.map(str::to_owned).into_iter().chain(is.map(|it| it.to_string())).collect();
        assert_eq!(shown(metadata, entry), expect, "{entry:?}");
    }
}
