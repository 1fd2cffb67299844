//! From start to the first alert, and from a system call to its alert line.

use std::fs::File;
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::bench::Bench;
use crate::bench::agent::Agent;
use crate::bench::table::Table;
use crate::bench::targets::Figure;

/// Reading it is an alert of the bundled rules.
const SENSITIVE: &str = "/etc/shadow";
const DEADLINE: Duration = Duration::from_secs(20);

/// Time from exec to the first alert line; an act every few milliseconds.
pub(super) fn starts(bench: &Bench, n: u32, table: &mut Table) -> Result<()> {
    let mut times = Vec::new();
    for index in 1..=n {
        println!("start {index} of {n}");
        let start = Instant::now();
        let agent = Agent::start(bench)?;
        loop {
            drop(File::open(SENSITIVE)?);
            match agent.alerts.recv_timeout(Duration::from_millis(5)) {
                Ok((at, line)) if line.contains(SENSITIVE) => {
                    times.push(at - start);
                    break;
                }
                Err(RecvTimeoutError::Disconnected) => bail!("the agent ended before its first alert"),
                _ if start.elapsed() > DEADLINE => bail!("no alert within {DEADLINE:?}"),
                _ => {}
            }
        }
        agent.stop()?;
    }
    times.sort();
    if let Some(median) = percentile(&times, 50) {
        table.measured(Figure::Start, median);
    }
    table.fact("start to first alert, best / median", format!("{} / {}", ms(&times, 0), ms(&times, 50)));
    Ok(())
}

/// Time from the end of the system call to the moment its line is read here; one act at a time.
pub(super) fn alerts(bench: &Bench, n: u32, table: &mut Table) -> Result<()> {
    println!("latency of {n} alerts");
    let mut agent = Agent::start(bench)?;
    agent.wait_until_healthy()?;
    thread::sleep(Duration::from_secs(1));
    let (mut times, mut missing) = (Vec::new(), 0_u32);
    for index in 0..n {
        while agent.alerts.try_recv().is_ok() {}
        drop(File::open(SENSITIVE)?);
        let done = Instant::now();
        loop {
            match agent.alerts.recv_timeout(Duration::from_secs(2)) {
                Ok((at, line)) if line.contains(SENSITIVE) => {
                    times.push(at.saturating_duration_since(done));
                    break;
                }
                Ok(_) => {}
                Err(_) => {
                    missing += 1;
                    break;
                }
            }
        }
        // Uneven, so that it does not fall into step with the agent's naps.
        thread::sleep(Duration::from_millis(10 + u64::from(index * 7 % 31)));
    }
    agent.stop()?;
    times.sort();
    for (figure, percent) in [(Figure::AlertP50, 50), (Figure::AlertP99, 99)] {
        if let Some(time) = percentile(&times, percent) {
            table.measured(figure, time);
        }
    }
    let figures = [50, 99, 100].map(|percent| ms(&times, percent)).join(" / ");
    table.fact("system call to alert line, p50 / p99 / most", format!("{figures}, {missing} of {n} missing"));
    Ok(())
}

fn ms(times: &[Duration], percent: usize) -> String {
    percentile(times, percent).map_or("-".to_owned(), |ms| format!("{ms:.2} ms"))
}

/// A percentile of sorted times, ms.
fn percentile(times: &[Duration], percent: usize) -> Option<f64> {
    let index = (times.len() * percent / 100).min(times.len().saturating_sub(1));
    times.get(index).map(|time| time.as_secs_f64() * 1e3)
}
