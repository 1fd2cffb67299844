//! A running agent: started, asked, looked at, stopped.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::bench::Bench;
use crate::shell;

const READY_DEADLINE: Duration = Duration::from_secs(30);
/// cgroup of the agent, to see what its memory is charged with.
const CGROUP: &str = "saker-bench";
/// Where a memory controller may be: version 2, or 1.
const HIERARCHIES: [(&str, &str); 2] =
    [("/sys/fs/cgroup", "memory.current"), ("/sys/fs/cgroup/memory", "memory.usage_in_bytes")];

/// An agent with JSON alerts on its standard output and metrics on a port of its own.
pub(super) struct Agent {
    child: Child,
    port: u16,
    memory: Option<String>,
    /// Lines of standard output, with the moment they were read.
    pub(super) alerts: Receiver<(Instant, String)>,
}

/// Totals at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    pub(super) events: f64,
    pub(super) lost: f64,
    pub(super) cpu: Duration,
}

impl Agent {
    /// Starts one; it may not see anything yet.
    pub(super) fn start(bench: &Bench) -> Result<Self> {
        Self::start_as(bench, &bench.rules, &[], &[])
    }

    /// Starts one with other rules, below another program's words, with more options.
    pub(super) fn start_as(bench: &Bench, rules: &Path, below: &[&str], options: &[&str]) -> Result<Self> {
        // Free a moment ago; nobody else is expected to want it.
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let cgroup = HIERARCHIES.iter().find_map(|(root, file)| {
            let dir = format!("{root}/{CGROUP}");
            fs::create_dir_all(&dir).ok()?;
            fs::metadata(format!("{dir}/{file}")).ok().map(|_| (dir.clone(), format!("{dir}/{file}")))
        });
        // A process is charged where it is when it asks for memory: the shell goes there before it becomes the agent.
        let mut command = Command::new("sh");
        command.args(["-c", "[ -z \"$1\" ] || echo 0 > \"$1/cgroup.procs\"; shift; exec \"$@\"", "sh"]);
        command.arg(cgroup.as_ref().map_or("", |(dir, _)| dir)).args(below).arg(&bench.saker);
        command.arg("-r").arg(rules);
        let own = [
            "json_output=true",
            "webserver.enabled=true",
            "webserver.listen_address=127.0.0.1",
            "webserver.prometheus_metrics_enabled=true",
            &format!("webserver.listen_port={port}"),
        ];
        for option in own.iter().chain(options) {
            command.args(["-o", option]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().context("cannot start the agent")?;
        let output = child.stdout.take().context("the agent has no output")?;
        Ok(Self { child, port, memory: cgroup.map(|(_, file)| file), alerts: read_lines(output) })
    }

    /// Waits until `/healthz` says yes.
    pub(super) fn wait_until_healthy(&mut self) -> Result<()> {
        let deadline = Instant::now() + READY_DEADLINE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                bail!("the agent ended: {status}");
            }
            if self.get("/healthz").is_ok_and(|answer| answer.starts_with("HTTP/1.1 200")) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
        bail!("the agent was not healthy within {READY_DEADLINE:?}")
    }

    fn get(&self, path: &str) -> Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    /// Events, losses and processor time since the start.
    pub(super) fn totals(&self) -> Result<Totals> {
        let metrics = self.get("/metrics")?;
        let sum = |name: &str| {
            let samples = metrics.lines().filter(|line| {
                line.strip_prefix(name).is_some_and(|rest| rest.starts_with('{') || rest.starts_with(' '))
            });
            samples.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
        };
        Ok(Totals {
            events: sum("saker_events_submitted_total"),
            lost: sum("saker_events_lost_total"),
            cpu: self.cpu(),
        })
    }

    /// One sample of the metrics, by its name and labels as they are written.
    pub(super) fn metric(&self, series: &str) -> Result<f64> {
        let metrics = self.get("/metrics")?;
        let line =
            metrics.lines().find(|line| line.strip_prefix(series).is_some_and(|rest| rest.starts_with(' ')));
        let value = line.and_then(|line| line.rsplit(' ').next()?.parse().ok());
        value.with_context(|| format!("/metrics has no {series}"))
    }

    /// Has it load its rules again.
    pub(super) fn hang_up(&self) -> Result<()> {
        shell::run(Command::new("kill").args(["-HUP", &self.child.id().to_string()]))
    }

    /// Time on a processor of all threads, of the scheduler's own count.
    fn cpu(&self) -> Duration {
        let threads =
            self.processes().into_iter().flat_map(|id| fs::read_dir(format!("/proc/{id}/task"))).flatten();
        let times = threads.flatten().filter_map(|thread| {
            let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
            text.split_whitespace().next()?.parse::<u64>().ok()
        });
        Duration::from_nanos(times.sum())
    }

    /// The supervisor and its halves.
    fn processes(&self) -> Vec<u32> {
        let own = self.child.id();
        let children = fs::read_to_string(format!("/proc/{own}/task/{own}/children")).unwrap_or_default();
        [own].into_iter().chain(children.split_whitespace().filter_map(|id| id.parse().ok())).collect()
    }

    /// Resident memory of all processes, bytes; what they share counts once, in proportion.
    pub(super) fn resident_bytes(&self) -> Result<u64> {
        let one = |id: u32| -> Result<u64> {
            let rollup = fs::read_to_string(format!("/proc/{id}/smaps_rollup"))?;
            let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:")).context("no Pss")?;
            let kib: u64 = line.split_whitespace().next().unwrap_or_default().parse()?;
            Ok(kib * 1024)
        };
        self.processes().into_iter().map(one).sum()
    }

    /// What the agent's cgroup is charged with, bytes; `None` without a memory controller.
    pub(super) fn memcg_bytes(&self) -> Option<u64> {
        fs::read_to_string(self.memory.as_ref()?).ok()?.trim().parse().ok()
    }

    /// Ends it as a service manager does.
    pub(super) fn stop(mut self) -> Result<()> {
        shell::run(Command::new("kill").args(["-TERM", &self.child.id().to_string()]))?;
        let status = self.child.wait().context("cannot wait for the agent")?;
        if !status.success() {
            bail!("the agent ended with {status}");
        }
        Ok(())
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // After a failure it may still run; after stop() there is nothing to kill.
        drop(self.child.kill());
        drop(self.child.wait());
        for (root, _) in HIERARCHIES {
            drop(fs::remove_dir(format!("{root}/{CGROUP}")));
        }
    }
}

fn read_lines(output: ChildStdout) -> Receiver<(Instant, String)> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send((Instant::now(), line)).is_err() {
                break;
            }
        }
    });
    lines
}
