//! What it costs an alert that its event is kept for who asks afterwards.

use std::{hint::black_box, sync::Arc, time::Instant};

use sensor_agent::{
    enrich::Pinned,
    past::Past,
    rules::{Evaluator, RuleSet},
};

use crate::event::Scene;

const EVENTS: u32 = 20_000;

/// Times of `rounds` rounds, ns.
#[derive(Default)]
pub(crate) struct Times {
    /// An event is evaluated and becomes an alert.
    pub(crate) alert: Vec<f64>,
    /// The same in a storm, with a past.
    pub(crate) kept: Vec<f64>,
    /// An event is copied and weighed.
    pub(crate) copy: Vec<f64>,
}

/// Rounds alternate, so that a busy machine slows each of them down alike. `rules` alert for the event.
pub(crate) fn measure(rounds: usize, rules: RuleSet) -> Times {
    let mut scene = Scene::open("/etc/shadow");
    let mut evaluator = Evaluator::new(Arc::new(rules));
    let mut past = Past::new(1 << 20, evaluator.set().rules().len());
    let mut none = Past::new(0, 0);
    let mut times = Times::default();
    for _ in 0..rounds {
        for (past, times) in [(&mut none, &mut times.alert), (&mut past, &mut times.kept)] {
            scene.play(|event| {
                let (start, mut alerts) = (Instant::now(), 0);
                for _ in 0..EVENTS {
                    evaluator.evaluate(black_box(event), &mut |rule, context| {
                        // As the pipeline does, which looks at the clock once a round only.
                        past.keep(rule.index, context.event, start);
                        black_box(rule.alert(context));
                        alerts += 1;
                    });
                }
                times.push(start.elapsed().as_secs_f64() * 1e9 / f64::from(EVENTS));
                assert_eq!(alerts, EVENTS, "an alert for each event");
            });
        }
        scene.play(|event| {
            let start = Instant::now();
            for _ in 0..EVENTS {
                black_box(Pinned::of(black_box(event)).weight());
            }
            times.copy.push(start.elapsed().as_secs_f64() * 1e9 / f64::from(EVENTS));
        });
    }
    times
}
