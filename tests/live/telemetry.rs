//! What the agent tells of itself: snapshots on an idle machine, metrics that Prometheus takes, and answers while all is busy.

use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use saker_tests::ledger::{flood, tiny_ring};
use saker_tests::sensor::{SOON, wait_for};

use crate::setup;

/// A probe is answered so soon while the data path is saturated.
const ANSWERED_WITHIN: Duration = Duration::from_millis(50);

#[test]
fn snapshots_come_by_themselves() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let home = tempfile::tempdir()?;
    let file = home.path().join("metrics.jsonl");
    let start = setup::sensor()?.option("metrics.interval=200ms").option("metrics.output_rule=true");
    let mut sensor = start.option(&format!("metrics.output_file={}", file.display())).ready()?;
    // Not one event matches a rule.
    for _ in 0..3 {
        let alert = sensor.wait(SOON, |alert| alert.rule == "Falco internal: metrics snapshot")?;
        ensure!(alert.output == "Falco metrics snapshot" && alert.priority == "Informational", "{alert:?}");
        ensure!(alert.field("falco.num_evts").parse::<u64>()? > 0, "{alert:?}");
        ensure!(alert.field("falco.cpu_usage_perc").parse::<f64>()? > 0.0, "{alert:?}");
    }
    let text = fs::read_to_string(&file)?;
    let last = text.lines().last().context("no line")?;
    let line: serde_json::Value = serde_json::from_str(last)?;
    ensure!(line["sample"].as_u64() >= Some(3) && line["output_fields"]["evt.source"] == "syscall", "{last}");
    Ok(())
}

#[test]
fn promtool_takes_the_metrics_of_a_running_agent() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let opens = setup::sensor()?.rule("Opens", "evt.type = openat and fd.num > 0", "%fd.name");
    let sensor = opens.option("saker.rule_costs=true").ready()?;
    fs::read_to_string("/proc/self/stat")?;
    let evaluations = wait_for("evaluations of a rule", SOON, || {
        let n = sensor.metrics()?.sum("saker_rule_evaluations_total", &[("rule_name", "Opens")]);
        Ok((n > 0).then_some(n))
    })?;
    println!("{evaluations} evaluations");
    let latencies = wait_for("a canary's latency", SOON, || {
        let n = sensor.metrics()?.sum("saker_canary_latency_seconds_count", &[("path", "syscall")]);
        Ok((n > 0).then_some(n))
    })?;
    ensure!(latencies > 0, "none");
    let body = sensor.get("/metrics")?.1;
    let config = "falcosecurity_falco_sha256_config_files_info{file_name=\"saker.yaml\"";
    ensure!(body.contains(config), "no {config} in {body}");
    let mut command = Command::new("promtool");
    command.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        println!("skipped: promtool is not installed");
        return Ok(());
    };
    child.stdin.take().context("no input")?.write_all(body.as_bytes())?;
    let said = child.wait_with_output()?;
    // 3: names that are Falco's.
    ensure!(matches!(said.status.code(), Some(0 | 3)), "{said:?}");
    println!("{} samples", body.lines().filter(|line| !line.starts_with('#')).count());
    Ok(())
}

#[test]
fn probes_are_answered_while_all_is_busy() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let sensor = tiny_ring(setup::sensor()?).ready()?;
    // Clients that say nothing, as many as one address may have but one.
    let address = (Ipv4Addr::LOCALHOST, sensor.port());
    let mut silent = Vec::new();
    for _ in 0..15 {
        let mut client = TcpStream::connect(address)?;
        client.write_all(b"GET /healthz HTTP/1.1\r\nX-Slow: ")?;
        silent.push(client);
    }
    let mut flood = flood(setup::actor(), 4, 1_000_000)?;
    let mut took = Vec::new();
    while flood.is_on()? && took.len() < 500 {
        let started = Instant::now();
        let (status, body) = sensor.get("/healthz")?;
        took.push(started.elapsed());
        ensure!(status == 200, "{status}: {body}");
    }
    drop(flood);
    took.sort();
    let at = |percent: usize| took.get(took.len() * percent / 100).copied().unwrap_or_default();
    let worst: Duration = took.last().copied().unwrap_or_default();
    println!(
        "/healthz under a flood, beside {} silent clients: {} answers, p50 {:?}, p99 {:?}, worst {worst:?}",
        silent.len(),
        took.len(),
        at(50),
        at(99)
    );
    ensure!(at(99) < ANSWERED_WITHIN, "p99 is {:?}", at(99));
    Ok(())
}
