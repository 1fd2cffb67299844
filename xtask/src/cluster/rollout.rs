//! What happens to the node's coverage while sensors change: beats of a pod are counted in the alerts of all sensors that
//! there were, old and new. The change is a capability more, with which the pod's user has a name.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::test::{NAMESPACE, Release, WORKLOAD, logs};
use super::{Cluster, node, wait_for};
use crate::shell;

const BEAT: Duration = Duration::from_millis(100);
const GAP: Duration = Duration::from_secs(2);
/// Reads the ring and evaluates.
const HOT_THREAD: &str = "saker-hot";
/// A beat every 100 ms, each with its number in the file's name.
const BEATS: &str = "n=0; while :; do n=$((n+1)); : > /tmp/beat.$n; rm /tmp/beat.$n; usleep 100000; done";

/// `helm upgrade` with a new pod template, then `helm rollback`; the longest run of beats that no sensor told of.
pub(super) fn upgrade_and_back(release: &Release<'_>) -> Result<()> {
    let cluster = release.cluster;
    let image = format!("--image={}", node::BUSYBOX);
    let user =
        format!(r#"--overrides={{"spec": {{"securityContext": {{"runAsUser": {}}}}}}}"#, node::USER_ID);
    let run = ["run", "beat", &image, "--image-pull-policy=Never", &user, "--", "sh", "-c", BEATS];
    cluster.run_kubectl(&run)?;
    let mut ears = Ears::default();
    ears.hear_beyond(cluster, 10)?;
    let users = ["--set", "collectors.containerEngine.users=true"];
    for (verb, words, user) in [("upgrade", &users[..], node::USER), ("rollback", &[], "<NA>")] {
        let first = ears.last();
        release.helm(verb, words)?;
        // The old pod has gone, and the new one has told of what came after.
        let status = ["rollout", "status", "-n", NAMESPACE, WORKLOAD, "--watch=false"];
        wait_for("the rollout's end, with one sensor left", || {
            ears.attend(cluster)?;
            let status = shell::stdout(&mut cluster.kubectl(&status))?;
            Ok(status.contains("successfully rolled out") && pods(cluster)?.len() == 1)
        })?;
        let last = ears.last() + 20;
        ears.hear_beyond(cluster, last)?;
        let missed = ears.longest_gap(first, last);
        let gap = BEAT * missed;
        println!(
            "{verb}: longest gap {} beats ({:.1} s, target below {} s) of {} beats",
            missed,
            gap.as_secs_f64(),
            GAP.as_secs(),
            last - first
        );
        ensure!(gap < GAP, "the gap is longer than the target");
        let beats = logs(cluster)?.into_iter().rev().find(|alert| alert["rule"] == "Beat");
        let output = beats.as_ref().and_then(|alert| alert["output"].as_str()).unwrap_or_default();
        ensure!(
            output.contains(&format!(" user={user} ")),
            "{verb}: the beats' user is not {user}: {output}"
        );
    }
    cluster.run_kubectl(&["delete", "pod", "beat", "--now"])
}

/// What blinds a sensor, as a value of the chart, and the word by which its message names it.
const BLINDING: [(&str, &str); 2] = [
    (r#"containerSecurityContext={"runAsUser":0,"capabilities":{"drop":["ALL"]}}"#, "CAP_BPF"),
    // As on a kernel without CONFIG_DEBUG_INFO_BTF.
    (
        r#"mounts={"volumes":[{"name":"none","emptyDir":{}}],"volumeMounts":[{"name":"none","mountPath":"/sys/kernel/btf"}]}"#,
        "CONFIG_DEBUG_INFO_BTF",
    ),
];

/// A sensor that cannot see does not become ready and says why; the old one stays, so the node is watched.
pub(super) fn blind_is_not_ready(release: &Release<'_>) -> Result<()> {
    let cluster = release.cluster;
    let path = "jsonpath={.items[*].status.containerStatuses[*].lastState.terminated.message}";
    for (value, word) in BLINDING {
        release.helm("upgrade", &["--set-json", value])?;
        let mut reason = String::new();
        let said = wait_for("the reason of a pod that cannot see", || {
            reason = shell::stdout(&mut cluster.kubectl(&["get", "pods", "-n", NAMESPACE, "-o", path]))?;
            Ok(reason.contains(word))
        });
        said.with_context(|| format!("the reason does not name {word}: {reason}"))?;
        let ready = "jsonpath={.status.numberReady}";
        let ready = shell::stdout(&mut cluster.kubectl(&["get", "-n", NAMESPACE, WORKLOAD, "-o", ready]))?;
        ensure!(ready == "1", "{ready} sensors are ready: the one that sees should have stayed");
        release.helm("rollback", &[])?;
        release.wait_rolled_out()?;
        println!("blind: a pod without {word} is not ready, says why, and the old one stays");
    }
    Ok(())
}

/// A sensor whose thread stands still is not ready, and an event of its pod says why; it goes on when the thread does.
pub(super) fn stalled_is_not_ready(release: &Release<'_>, actor: &Path) -> Result<()> {
    let cluster = release.cluster;
    let (process, thread) = (holder(HOT_THREAD)?, HOT_THREAD);
    let mut holding = Command::new(actor);
    holding.args(["hold-thread", &process.to_string(), thread, "mark"]).stdin(Stdio::null());
    let mut holding = holding.spawn().context("cannot hold a thread")?;
    let messages = ["get", "events", "-n", NAMESPACE, "-o", "jsonpath={.items[*].message}"];
    let told = wait_for("an event with the reason", || {
        let text = shell::stdout(&mut cluster.kubectl(&messages))?;
        Ok(text.contains(r#"Readiness probe failed: {"status":"unhealthy","reasons":[""#))
    });
    let ready = "jsonpath={.status.numberReady}";
    let ready = shell::stdout(&mut cluster.kubectl(&["get", "-n", NAMESPACE, WORKLOAD, "-o", ready]));
    holding.kill()?;
    holding.wait()?;
    println!("stall: not ready, with the reason in an event, after {:.1} s", told?.as_secs_f64());
    ensure!(["", "0"].contains(&ready?.as_str()), "a sensor that stands still counts as ready");
    release.wait_rolled_out()
}

/// The process that has a thread of this name.
fn holder(thread: &str) -> Result<u32> {
    let tasks = shell::stdout(Command::new("sh").args([
        "-c",
        "grep -lsx \"$0\" /proc/[0-9]*/task/[0-9]*/comm || true",
        thread,
    ]))?;
    let process = tasks.lines().next().and_then(|path| path.split('/').nth(2));
    process.context("no sensor runs")?.parse().context("no process id")
}

fn pods(cluster: &Cluster) -> Result<Vec<String>> {
    let list = shell::stdout(&mut cluster.kubectl(&["get", "pods", "-n", NAMESPACE, "-o", "name"]))?;
    Ok(list.lines().map(str::to_owned).collect())
}

/// Listens to the alerts of every sensor that there is, from its first line.
#[derive(Default)]
struct Ears {
    heard: Arc<Mutex<BTreeSet<u32>>>,
    pods: BTreeSet<String>,
    followers: Vec<Child>,
}

impl Ears {
    /// Takes up sensors that are new.
    fn attend(&mut self, cluster: &Cluster) -> Result<()> {
        for pod in pods(cluster)? {
            if self.pods.contains(&pod) || !has_started(cluster, &pod)? {
                continue;
            }
            let mut logs = cluster.kubectl(&["logs", "--follow", "-n", NAMESPACE, &pod]);
            let mut follower =
                logs.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
            let lines = BufReader::new(follower.stdout.take().context("no output of kubectl logs")?).lines();
            let heard = Arc::clone(&self.heard);
            thread::spawn(move || {
                let numbers = lines.map_while(Result::ok).filter_map(|line| number(&line));
                for number in numbers {
                    heard.lock().unwrap_or_else(PoisonError::into_inner).insert(number);
                }
            });
            self.followers.push(follower);
            self.pods.insert(pod);
        }
        Ok(())
    }

    fn last(&self) -> u32 {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).last().copied().unwrap_or_default()
    }

    fn hear_beyond(&mut self, cluster: &Cluster, beat: u32) -> Result<()> {
        let what = format!("beat {beat}");
        wait_for(&what, || {
            self.attend(cluster)?;
            Ok(self.last() > beat)
        })
        .map(drop)
    }

    /// Most beats in a row that nobody told of.
    fn longest_gap(&self, first: u32, last: u32) -> u32 {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut longest, mut run) = (0, 0);
        for beat in first..=last {
            run = if heard.contains(&beat) { 0 } else { run + 1 };
            longest = longest.max(run);
        }
        longest
    }
}

impl Drop for Ears {
    fn drop(&mut self) {
        for follower in &mut self.followers {
            drop(follower.kill());
            drop(follower.wait());
        }
    }
}

/// Its log can be followed.
fn has_started(cluster: &Cluster, pod: &str) -> Result<bool> {
    let path = "jsonpath={.status.containerStatuses[0].state.running.startedAt}";
    let started =
        shell::stdout(cluster.kubectl(&["get", "-n", NAMESPACE, pod, "-o", path]).arg("--ignore-not-found"))?;
    Ok(!started.is_empty())
}

/// The number in an alert of a beat.
fn number(line: &str) -> Option<u32> {
    let alert: Value = serde_json::from_str(line).ok()?;
    let text = alert["output"].as_str()?.split_once("beat /tmp/beat.")?.1;
    text.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
