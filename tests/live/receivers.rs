//! The programs of other people at the other end of a running agent: Prometheus with the shipped alerts, rsyslog and
//! logrotate; and falcosidekick's own check of what it takes.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::{Signal, kill_process};
use saker_tests::acts::{self, Acts, act, number};
use saker_tests::alert::Alert;
use saker_tests::http;
use saker_tests::program::is_installed;
use saker_tests::receiver::Receiver;
use saker_tests::sensor::{SOON, free_port, wait_for};
use saker_tests::sidekick;
use serde_json::Value;
use tempfile::TempDir;

use crate::setup;

/// The chart with all its monitoring, as helm renders it.
const CHART: &str = include_str!("../../deploy/helm/tests/monitoring.golden.yaml");

/// A program that ends with the test.
struct Peer(Child);

impl Drop for Peer {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Starts it, silent.
fn start(command: &mut Command) -> Result<Peer> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Ok(Peer(command.spawn().with_context(|| format!("cannot start {command:?}"))?))
}

/// Whether it is missing here; says so.
fn is_missing(name: &str) -> bool {
    let is_there = is_installed(Command::new(name));
    if !is_there {
        println!("skipped: {name} is not installed");
    }
    !is_there
}

#[test]
fn prometheus_scrapes_all_and_evaluates_the_shipped_alerts() -> Result<()> {
    if setup::is_skipped() || is_missing("prometheus") {
        return Ok(());
    }
    let mut sensor = acts::watched(setup::sensor()?, "").ready()?;
    act(1)?;
    sensor.until_fence()?;
    let home = TempDir::new()?;
    let kind = CHART.split("\n---\n").find(|text| text.contains("\nkind: PrometheusRule\n"));
    let (_, rules) = kind.and_then(|text| text.split_once("\nspec:")).context("no PrometheusRule")?;
    fs::write(home.path().join("alerts.yaml"), rules.trim_start_matches(' '))?;
    // What a ServiceMonitor adds are the labels namespace and pod.
    let config = format!(
        "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [alerts.yaml]\nscrape_configs:\n\
         - job_name: falco\n  static_configs:\n  - targets: ['127.0.0.1:{}']\n    \
         labels: {{namespace: falco, pod: falco-saker-0}}\n",
        sensor.port()
    );
    fs::write(home.path().join("prometheus.yaml"), config)?;
    let port = free_port()?;
    let mut command = Command::new("prometheus");
    command.arg(format!("--config.file={}/prometheus.yaml", home.path().display()));
    command.arg(format!("--storage.tsdb.path={}/data", home.path().display()));
    let _prometheus = start(command.arg(format!("--web.listen-address=127.0.0.1:{port}")))?;

    let ask = |path: &str| -> Result<Option<Value>> {
        let Ok((200, body)) = http::get(port, &format!("/api/v1/{path}")) else { return Ok(None) };
        Ok(Some(serde_json::from_str::<Value>(&body).with_context(|| body.clone())?["data"].take()))
    };
    let value = |query: &str| -> Result<Option<f64>> {
        let data = ask(&format!("query?query={query}"))?.unwrap_or_default();
        Ok(data["result"][0]["value"][1].as_str().and_then(|value| value.parse().ok()))
    };
    for query in [
        "up",
        "saker_healthy",
        "falcosecurity_scap_n_evts_total",
        "falcosecurity_falco_rules_matches_total%7Brule_name=%22Act%22%7D",
        "falcosecurity_falco_version_info",
        "saker_canary_latency_seconds_count",
        "rate(falco_events_processed_total%5B10s%5D)",
    ] {
        let found = wait_for(query, SOON, || Ok(value(query)?.filter(|value| *value > 0.0)))?;
        println!("{query}: {found}");
    }
    // Every line of the exposition has become a sample.
    let lines = || -> Result<usize> {
        let body = sensor.get("/metrics")?.1;
        Ok(body.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).count())
    };
    let scraped = wait_for("as many samples as lines", SOON, || {
        let samples = value("scrape_samples_post_metric_relabeling")?;
        let lines = lines()?;
        Ok((samples.map(|n| n.to_string()) == Some(lines.to_string())).then_some(lines))
    })?;
    let rules = wait_for("evaluated alerts", SOON, || {
        let data = ask("rules")?.unwrap_or_default();
        let rules = data["groups"][0]["rules"].as_array().cloned().unwrap_or_default();
        let are_done = !rules.is_empty() && rules.iter().all(|rule| rule["health"] != "unknown");
        Ok(are_done.then_some(rules))
    })?;
    let failing: Vec<&Value> = rules.iter().filter(|rule| rule["health"] != "ok").collect();
    ensure!(failing.is_empty(), "{failing:?}");
    // Nothing is wrong with this sensor.
    let firing: Vec<&Value> = rules.iter().filter(|rule| rule["state"] == "firing").collect();
    ensure!(firing.is_empty(), "{firing:?}");
    println!("{scraped} samples, {} alerts evaluated", rules.len());
    Ok(())
}

