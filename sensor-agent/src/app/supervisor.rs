//! The first process of the agent: starts the two halves, hands signals on, starts a half again that has died, and ends with
//! them. It reads nothing but signals and the few packets of [`orders`], and has one thread.
//!
//! The socket between the halves is held open here, so what one half has written outlives it.

mod broker;
mod half;
mod orders;

pub(super) use broker::Client;
pub use half::Half;
pub(super) use half::{Begun, Reporter, listen};
pub(super) use orders::{Order, Report};

use std::{
    io,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::process::ExitStatusExt,
    },
    process::{Child, ExitStatus},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    process::{WaitOptions, wait},
};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGUSR1};

use self::{broker::Broker, orders::Wire};
use super::{
    AppError,
    config::Config,
    signal::{Early, Heard},
};
use crate::capture;

/// How long a half may take to end after it was told to, or after the other one has.
const PATIENCE: Duration = Duration::from_secs(20);
/// What was killed needs a moment to end; it is not asked for more often than this.
const MOMENT: Duration = Duration::from_millis(100);
/// Pause before a half that dies again and again is started again: twice as long each time ...
const PAUSE: Duration = Duration::from_millis(500);
const MAX_PAUSE: Duration = Duration::from_secs(30);
/// ... until it has lived for so long.
const STABLE: Duration = Duration::from_secs(60);
/// A half that a signal ends before it works, as one that was meant for all processes of this name, gets so many starts.
const STARTS: u32 = 3;

/// Runs the agent until both halves have ended.
pub(super) fn run(config: &Config, early: Early) -> Result<(), AppError> {
    let failed = |source| AppError::Environment { action: "start the halves of the agent".into(), source };
    let signals = early.listen().map_err(failed)?;
    let (for_sensor, for_egress) = orders::pair().map_err(failed)?;
    let program = config.outputs.program.as_ref().map(|program| Broker::new(program.program.clone()));
    let (broker, brokers_other) = program.transpose().map_err(failed)?.unzip();
    let sensor = Place::new(Half::Sensor, for_sensor, None);
    let egress = Place::new(Half::Egress, for_egress, brokers_other);
    let nonce = super::sensor::canary::new_nonce();
    let mut supervisor = Supervisor { sensor, egress, broker, signals, nonce, stop_at: None };
    match supervisor.serve().map_err(failed)? {
        0 => Ok(()),
        code => Err(AppError::Told { code }),
    }
}

struct Supervisor {
    sensor: Place,
    egress: Place,
    broker: Option<Broker>,
    signals: Heard,
    nonce: u64,
    /// What has not ended by then is killed; `None`: nobody has to end.
    stop_at: Option<Instant>,
}

/// Where a half stands.
struct Place {
    half: Half,
    /// Its end of the link; `None` once nothing is to come through it any more.
    link: Option<OwnedFd>,
    /// Its end of the broker's socket.
    broker: Option<Wire>,
    running: Option<Running>,
    /// It has worked at some time.
    has_worked: bool,
    starts: u32,
    start_at: Instant,
    /// Exit code, once it is not to be started again.
    ended: Option<u8>,
}

struct Running {
    child: Child,
    /// `None` once it has closed its end.
    wire: Option<Wire>,
    since: Instant,
    is_ready: bool,
}

impl Supervisor {
    /// The exit code of the agent.
    fn serve(&mut self) -> io::Result<u8> {
        loop {
            self.start()?;
            if let (Some(sensor), Some(egress)) = (self.sensor.ended, self.egress.ended) {
                return Ok(if sensor == 0 { egress } else { sensor });
            }
            let [signals, sensor, egress, broker] = self.wait()?;
            if signals {
                self.hear();
            }
            if sensor && let Some(Report::Invite(nonce)) = self.sensor.read() {
                capture::answer(nonce);
                self.sensor.order(&Order::Introduced);
            }
            if egress {
                self.egress.read();
            }
            if broker
                && let Some(broker) = &mut self.broker
                && let Err(error) = broker.serve()
            {
                tracing::warn!(%error, "a request for program_output's program went wrong");
            }
            self.bury();
        }
    }

