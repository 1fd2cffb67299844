//! What the sensor adds to operations, what it takes itself, and how much it can take.

use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::bench::agent::{Agent, Totals};
use crate::bench::empty::Empty;
use crate::bench::table::{Table, mib, number};
use crate::bench::targets::Figure;
use crate::bench::{Bench, Options};
use crate::shell;

/// Load, how it is called in the table, whether wall time counts (its work is done by children), and the target that its
/// added time has, with the ns of the target's unit.
const LOADS: [(&str, &str, bool, Added); 6] = [
    (GETPID, "getpid", false, None),
    ("open", "open + close", false, Some((Figure::OpenClose, 1.0))),
    ("failed-open", "failed open", false, Some((Figure::FailedOpen, 1.0))),
    ("read", "read of 1 byte", false, None),
    ("connect", "connect + accept + close, loop-back", false, None),
    ("exec", "fork + exec + wait of /bin/true", true, Some((Figure::Exec, 1000.0))),
];
type Added = Option<(Figure, f64)>;
const GETPID: &str = "getpid";

/// After a load, until the agent has handled what it caused.
const SETTLE: Duration = Duration::from_millis(300);

/// One run.
pub(super) struct Run {
    pub(super) n_operations: f64,
    wall_s: f64,
    cpu_s: f64,
}

impl Run {
    pub(super) fn of(bench: &Bench, name: &str, seconds: f64, n_threads: u32, rate: u32) -> Result<Self> {
        let mut command = Command::new(&bench.load);
        command.args([name, &seconds.to_string(), &n_threads.to_string(), &rate.to_string()]);
        let line = shell::stdout(&mut command)?;
        let mut words = line.split_whitespace().map(str::parse::<f64>);
        let mut next = || words.next().context("saker-load printed too little")?.context("not a number");
        Ok(Self { n_operations: next()?, wall_s: next()?, cpu_s: next()? })
    }

    fn ns(&self, is_wall: bool) -> f64 {
        (if is_wall { self.wall_s } else { self.cpu_s }) * 1e9 / self.n_operations
    }
}

/// Best of each load.
#[derive(Clone, Copy)]
struct Best {
    off_ns: f64,
    on_ns: f64,
    agent_ns_per_event: f64,
    events_per_operation: f64,
}

/// Loads with the sensor off and on in alternation.
pub(super) fn added(bench: &Bench, options: &Options, table: &mut Table) -> Result<()> {
    let inf = f64::INFINITY;
    let mut best =
        [Best { off_ns: inf, on_ns: inf, agent_ns_per_event: inf, events_per_operation: 0.0 }; LOADS.len()];
    let mut empty_ns = inf;
    for pair in 1..=options.pairs {
        println!("loads, pair {pair} of {}", options.pairs);
        for (best, (name, _, is_wall, _)) in best.iter_mut().zip(LOADS) {
            let run = Run::of(bench, name, options.seconds, 1, 0)?;
            best.off_ns = best.off_ns.min(run.ns(is_wall));
        }
        let empty = Empty::attach(bench)?;
        empty_ns = empty_ns.min(Run::of(bench, GETPID, options.seconds, 1, 0)?.ns(false));
        drop(empty);
        let mut agent = Agent::start(bench)?;
        agent.wait_until_healthy()?;
        for (best, (name, _, is_wall, _)) in best.iter_mut().zip(LOADS) {
            let before = agent.totals()?;
            let run = Run::of(bench, name, options.seconds, 1, 0)?;
            thread::sleep(SETTLE);
            let spent = since(agent.totals()?, before);
            best.on_ns = best.on_ns.min(run.ns(is_wall));
            // Of a handful of events the agent's other work would be most.
            if spent.events > run.n_operations / 2.0 {
                let ns = spent.cpu.as_secs_f64() * 1e9 / spent.events;
                best.agent_ns_per_event = best.agent_ns_per_event.min(ns);
                best.events_per_operation = spent.events / run.n_operations;
            }
        }
        agent.stop()?;
    }
    for (best, (_, label, _, target)) in best.iter().zip(LOADS) {
        let added = best.on_ns - best.off_ns;
        if let Some((figure, unit_ns)) = target {
            table.measured(figure, added / unit_ns);
        }
        let of_agent = if best.agent_ns_per_event.is_finite() {
            (number(best.agent_ns_per_event), format!("{:.1}", best.events_per_operation))
        } else {
            ("-".to_owned(), "-".to_owned())
        };
        table.load([
            label.to_owned(),
            number(best.off_ns),
            number(best.on_ns),
            number(added),
            format!("{:.2}", best.on_ns / best.off_ns),
            of_agent.0,
            of_agent.1,
        ]);
    }
    let [Best { off_ns, on_ns, .. }, ..] = best;
    let text = format!("{} / {} / {} ns", number(off_ns), number(empty_ns), number(on_ns));
    table.fact("getpid: nothing attached / an empty tp_btf program / Saker", text);
    table.measured(Figure::GetpidOverEmpty, 100.0 * (on_ns / empty_ns - 1.0));
    let of_agent = best.iter().map(|best| best.agent_ns_per_event).filter(|ns| ns.is_finite());
    if let Some(dearest) = of_agent.reduce(f64::max) {
        table.measured(Figure::AgentPerEvent, dearest);
    }
    Ok(())
}