#[test]
fn rsyslog_writes_every_alert() -> Result<()> {
    const N_ACTS: u64 = 200;
    let log = Path::new("/dev/log");
    if setup::is_skipped() || is_missing("rsyslogd") {
        return Ok(());
    }
    if log.exists() {
        println!("skipped: this host's own log daemon listens at /dev/log");
        return Ok(());
    }
    let home = TempDir::new()?;
    let at = |name: &str| home.path().join(name);
    let conf = format!(
        "global(workDirectory=\"{home}\" maxMessageSize=\"64k\")\n\
         module(load=\"imuxsock\" SysSock.RateLimit.Interval=\"0\")\n\
         template(name=\"t\" type=\"string\" string=\"%syslogseverity-text%|%programname%|%msg:2:$%\\n\")\n\
         action(type=\"omfile\" file=\"{home}/out\" template=\"t\")\n",
        home = home.path().display()
    );
    fs::write(at("conf"), conf)?;
    let mut command = Command::new("rsyslogd");
    let rsyslog = start(command.arg("-n").arg("-f").arg(at("conf")).arg("-i").arg(at("pid")))?;
    wait_for("/dev/log", SOON, || Ok(log.exists().then_some(())))?;
    let start = acts::watched(setup::sensor()?, "");
    let mut sensor = start.option("syslog_output.enabled=true").option("log_syslog=true").ready()?;
    kill_process(sensor.pid()?, Signal::HUP)?;
    let own = wait_for("the agent's own log", SOON, || {
        let text = fs::read_to_string(at("out")).unwrap_or_default();
        let line = text.lines().find(|line| line.contains("rules loaded again"));
        Ok(line.map(str::to_owned))
    })?;
    ensure!(own.starts_with("info|saker|{"), "{own}");
    (0..N_ACTS).try_for_each(act)?;
    let told: BTreeSet<u64> = sensor.until_fence()?.iter().filter_map(number).collect();
    ensure!(told.len() as u64 == N_ACTS, "{} on standard output", told.len());
    let written = || -> Result<Vec<Alert>> {
        let text = fs::read_to_string(at("out")).unwrap_or_default();
        // The last line may be in the making.
        let whole = text.rsplit_once('\n').map_or("", |(lines, _)| lines);
        let lines = whole.lines().filter_map(|line| line.strip_prefix("debug|saker|"));
        lines.map(Alert::parse).collect()
    };
    let written = wait_for("all in the system log", SOON, || {
        let numbers: Vec<u64> = written()?.iter().filter_map(number).collect();
        Ok((numbers.len() as u64 >= N_ACTS).then_some(numbers))
    });
    drop(rsyslog);
    // Killed, it leaves its socket behind.
    fs::remove_file(log)?;
    let written = written?;
    ensure!(written == told.iter().copied().collect::<Vec<_>>(), "{written:?}");
    println!("rsyslog: {N_ACTS} sent, {} written, in order", written.len());
    Ok(())
}