    /// Starts what is due: the egress half first, so that the sensor half finds its reader.
    fn start(&mut self) -> io::Result<()> {
        self.egress.start(self.nonce)?;
        if self.is_sensors_turn() {
            self.sensor.start(self.nonce)?;
        }
        if self.stop_at.is_some_and(|at| Instant::now() >= at) {
            for place in [&mut self.sensor, &mut self.egress] {
                place.kill();
            }
        }
        Ok(())
    }

    fn is_sensors_turn(&self) -> bool {
        self.egress.running.as_ref().is_some_and(|running| running.is_ready) || self.sensor.starts > 0
    }

    /// Waits for something to do; whether signals, the halves and the broker are readable.
    fn wait(&self) -> io::Result<[bool; 4]> {
        let wires =
            [self.sensor.wire(), self.egress.wire(), self.broker.as_ref().map(|broker| broker.wire.as_fd())];
        let ready = [Some(self.signals.as_fd())].into_iter().chain(wires);
        let ready: Vec<Option<BorrowedFd<'_>>> = ready.collect();
        let mut polled: Vec<_> =
            ready.iter().flatten().map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN)).collect();
        let now = Instant::now();
        let kill_at = self.stop_at.map(|at| if at > now { at } else { now + MOMENT });
        let sensor_at = self.sensor.due().filter(|_| self.is_sensors_turn());
        let due = [sensor_at, self.egress.due(), kill_at].into_iter().flatten().min();
        let left = due.map(|due| due.saturating_duration_since(now));
        let left = left.and_then(|left| Timespec::try_from(left).ok());
        match poll(&mut polled, left.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut polled = polled.iter().map(|fd| !fd.revents().is_empty());
        Ok(std::array::from_fn(|index| {
            ready.get(index).is_some_and(Option::is_some) && polled.next().unwrap_or_default()
        }))
    }

    /// Hands signals on.
    fn hear(&mut self) {
        let signals: Vec<_> = self.signals.pending().collect();
        for signal in signals {
            match signal {
                SIGCHLD => {}
                SIGHUP => self.sensor.order(&Order::Reload),
                SIGUSR1 => self.egress.order(&Order::Reopen),
                _ => self.stop(),
            }
        }
    }

    fn stop(&mut self) {
        self.stop_at.get_or_insert_with(|| Instant::now() + PATIENCE);
        self.sensor.order(&Order::Stop);
        self.egress.order(&Order::Stop);
        if self.sensor.running.is_none() {
            self.end_sensor(0);
        }
    }

    /// Takes note of what has ended: the halves, the program, and the orphans that the first process of a container is given.
    fn bury(&mut self) {
        while let Ok(Some((child, status))) = wait(WaitOptions::NOHANG) {
            let id = child.as_raw_nonzero().get().unsigned_abs();
            let status = ExitStatus::from_raw(status.as_raw());
            if let Some(since) = self.egress.take(id) {
                self.egress_ended(status, since);
            } else if let Some(since) = self.sensor.take(id) {
                self.sensor_ended(status, since);
            } else if let Some(broker) = &mut self.broker {
                broker.note(id, status);
            }
        }
    }

    fn sensor_ended(&mut self, status: ExitStatus, since: Instant) {
        let code = status.code().map(|code| code as u8);
        let is_over = self.stop_at.is_some() || code == Some(0);
        if is_over || !self.sensor.may_start_again(code) {
            return self.end_sensor(code.unwrap_or(1));
        }
        let how = self.sensor.again(status, since);
        self.egress.order(&Order::Ended(how));
    }

    /// The sensor half is not started again: the egress half gets the end of what it has to read.
    fn end_sensor(&mut self, code: u8) {
        self.sensor.ended = Some(code);
        (self.sensor.link, self.sensor.running) = (None, None);
        self.stop_at.get_or_insert_with(|| Instant::now() + PATIENCE);
        if self.egress.running.is_none() && !self.egress.has_worked {
            self.egress.ended = Some(0);
        }
    }

    fn egress_ended(&mut self, status: ExitStatus, since: Instant) {
        let code = status.code().map(|code| code as u8);
        let is_over = self.sensor.ended.is_some() && status.code().is_some();
        let is_late = self.stop_at.is_some_and(|at| Instant::now() >= at);
        if is_over || is_late || !self.egress.may_start_again(code) {
            self.egress.ended = Some(code.unwrap_or(1));
            (self.egress.link, self.egress.running) = (None, None);
            // Without a reader the sensor half has nothing to do.
            if self.sensor.running.is_some() {
                self.stop();
            } else if self.sensor.ended.is_none() {
                self.sensor.ended = Some(0);
            }
            return;
        }
        let how = self.egress.again(status, since);
        self.sensor.order(&Order::Ended(how));
    }
}

