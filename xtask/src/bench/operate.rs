//! Figures of operating: what a reload costs, how many alerts the outputs take, what a JSON line takes.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::bench::agent::Agent;
use crate::bench::loads::Run;
use crate::bench::table::{Table, number};
use crate::bench::targets::Figure;
use crate::bench::{Bench, receiver};
use crate::dirs::Dirs;
use crate::shell;

/// Rules of the measured reload: as many as Falco's three official files have together.
const RULES: usize = 93;
const DEADLINE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(5);
/// Alerts a second that are offered, and for how long.
const RATES: [u32; 5] = [5_000, 10_000, 15_000, 20_000, 30_000];
const SECONDS: f64 = 4.0;

/// A file that goes away.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, text: &str) -> Result<Self> {
        let path = std::env::temp_dir().join(format!("saker-bench-{}-{name}", std::process::id()));
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // It lies in the directory of temporary files: one that stays harms nobody.
        drop(fs::remove_file(&self.0));
    }
}

/// Time of a reload by SIGHUP, and of the pause that the drain makes, while events come in.
pub(super) fn reloads(bench: &Bench, n: u32, table: &mut Table) -> Result<()> {
    println!("{n} reloads of {RULES} rules");
    let mut text = fs::read_to_string(&bench.rules)?;
    let have = text.lines().filter(|line| line.starts_with("- rule:")).count();
    for index in have..RULES {
        write!(
            text,
            "\n- rule: bench {index}\n  desc: d\n  condition: >\n    evt.type in (open, openat, openat2) and evt.is_open_write = true \
             and fd.name startswith /opt/app{index}/ and not proc.name in (app{index}, helper) and not (user.name = svc{index} \
             and proc.pname in (systemd, cron))\n  output: o %fd.name %proc.cmdline %container.id\n  priority: INFO\n"
        )?;
    }
    let rules = Scratch::new("rules.yaml", &text)?;
    let mut agent = Agent::start_as(bench, &rules.0, &[], &["watch_config_files=false"])?;
    agent.wait_until_healthy()?;
    let load = bench.load.clone();
    let seconds = (f64::from(n) * 0.2).to_string();
    let events =
        thread::spawn(move || shell::stdout(Command::new(load).args(["open", &seconds, "1", "20000"])));
    let (mut took_ms, mut pause_ms) = (Vec::new(), Vec::new());
    for done in 1..=n {
        agent.hang_up()?;
        let begin = Instant::now();
        while agent.metric("saker_reloads_total{result=\"done\"}")? < f64::from(done) {
            ensure!(begin.elapsed() < DEADLINE, "no reload within {DEADLINE:?}");
            thread::sleep(LOOK);
        }
        took_ms.push(agent.metric("saker_reload_seconds")? * 1e3);
    }
    // Statistics come once a second: each of these is of the last reload before it.
    for done in n + 1..=n + 5 {
        agent.hang_up()?;
        let begin = Instant::now();
        while agent.metric("saker_reloads_total{result=\"done\"}")? < f64::from(done) {
            ensure!(begin.elapsed() < DEADLINE, "no reload within {DEADLINE:?}");
            thread::sleep(LOOK);
        }
        thread::sleep(Duration::from_millis(1100));
        pause_ms.push(agent.metric("saker_reload_pause_seconds")? * 1e3);
    }
    agent.stop()?;
    let joined = events.join().map_err(|_panic| anyhow::anyhow!("the load panicked"))?;
    joined?;
    took_ms.sort_by(f64::total_cmp);
    pause_ms.sort_by(f64::total_cmp);
    let middle = |sorted: &[f64]| sorted.get(sorted.len() / 2).copied().unwrap_or_default();
    let most = |sorted: &[f64]| sorted.last().copied().unwrap_or_default();
    table.measured(Figure::Reload, middle(&took_ms));
    table.measured(Figure::ReloadPause, most(&pause_ms));
    table.fact(
        "reload of 93 rules, median / most",
        format!("{:.2} / {:.2} ms", middle(&took_ms), most(&took_ms)),
    );
    table.fact(
        "pause of the drain for it, median / most",
        format!("{:.3} / {:.3} ms", middle(&pause_ms), most(&pause_ms)),
    );
    Ok(())
}

