//! The real agent as a child process: started with rules and options, ready when it says so, read line by line,
//! stopped by a signal.
//!
//! A *fence* is an act that the harness performs itself and that a rule of its own alerts on. The agent tells alerts in
//! the order of their events, so whatever has not come before the fence's alert will not come.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use tempfile::TempDir;

use crate::alert::Alert;
use crate::calls::MKDIR;
use crate::http;
use crate::metrics::Metrics;

/// From start to the first healthy answer; emulated machines verify programs slowly.
const READY: Duration = Duration::from_secs(120);
/// For everything that happens at once on a healthy machine.
pub const SOON: Duration = Duration::from_secs(30);
/// Between two looks at a condition that nothing announces.
const LOOK: Duration = Duration::from_millis(20);

const FENCE: &str = "Fence";
/// It does not exist, so the fence's mkdir fails and leaves nothing behind.
const FENCE_DIRECTORY: &str = "/saker-fence";

/// How to start the agent.
#[derive(Clone, Debug)]
pub struct Start {
    binary: PathBuf,
    wrapper: Vec<String>,
    rule_files: Vec<PathBuf>,
    rules: String,
    options: Vec<String>,
    variables: Vec<(String, String)>,
}

/// A running agent.
pub struct Sensor {
    child: Child,
    is_wrapped: bool,
    lines: Receiver<String>,
    errors: Option<JoinHandle<String>>,
    port: u16,
    n_marks: u32,
    seen: Vec<Alert>,
    files: TempDir,
}

/// How it ended.
#[derive(Debug)]
pub struct Ending {
    /// Exit status.
    pub status: ExitStatus,
    /// All that stood on standard error.
    pub errors: String,
    /// Alerts that nobody had asked for yet.
    pub alerts: Vec<Alert>,
}

impl Start {
    /// The agent at `binary`, without rules but the fence's.
    pub fn new(binary: impl Into<PathBuf>) -> Self {
        let (binary, rules) = (binary.into(), fence_rule());
        let (wrapper, rule_files) = (Vec::new(), Vec::new());
        Self { binary, wrapper, rule_files, rules, options: Vec::new(), variables: Vec::new() }
    }

    /// Loads a rule file before the test's own rules.
    #[must_use]
    pub fn rule_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.rule_files.push(path.into());
        self
    }

    /// Adds a rule of priority DEBUG.
    #[must_use]
    pub fn rule(mut self, name: &str, condition: &str, output: &str) -> Self {
        self.rules.push_str(&rule(name, condition, output));
        self
    }

    /// `-o key=value`
    #[must_use]
    pub fn option(mut self, option: &str) -> Self {
        self.options.push(option.to_owned());
        self
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts the agent below another program, as its only child.
    #[must_use]
    pub fn below(mut self, wrapper: &[&str]) -> Self {
        self.wrapper = wrapper.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// Starts it and waits until `/healthz` says that it sees.
    pub fn ready(self) -> Result<Sensor> {
        let files = TempDir::new()?;
        let port = free_port()?;
        let mut command = self.command(files.path(), port)?;
        let mut child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        let output = child.stdout.take().context("no standard output")?;
        let mut errors = child.stderr.take().context("no standard error")?;
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            let lines = BufReader::new(output).lines().map_while(Result::ok);
            lines.for_each(|line| drop(sender.send(line)));
        });
        let errors = thread::spawn(move || {
            let mut bytes = Vec::new();
            drop(errors.read_to_end(&mut bytes));
            String::from_utf8_lossy(&bytes).into_owned()
        });
        let is_wrapped = !self.wrapper.is_empty();
        let (n_marks, seen, errors) = (0, Vec::new(), Some(errors));
        let mut sensor = Sensor { child, is_wrapped, lines, errors, port, n_marks, seen, files };
        sensor.wait_ready()?;
        Ok(sensor)
    }

    fn command(&self, files: &Path, port: u16) -> Result<Command> {
        let (config, rules) = (files.join("saker.yaml"), files.join("test_rules.yaml"));
        fs::write(&config, CONFIG)?;
        fs::write(&rules, &self.rules)?;
        let mut words = self.wrapper.iter().map(String::as_str);
        let mut command = match words.next() {
            Some(first) => {
                let mut command = Command::new(first);
                command.args(words).arg(&self.binary);
                command
            }
            None => Command::new(&self.binary),
        };
        command.arg("-c").arg(config);
        for file in self.rule_files.iter().chain([&rules]) {
            command.arg("-r").arg(file);
        }
        command.arg("-o").arg(format!("webserver.listen_port={port}"));
        command.arg("-o").arg(format!("saker.admin_socket={}", files.join(SOCKET).display()));
        for option in &self.options {
            command.arg("-o").arg(option);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Ok(command)
    }
}