/// The agent's descriptor of the file output follows a rotation by SIGUSR1, and no alert is lost or split over it.
#[test]
fn logrotate_with_sigusr1_loses_nothing() -> Result<()> {
    const ROTATIONS: usize = 5;
    if setup::is_skipped() || is_missing("logrotate") {
        return Ok(());
    }
    let home = TempDir::new()?;
    let (alerts, conf) = (home.path().join("alerts.log"), home.path().join("conf"));
    let start = acts::watched(setup::sensor()?, "").option("file_output.enabled=true");
    let start = start.option("file_output.keep_alive=true");
    let mut sensor = start.option(&format!("file_output.filename={}", alerts.display())).ready()?;
    let pid = sensor.pid()?;
    let rule = format!(
        "{} {{\n  rotate 9\n  missingok\n  postrotate\n    kill -USR1 {}\n  endscript\n}}\n",
        alerts.display(),
        pid.as_raw_nonzero()
    );
    fs::write(&conf, rule)?;
    // logrotate refuses anything else.
    fs::set_permissions(&conf, fs::Permissions::from_mode(0o644))?;
    // Some ten thousand a second, which is what outputs shall bear.
    let acts = Acts::start(Duration::from_micros(50));
    let file = |rotation: usize| {
        if rotation == 0 { alerts.clone() } else { home.path().join(format!("alerts.log.{rotation}")) }
    };
    for _ in 0..ROTATIONS {
        wait_for("alerts in the file", SOON, || {
            Ok((fs::metadata(file(0)).is_ok_and(|now| now.len() > 100_000)).then_some(()))
        })?;
        let mut command = Command::new("logrotate");
        command.arg("-f").arg("-s").arg(home.path().join("state")).arg(&conf);
        ensure!(command.status()?.success(), "{command:?}");
        // Nobody else makes it anew: logrotate has no `create` here.
        wait_for("the file anew", SOON, || Ok(file(0).exists().then_some(())))?;
    }
    let n_acts = acts.end()?;
    let on_stdout = sensor.until_fence()?.iter().filter_map(number).count();
    sensor.stop(Signal::TERM)?;
    let mut written = Vec::new();
    for rotation in (0..=ROTATIONS).rev() {
        let text = fs::read_to_string(file(rotation)).with_context(|| format!("{:?}", file(rotation)))?;
        let lines = text.lines().map(Alert::parse).collect::<Result<Vec<_>>>()?;
        written.extend(lines.iter().filter_map(number));
    }
    println!(
        "logrotate: {n_acts} acts, {on_stdout} on standard output, {} written over {ROTATIONS} rotations",
        written.len()
    );
    ensure!(written == (0..n_acts).collect::<Vec<_>>(), "not each once and in order");
    Ok(())
}

/// Rules' alerts and each kind of internal alert: falcosidekick would take every one.
#[test]
fn falcosidekick_would_take_every_alert() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let receiver = Receiver::away()?;
    receiver.come();
    let home = TempDir::new()?;
    let local = home.path().join("local.yaml");
    fs::write(
        &local,
        "- rule: Broken\n  desc: d\n  condition: evt.typo = mkdir\n  output: o\n  priority: INFO\n",
    )?;
    let start = setup::sensor()?.rule_file(setup::bundled()).rule_file(&local);
    let start = acts::watched(start, "%k8s.ns.name %k8s.pod.name %fd.num %proc.args");
    let start = start.option("metrics.output_rule=true").option("metrics.interval=1s");
    let start = start.option("syscall_event_drops.simulate_drops=true").option("watch_config_files=false");
    let start = start.option("http_output.enabled=true");
    let mut sensor = start.option(&format!("http_output.url={}", receiver.url())).ready()?;
    act(1)?;
    fs::write(&local, "- rule: \"torn\n")?;
    kill_process(sensor.pid()?, Signal::HUP)?;
    sensor.until_fence()?;
    let kinds = [
        acts::RULE,
        "Falco internal: rules left out",
        "Falco internal: hot restart failure",
        "Falco internal: metrics snapshot",
        "Falco internal: syscall event drop",
    ];
    for kind in kinds {
        wait_for(kind, SOON, || Ok(receiver.alerts()?.iter().any(|alert| alert.rule == kind).then_some(())))?;
    }
    let bodies = receiver.bodies();
    let refused: Vec<String> =
        bodies.iter().filter_map(|body| Some(format!("{}: {body}", sidekick::refusal(body)?))).collect();
    ensure!(refused.is_empty(), "{refused:?}");
    println!("{} alerts of {} kinds would be taken", bodies.len(), kinds.len());
    Ok(())
}
