//! Loading and evaluating rules, and writing the alert: `cargo bench -p sensor-agent --bench rules`. Prints a Markdown table; rounds of all
//! measurements alternate, so that a busy machine slows each of them down alike, and the median round counts.

#[path = "alert/mod.rs"]
mod alert;
#[path = "../tests/event/mod.rs"]
mod event;
#[path = "past/mod.rs"]
mod past;

use std::{env, fs, hint::black_box, path::PathBuf, sync::Arc, time::Instant};

use event::Scene;
use sensor_agent::rules::{Evaluator, LoadOptions, RuleFile, RuleSet, load};

const ROUNDS: usize = 21;
const EVENTS: u32 = 20_000;
const BUNDLED: &str = include_str!("../../deploy/rules/saker_rules.yaml");
/// Where the official file is, if it is at hand; `SAKER_CONFORMANCE` overrides it.
const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/conformance");

fn main() {
    let mut sets = vec![("bundled", BUNDLED.to_owned()), ("2,000 synthetic", synthetic(2_000))];
    let corpus = env::var_os("SAKER_CONFORMANCE").map_or_else(|| PathBuf::from(CORPUS), PathBuf::from);
    let official = corpus.join("official/falco_rules.yaml");
    match fs::read_to_string(&official) {
        Ok(text) => sets.insert(1, ("official", text)),
        Err(_absent) => println!("skipped: {} is not there", official.display()),
    }
    let mut measured: Vec<Measured> =
        sets.into_iter().map(|(name, text)| Measured::new(name, text)).collect();
    for _ in 0..ROUNDS {
        measured.iter_mut().for_each(Measured::round);
    }
    let first = median(&measured[0].event_ns);
    println!(
        "| rules | rules for opens | load, ms | open that matches nothing, ns | ratio | the same without resolved_paths, ns | by a link, ns |\n|---|---|---|---|---|---|---|"
    );
    for it in &measured {
        let [event, plain, link] = [&it.event_ns, &it.plain_ns, &it.link_ns].map(|times| median(times));
        let (name, opens, load) = (it.name, it.opens, median(&it.load_ms));
        println!(
            "| {name} | {opens} | {load:.1} | {event:.0} | {:.1} | {plain:.0} | {link:.0} |",
            event / first
        );
    }
    enrichment();
    let past = past::measure(ROUNDS, rules(BUNDLED, true));
    let [alert, kept, copy] = [&past.alert, &past.kept, &past.copy].map(|times| median(times));
    println!(
        "\nAn alert from its event: {alert:.0} ns; in a storm whose last events are kept {kept:.0} ns, {:.3} times; an event that is kept {copy:.0} ns.",
        kept / alert
    );
    // `cargo xtask bench` reads the number.
    println!("\nAn alert of 17 fields as a JSON line: {:.0} ns.", median(&alert::measure(ROUNDS)));
}

/// What it takes to hand out an event, without rules: of the host, and of a container that is known.
fn enrichment() {
    let scenes = [Scene::open("/srv/data/file"), Scene::open_in_container("/srv/data/file")];
    let mut measured = scenes.map(|scene| (scene, Vec::new()));
    for _ in 0..ROUNDS {
        for (scene, times) in &mut measured {
            let start = Instant::now();
            for _ in 0..EVENTS {
                scene.play(|event| {
                    black_box(event.metadata);
                });
            }
            times.push(start.elapsed().as_secs_f64() * 1e9 / f64::from(EVENTS));
        }
    }
    let [host, container] = measured.map(|(_, times)| median(&times));
    println!(
        "\nAn event, decoded and enriched: {host:.0} ns on the host, {container:.0} ns in a known container."
    );
}

struct Measured {
    name: &'static str,
    text: String,
    opens: usize,
    evaluator: Evaluator,
    /// The same rules with `resolved_paths: off`.
    plain: Evaluator,
    scene: Scene,
    link: Scene,
    load_ms: Vec<f64>,
    event_ns: Vec<f64>,
    plain_ns: Vec<f64>,
    link_ns: Vec<f64>,
}

impl Measured {
    fn new(name: &'static str, text: String) -> Self {
        let set = rules(&text, true);
        let plain = Evaluator::new(Arc::new(rules(&text, false)));
        let opens =
            set.rules().iter().filter(|rule| rule.events.names().any(|name| name == "openat")).count();
        let evaluator = Evaluator::new(Arc::new(set));
        let (scene, link) =
            (Scene::open("/srv/data/file"), Scene::open_link("/srv/data/file", "/srv/other/file"));
        let [load_ms, event_ns, plain_ns, link_ns] = [const { Vec::new() }; 4];
        Self { name, text, opens, evaluator, plain, scene, link, load_ms, event_ns, plain_ns, link_ns }
    }

    fn round(&mut self) {
        let start = Instant::now();
        black_box(rules(&self.text, true));
        self.load_ms.push(start.elapsed().as_secs_f64() * 1e3);
        let mut matches = 0;
        let mut measure = |evaluator: &mut Evaluator, scene: &mut Scene, times: &mut Vec<f64>| {
            // The event is made once, so that only its evaluation is measured.
            scene.play(|event| {
                let start = Instant::now();
                for _ in 0..EVENTS {
                    evaluator.evaluate(black_box(event), &mut |_, _| matches += 1);
                }
                times.push(start.elapsed().as_secs_f64() * 1e9 / f64::from(EVENTS));
            });
        };
        measure(&mut self.evaluator, &mut self.scene, &mut self.event_ns);
        measure(&mut self.plain, &mut self.scene, &mut self.plain_ns);
        measure(&mut self.evaluator, &mut self.link, &mut self.link_ns);
        assert_eq!(matches, 0, "{}: the event is to match nothing", self.name);
    }
}

fn rules(text: &str, resolved_paths: bool) -> RuleSet {
    let options = LoadOptions { resolved_paths, ..LoadOptions::default() };
    let loaded = load(&[RuleFile { name: "rules.yaml", text }], &options, 1);
    assert!(loaded.errors.is_empty(), "{}", loaded.errors[0]);
    loaded.set
}

/// Rules on opened files as people write them: a list or a directory, exceptions by program.
fn synthetic(count: usize) -> String {
    let rule = |i: usize| {
        let condition = match i % 5 {
            0 => format!("fd.name startswith /opt/app{i}/ and not proc.name in (app{i}, helper{i})"),
            1 => format!("fd.name in (/etc/app{i}.conf, /etc/app{i}.d/main) and proc.pname != init{i}"),
            2 => format!("proc.name = tool{i} and fd.name startswith /var/lib"),
            3 => format!("fd.filename = secret{i} and fd.directory != /tmp"),
            _ => format!(
                "(proc.name in (x{i}, y{i}) or fd.name startswith /home/user{i}) and fd.name endswith .key"
            ),
        };
        format!(
            "- rule: r{i}\n  desc: d\n  condition: evt.type in (open, openat, openat2) and {condition}\n  output: o %fd.name\n  priority: INFO\n"
        )
    };
    (0..count).map(rule).collect()
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