/// Where it is asked, among its files.
const SOCKET: &str = "admin.sock";

/// What every test wants, as an operator would write it.
const CONFIG: &str = "
json_output: true
stdout_output: {enabled: true}
syslog_output: {enabled: false}
log_stderr: true
log_syslog: false
webserver: {enabled: true, listen_address: 127.0.0.1, prometheus_metrics_enabled: true}
metrics: {enabled: true, interval: 1h, output_rule: false}
";

/// A rule of priority DEBUG as text of a rule file.
pub fn rule(name: &str, condition: &str, output: &str) -> String {
    format!(
        "- rule: {name}\n  desc: of a test\n  condition: {condition}\n  output: '{output}'\n  priority: DEBUG\n\n"
    )
}

/// No minimum priority hides it.
fn fence_rule() -> String {
    let condition = format!("evt.type = {MKDIR} and evt.arg.path startswith {FENCE_DIRECTORY}/");
    rule(FENCE, &condition, "%evt.arg.path").replace("DEBUG", "EMERGENCY")
}

/// A port that was free just now.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Looks until the condition has a value, or fails with what it was about.
pub fn wait_for<T>(what: &str, patience: Duration, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let until = Instant::now() + patience;
    loop {
        if let Some(value) = look()? {
            return Ok(value);
        }
        ensure!(Instant::now() < until, "in {} s not seen: {what}", patience.as_secs());
        thread::sleep(LOOK);
    }
}

impl Sensor {
    fn wait_ready(&mut self) -> Result<()> {
        let port = self.port;
        let ready = wait_for("a healthy answer", READY, || {
            if let Some(status) = self.child.try_wait()? {
                let errors = self.errors();
                bail!("the agent ended at start: {status}\n{errors}");
            }
            Ok(http::get(port, "/healthz").is_ok_and(|(status, _)| status == 200).then_some(()))
        });
        ready.with_context(|| format!("the agent is not ready: {:?}", http::get(port, "/healthz")))
    }

    /// Performs an act, which is handed a mark to put last on its command lines, and returns the alerts on it.
    pub fn observe(&mut self, act: impl FnOnce(&str) -> Result<()>) -> Result<Vec<Alert>> {
        self.n_marks += 1;
        let mark = format!("saker-mark-{}-{:06}", std::process::id(), self.n_marks);
        act(&mark)?;
        let alerts = self.until_fence()?;
        Ok(alerts.into_iter().filter(|alert| alert.mentions(&mark)).collect())
    }

    /// Every alert from now up to an event of now.
    pub fn until_fence(&mut self) -> Result<Vec<Alert>> {
        self.n_marks += 1;
        let path = format!("{FENCE_DIRECTORY}/{}-{:06}", std::process::id(), self.n_marks);
        ensure!(fs::create_dir(&path).is_err(), "{FENCE_DIRECTORY} exists");
        let fence = self.wait(SOON, |alert| alert.rule == FENCE && alert.field("evt.arg.path") == path);
        fence.with_context(|| {
            format!(
                "the fence did not come through; health: {:?}; losses: {:?}",
                self.get("/healthz"),
                self.losses()
            )
        })?;
        Ok(std::mem::take(&mut self.seen))
    }

