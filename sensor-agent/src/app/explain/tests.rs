//! A watch and the past of rules, as the pipeline has them: what the operator is told.

use std::{sync::Arc, time::Instant};

use sensor_common::{Kind, Source, event::Process as Facts, ledger::slot};

use super::*;
use crate::{
    app::{config::Config, files::TextFile, load, pipeline::Pipeline},
    border::{
        self, Outbound, Receiver, Told,
        context::Context,
        explain::{Piece, Question},
    },
    decode::{Builder, zero},
    enrich::{Limits, State, host::Host},
    hold,
    rules::{Matching, fixture},
};

const UNSURE: &str = "evt.type=kill and container.name=web";
const SURE: &str = "evt.type=kill and proc.name=sh";

/// A pipeline with rules `unsure` and `sure`, all of which may match; and what it says.
struct Scene {
    files: [TextFile; 1],
    config: Config,
    pipeline: Pipeline,
    out: Receiver<Outbound>,
}

impl Scene {
    fn new() -> Self {
        let mut config = Config::default();
        config.rules.options.matching = Matching::All;
        let rule = |name: &str, condition: &str| {
            format!("- {{rule: {name}, desc: d, condition: {condition}, output: o, priority: INFO}}\n")
        };
        let text = rule("unsure", UNSURE) + &rule("sure", SURE);
        let files = [TextFile { path: "f".into(), text }];
        let set = Arc::new(load::load(&files, &config, 1).set);
        let (sender, out) = border::channel(1000);
        let state = State::new(Host::default(), Limits::default());
        let mut pipeline = Pipeline::new(state, set, sender);
        pipeline.ask(hold::Limits::default());
        pipeline.remember(1 << 20);
        Self { files, config, pipeline, out }
    }

    fn ask(&mut self, rule: &str, last: usize, for_ms: u64) {
        let question = Question { rule: rule.to_owned(), last, for_ms, limit: 10, ..Question::default() };
        let explainer = load::explainer(&self.files, &self.config, rule);
        let watch = Watch::open(question, explainer, Instant::now()).expect("the rule exists");
        self.pipeline.ask_why(Box::new(watch));
    }

    /// The shell is seen in this container, or on the host.
    fn enter(&mut self, id: Option<&str>) {
        let mut builder = Builder::new::<Facts>();
        let path = id.map_or("user.slice\0".to_owned(), |id| format!("docker-{id}.scope\0system.slice\0"));
        let cgroup = builder.text(path.as_bytes(), Source::Task);
        let argv = builder.text(b"sh\0", Source::Task);
        let facts = Facts { argv, cgroup, ..zero() };
        self.pipeline.feed(&builder.finish(Kind::Process, slot::PROCESS, 0, fixture::task(), &facts));
    }

    fn act(&mut self) {
        self.pipeline.feed(&fixture::call("kill", 0, [0; 6]));
    }

    /// What was said to the operator.
    fn said(&self) -> String {
        let mut said = String::new();
        while let Some(message) = self.out.try_recv() {
            if let Outbound::Explained(answer) = message {
                match answer.piece {
                    Piece::Text(text) => said.push_str(&text),
                    Piece::End(text) => said.push_str(&(text + "END\n")),
                    piece => panic!("{piece:?}"),
                }
            }
        }
        said
    }
}

fn verdicts(said: &str) -> Vec<&str> {
    said.lines()
        .filter(|line| line.starts_with("event "))
        .filter_map(|line| line.split_once("): "))
        .map(|(_, it)| it)
        .collect()
}

/// `rule_matching: all`: one rule is decided at once, another when the runtime has answered, both for the same event.
#[test]
fn an_event_that_waits_for_another_rule_has_its_alert() {
    let id = "a".repeat(64);
    for (rule, at_once, later) in [("sure", vec!["MATCH"], vec![]), ("unsure", vec![], vec!["MATCH"])] {
        let mut scene = Scene::new();
        scene.enter(Some(&id));
        scene.ask(rule, 0, 10_000);
        assert_eq!(scene.said(), format!("watching rule `{rule}`\n"));
        scene.act();
        assert_eq!(verdicts(&scene.said()), at_once, "{rule} at once");
        let context = Context { name: "web".to_owned(), ..Context::default() };
        scene.pipeline.learn(Told { full_id: id.clone(), context: Some(Box::new(context)) });
        assert_eq!(verdicts(&scene.said()), later, "{rule} later");
        // The alert of the event before is none of this one.
        scene.enter(None);
        scene.act();
        let expect = if rule == "sure" { "MATCH" } else { "no match" };
        assert_eq!(verdicts(&scene.said()), [expect], "{rule} on the host");
    }
}

#[test]
fn the_last_events_are_shown_first() {
    let mut scene = Scene::new();
    scene.ask("sure", 3, 0);
    assert_eq!(scene.said(), "alerts of rule `sure` so far: 0; no event is kept\nEND\n");
    scene.enter(None);
    (0..5).for_each(|_| scene.act());
    scene.ask("sure", 2, 0);
    let said = scene.said();
    assert!(said.starts_with("alerts of rule `sure` so far: 5; the last 2 that are kept:\n"), "{said}");
    assert_eq!(verdicts(&said), ["MATCH", "MATCH"]);
    assert!(said.contains("true    proc.name = sh    [sh]\n") && said.ends_with("\n\nEND\n"), "{said}");
    // Others' are as before, and a watch follows where one was asked for.
    scene.ask("unsure", 2, 10_000);
    let expect = "alerts of rule `unsure` so far: 0; no event is kept\nwatching rule `unsure`\n";
    assert_eq!(scene.said(), expect);
}

#[test]
fn an_event_of_the_past_is_judged_by_the_rule_in_force() {
    let mut scene = Scene::new();
    scene.enter(None);
    scene.act();
    scene.files[0].text = scene.files[0].text.replace(SURE, "evt.type=kill and proc.name=bash");
    let set = Arc::new(load::load(&scene.files, &scene.config, 2).set);
    scene.pipeline.swap_rules(set);
    scene.ask("sure", 3, 0);
    let said = scene.said();
    assert!(said.starts_with("alerts of rule `sure` so far: 1; the last 1 that are kept:\n"), "{said}");
    assert_eq!(verdicts(&said), [format!("no match{CHANGED}")]);
}