/// Rising rates of alerts to file and http, the agent on one processor, until one is discarded.
pub(super) fn outputs(bench: &Bench, table: &mut Table) -> Result<()> {
    let rules = "- rule: Offered\n  desc: d\n  condition: evt.type in (open, openat) and fd.name startswith /saker-load-no\n  \
                 output: file %fd.name by %proc.name %proc.cmdline user %user.name container %container.id\n  priority: WARNING\n";
    let rules = Scratch::new("alert.yaml", rules)?;
    let file = Scratch::new("alerts.log", "")?;
    let options = [
        "stdout_output.enabled=false",
        "file_output.enabled=true",
        "file_output.keep_alive=true",
        &format!("file_output.filename={}", file.0.display()),
        "http_output.enabled=true",
        "http_output.keep_alive=true",
        &format!("http_output.url={}", receiver::start()?),
    ];
    let mut agent = Agent::start_as(bench, &rules.0, &["taskset", "-c", "0"], &options)?;
    agent.wait_until_healthy()?;
    let sum = |agent: &Agent, result: &str| -> Result<f64> {
        let of =
            |sink: &str| agent.metric(&format!("saker_alerts_total{{result=\"{result}\",sink=\"{sink}\"}}"));
        Ok(of("file")? + of("http")?)
    };
    let (mut without, mut cpu_us) = (0.0_f64, 0.0);
    let mut first_loss = "none".to_owned();
    for rate in RATES {
        let (before, cpu) = (sum(&agent, "delivered")?, agent.totals()?.cpu);
        let begin = Instant::now();
        let run = Run::of(bench, "failed-open", SECONDS, 1, rate)?;
        let wanted = before + 2.0 * run.n_operations;
        while sum(&agent, "delivered")? < wanted && begin.elapsed() < DEADLINE {
            thread::sleep(LOOK);
        }
        let rate = run.n_operations / begin.elapsed().as_secs_f64();
        let missing = (wanted - sum(&agent, "delivered")?) / 2.0;
        let cpu = agent.totals()?.cpu.saturating_sub(cpu);
        let each_us = cpu.as_secs_f64() * 1e6 / run.n_operations;
        println!(
            "{rate:.0} alerts/s to file and http, {each_us:.1} us of processor time each, {missing:.0} missing"
        );
        if missing > 0.0 {
            first_loss = format!("{missing:.0} of {:.0} at {}/s", run.n_operations, number(rate));
            break;
        }
        (without, cpu_us) = (without.max(rate), each_us);
    }
    agent.stop()?;
    table.measured(Figure::AlertOut, cpu_us);
    table.fact("alerts/s to file and http without loss, agent on one processor", number(without));
    table.fact("first alerts lost", first_loss);
    Ok(())
}

/// Time that an alert takes to become a JSON line.
pub(super) fn json(dirs: &Dirs, table: &mut Table) -> Result<()> {
    let mut cargo = shell::cargo();
    cargo.args(["bench", "--quiet", "--package", "sensor-agent", "--bench", "rules"]);
    cargo.current_dir(&dirs.root).env("CARGO_TARGET_DIR", &dirs.target);
    let text = shell::stdout(&mut cargo)?;
    let line = text.lines().find_map(|line| line.strip_prefix("An alert of 17 fields as a JSON line: "));
    let ns = line.and_then(|rest| rest.strip_suffix(" ns.")?.parse::<f64>().ok());
    let ns = ns.with_context(|| format!("no time of a line in: {text}"))?;
    table.measured(Figure::Json, ns / 1e3);
    table.fact("an alert of 17 fields as a JSON line", format!("{ns:.0} ns"));
    Ok(())
}