    /// Waits for an alert; the others before it are kept.
    pub fn wait(&mut self, patience: Duration, mut is_it: impl FnMut(&Alert) -> bool) -> Result<Alert> {
        let until = Instant::now() + patience;
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    let alert = Alert::parse(&line)?;
                    if is_it(&alert) {
                        return Ok(alert);
                    }
                    self.seen.push(alert);
                }
                Err(RecvTimeoutError::Timeout) => {
                    bail!("no such alert in {} s, but {:?}", patience.as_secs(), self.rules_seen());
                }
                Err(RecvTimeoutError::Disconnected) => bail!("the agent ended:\n{}", self.errors()),
            }
        }
    }

    fn rules_seen(&self) -> Vec<&str> {
        self.seen.iter().map(|alert| alert.rule.as_str()).collect()
    }

    /// GET on its admin server.
    pub fn get(&self, path: &str) -> Result<(u16, String)> {
        http::get(self.port, path)
    }

    /// Samples that tell of something lost.
    fn losses(&self) -> Result<Vec<String>> {
        const TELLING: [&str; 4] = ["lost", "misses", "evicted", "discarded"];
        let (_, body) = self.get("/metrics")?;
        let is_loss = |line: &&str| {
            !line.starts_with('#') && !line.ends_with(" 0") && TELLING.iter().any(|word| line.contains(word))
        };
        Ok(body.lines().filter(is_loss).map(str::to_owned).collect())
    }

    /// Where its admin server listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where `explain --live` asks it.
    pub fn admin_socket(&self) -> PathBuf {
        self.files.path().join(SOCKET)
    }

    /// Its metrics now.
    pub fn metrics(&self) -> Result<Metrics> {
        let (status, body) = self.get("/metrics")?;
        ensure!(status == 200, "/metrics: {status}: {body}");
        Ok(Metrics::parse(&body))
    }

    /// Process id of the agent itself: its supervisor.
    pub fn pid(&self) -> Result<Pid> {
        let own = i32::try_from(self.child.id())?;
        if !self.is_wrapped {
            return Pid::from_raw(own).context("process 0");
        }
        let children = children(own)?;
        children.first().copied().with_context(|| format!("children of {own}: {children:?}"))
    }

    /// Process id of one of its halves: `sensor` or `egress`.
    pub fn half(&self, name: &str) -> Result<Pid> {
        let flag = format!("--half={name}\0");
        let is_it = |pid: &Pid| {
            let words = fs::read_to_string(format!("/proc/{}/cmdline", pid.as_raw_nonzero()));
            words.is_ok_and(|words| words.ends_with(&flag))
        };
        children(self.pid()?.as_raw_nonzero().get())?.into_iter().find(is_it).context("no such half")
    }

    /// Sends a signal, waits for the end, and returns what was left to say.
    pub fn stop(mut self, signal: Signal) -> Result<Ending> {
        kill_process(self.pid()?, signal)?;
        // Standard output ends with the process.
        let until = Instant::now() + SOON;
        while let Ok(line) = self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            self.seen.push(Alert::parse(&line)?);
        }
        let gone = wait_for("the agent's end", SOON, || Ok(self.child.try_wait()?));
        let status = gone.with_context(|| format!("signal {signal:?}"))?;
        Ok(Ending { status, errors: self.errors(), alerts: std::mem::take(&mut self.seen) })
    }

    /// Standard error to its end.
    fn errors(&mut self) -> String {
        self.errors.take().and_then(|reader| reader.join().ok()).unwrap_or_default()
    }
}

/// Children of a process with one thread.
fn children(of: i32) -> Result<Vec<Pid>> {
    let children = fs::read_to_string(format!("/proc/{of}/task/{of}/children"))?;
    Ok(children.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).collect())
}

impl Drop for Sensor {
    fn drop(&mut self) {
        // A test that failed leaves nothing running; after a stop there is nothing to kill.
        if matches!(self.child.try_wait(), Ok(None)) {
            if let Ok(pid) = self.pid() {
                let halves = children(pid.as_raw_nonzero().get()).unwrap_or_default();
                // By descriptor: they are not ours to wait for.
                let halves: Vec<_> = halves
                    .into_iter()
                    .filter_map(|half| Some((half, pidfd_open(half, PidfdFlags::empty()).ok()?)))
                    .collect();
                kill_process(pid, Signal::KILL).ok();
                for (half, end) in &halves {
                    kill_process(*half, Signal::KILL).ok();
                    // The next test begins on a machine without them.
                    poll(&mut [PollFd::new(end, PollFlags::IN)], Timespec::try_from(SOON).ok().as_ref()).ok();
                }
            }
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}