impl Place {
    fn new(half: Half, link: OwnedFd, broker: Option<Wire>) -> Self {
        Self {
            half,
            link: Some(link),
            broker,
            running: None,
            has_worked: false,
            starts: 0,
            start_at: Instant::now(),
            ended: None,
        }
    }

    /// Starts the half if it does not run, and is to.
    fn start(&mut self, nonce: u64) -> io::Result<()> {
        let Some(link) = self.link.as_ref().filter(|_| self.due().is_some_and(|due| due <= Instant::now()))
        else {
            return Ok(());
        };
        let (child, wire) = half::start(self.half)?;
        let descriptors: Vec<_> =
            [link.as_fd()].into_iter().chain(self.broker.as_ref().map(AsFd::as_fd)).collect();
        // One that has died already is buried in a moment.
        let _died = wire.send(&Order::Begin { nonce }, &descriptors);
        self.starts += 1;
        self.running = Some(Running { child, wire: Some(wire), since: Instant::now(), is_ready: false });
        Ok(())
    }

    /// When it is to be started.
    fn due(&self) -> Option<Instant> {
        (self.running.is_none() && self.ended.is_none()).then_some(self.start_at)
    }

    fn wire(&self) -> Option<BorrowedFd<'_>> {
        self.running.as_ref()?.wire.as_ref().map(AsFd::as_fd)
    }

    /// Takes a report; what says that it works, or nothing understandable, needs no more.
    fn read(&mut self) -> Option<Report> {
        let running = self.running.as_mut()?;
        match running.wire.as_ref()?.recv::<Report>() {
            Ok(Some((Report::Ready, _))) => {
                (running.is_ready, self.has_worked) = (true, true);
                None
            }
            Ok(Some((report, _))) => Some(report),
            // It has closed its end or talks nonsense: either way it is not one of ours any more.
            Ok(None) | Err(_) => {
                // A closed end is always readable: waiting for it would be a busy loop.
                running.wire = None;
                self.kill();
                None
            }
        }
    }

    fn order(&self, order: &Order) {
        if let Some(wire) = self.running.as_ref().and_then(|running| running.wire.as_ref()) {
            // One that has died is buried in a moment; one that does not read is killed when its time to end is over.
            let _unheard = wire.send(order, &[]);
        }
    }

    fn kill(&mut self) {
        if let Some(running) = &mut self.running {
            // One that has ended already cannot be killed.
            let _ended = running.child.kill();
        }
    }

    /// If it is this child, which has ended: since when it ran.
    fn take(&mut self, id: u32) -> Option<Instant> {
        self.running.take_if(|running| running.child.id() == id).map(|running| running.since)
    }

    /// At the first start an error is the agent's, told already; only a signal is not.
    fn may_start_again(&self, code: Option<u8>) -> bool {
        self.has_worked || (code.is_none() && self.starts < STARTS)
    }

    /// Has it started again; how it ended, in words.
    fn again(&mut self, status: ExitStatus, since: Instant) -> String {
        if since.elapsed() > STABLE {
            self.starts = 1;
        }
        let pause = match self.starts {
            0 | 1 => Duration::ZERO,
            starts => (PAUSE * 2_u32.saturating_pow(starts - 2)).min(MAX_PAUSE),
        };
        self.start_at = Instant::now() + pause;
        let how = format!("the {} half of the agent ended ({status}), it is started again", self.half);
        tracing::error!("{how}");
        how
    }
}