/// What following links costs an open: the same agent with `resolved_paths` on and off in alternation.
pub(super) fn resolved(bench: &Bench, options: &Options, table: &mut Table) -> Result<()> {
    let mut best = [("on", f64::INFINITY, f64::INFINITY), ("off", f64::INFINITY, f64::INFINITY)];
    for pair in 1..=options.pairs {
        println!("resolved_paths, pair {pair} of {}", options.pairs);
        for (word, on_ns, agent_ns) in &mut best {
            let option = format!("resolved_paths={word}");
            let mut agent = Agent::start_as(bench, &bench.rules, &[], &[&option])?;
            agent.wait_until_healthy()?;
            let before = agent.totals()?;
            let run = Run::of(bench, "open", options.seconds, 1, 0)?;
            thread::sleep(SETTLE);
            let spent = since(agent.totals()?, before);
            *on_ns = on_ns.min(run.ns(false));
            *agent_ns = agent_ns.min(spent.cpu.as_secs_f64() * 1e9 / spent.events);
            agent.stop()?;
        }
    }
    let [(_, on_ns, on_agent), (_, off_ns, off_agent)] =
        best.map(|(word, ns, agent)| (word, number(ns), number(agent)));
    let text = format!("{on_ns} / {off_ns} ns, agent {on_agent} / {off_agent} ns an event");
    table.fact("open + close with resolved_paths on / off", text);
    Ok(())
}

fn since(now: Totals, before: Totals) -> Totals {
    Totals {
        events: now.events - before.events,
        lost: now.lost - before.lost,
        cpu: now.cpu.saturating_sub(before.cpu),
    }
}

/// Processor time at rest; memory at rest and after load.
pub(super) fn rest_and_memory(bench: &Bench, options: &Options, table: &mut Table) -> Result<()> {
    println!("at rest, {} s", options.idle_s);
    let mut agent = Agent::start(bench)?;
    agent.wait_until_healthy()?;
    thread::sleep(Duration::from_secs(2));
    let before = agent.totals()?;
    thread::sleep(Duration::from_secs_f64(options.idle_s));
    let spent = since(agent.totals()?, before);
    let share = 100.0 * spent.cpu.as_secs_f64() / options.idle_s;
    let rate = spent.events / options.idle_s;
    table.measured(Figure::Idle, share);
    table.fact("processor time at rest", format!("{share:.2} % (with {rate:.0} events/s)"));
    let ring = agent.metric("saker_ring_size_bytes")?;
    let memory = |agent: &Agent| -> Result<String> {
        let charged = agent.memcg_bytes().map_or("no memory controller".to_owned(), mib);
        Ok(format!("{} / {charged}", mib(agent.resident_bytes()?)))
    };
    table.fact("PSS / memcg at rest", memory(&agent)?);
    Run::of(bench, "exec", options.seconds, 1, 0)?;
    Run::of(bench, "open", options.seconds, 2, 0)?;
    thread::sleep(SETTLE);
    table.fact("PSS / memcg after load", memory(&agent)?);
    // The ring is mapped twice, so that a record never wraps; in proportion that is once.
    let own_bytes = agent.resident_bytes()?.saturating_sub(ring as u64);
    table.measured(Figure::Rss, f64::from(u32::try_from(own_bytes >> 10)?) / 1024.0);
    table.fact("ring (kernel memory, in the memcg figure)", mib(ring as u64));
    agent.stop()
}

/// Rising rates of open + close until an event is lost.
pub(super) fn until_loss(bench: &Bench, options: &Options, table: &mut Table) -> Result<()> {
    let mut agent = Agent::start(bench)?;
    agent.wait_until_healthy()?;
    let n_threads = u32::try_from(thread::available_parallelism()?.get())?;
    let steps = [
        (1, 50_000),
        (1, 100_000),
        (1, 200_000),
        (1, 0),
        (n_threads, 200_000),
        (n_threads, 0),
        (2 * n_threads, 0),
    ];
    let mut without = 0.0_f64;
    let (mut first_loss, mut worst) = (None, 0.0_f64);
    for (threads, rate) in steps {
        let before = agent.totals()?;
        let run = Run::of(bench, "open", options.seconds.max(2.0), threads, rate)?;
        thread::sleep(SETTLE);
        let spent = since(agent.totals()?, before);
        let events_s = (spent.events + spent.lost) / run.wall_s;
        println!("{threads} threads, {rate}/s each: {events_s:.0} events/s, {:.0} lost", spent.lost);
        if spent.lost == 0.0 {
            without = without.max(events_s);
            continue;
        }
        let share = 100.0 * spent.lost / (spent.events + spent.lost);
        worst = worst.max(share);
        if first_loss.is_none() {
            first_loss = Some(format!("{} events/s: {share:.1} % lost", number(events_s)));
        }
    }
    table.measured(Figure::Lost, worst);
    table.fact("events/s without loss", number(without));
    let most = first_loss.unwrap_or_else(|| format!("none with {} threads at full speed", 2 * n_threads));
    table.fact("first loss", most);
    agent.stop()
}
