//! The ledger under overload: a small ring, children that pour events faster than they are taken, a canary among
//! them. At rest every event is accounted for, and what keeps the process table right has come through.

use std::{
    env,
    error::Error,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use sensor_agent::{
    capture::{Options, Sensor},
    decode::{Body, Record},
};
use sensor_common::syscalls::TABLE;

use crate::{checks, is_end_of, raw};

const FLOODS: usize = 2;
const OPENS: u64 = 30_000;
const FORKS: u64 = 40;
const CANARY: &str = "/proc/saker-canary-probe";
const SONGS: u64 = 5;
const CANARY_THREAD: &str = "canary-probe";

/// A child's part: failed opens without end, a fork now and then.
pub(crate) fn pour() {
    const OPEN: u16 = 2;
    let name = c"/saker-probe-flood";
    for i in 0..OPENS {
        raw::call(OPEN, [name.as_ptr().addr() as u64, 0, 0, 0, 0, 0]);
        if i % (OPENS / FORKS) == 0 {
            let child = raw::clone_and_exit(17, 0);
            raw::call(61, [child as u64, 0, 0, 0, 0, 0]);
        }
    }
}

/// Runs it; returns what is wrong.
pub(crate) fn flood() -> Result<Vec<String>, Box<dyn Error>> {
    let mut sensor = Sensor::attach(Options { ring_bytes: 256 << 10, reserve_bytes: 128 << 10 })?;
    let (go, may_go) = mpsc::channel::<()>();
    let policy = &sensor.policy;
    policy.set_interest(TABLE.iter().map(|row| row.nr));
    let mut records = Vec::new();
    let ended = thread::scope(|scope| -> Result<usize, Box<dyn Error>> {
        let canary = scope.spawn(move || {
            let introduced = policy.introduce_canary();
            // The flood is on by the time this sings.
            let _waited = may_go.recv_timeout(Duration::from_secs(20));
            let refused = (0..SONGS).all(|_| env::set_current_dir(CANARY).is_err());
            let named = thread::Builder::new()
                .name(CANARY_THREAD.to_owned())
                .spawn(|| ())
                .map(thread::JoinHandle::join);
            introduced.map(|tid| (tid, refused, named.is_ok()))
        });
        let children: Vec<Child> = (0..FLOODS).map(|_| pouring()).collect::<Result<_, _>>()?;
        let ids: Vec<u32> = children.iter().map(Child::id).collect();
        let mut ended = 0;
        let deadline = Instant::now() + Duration::from_secs(60);
        while ended < FLOODS && Instant::now() < deadline {
            let round = sensor.drain.round(|bytes| {
                ended += ids.iter().filter(|id| is_end_of(bytes, **id)).count();
                records.push(bytes.to_vec());
            });
            if records.len() > 500 {
                let _sent = go.send(());
            }
            sensor.drain.wait(round, Duration::from_millis(100))?;
            // Slower than what comes in: that is the point.
            thread::sleep(Duration::from_millis(2));
        }
        for mut child in children {
            child.wait()?;
        }
        let _introduced = canary.join().map_err(|_panic| "the canary thread panicked")??;
        Ok(ended)
    })?;
    sensor.policy.set_interest([]);
    while sensor.drain.round(|bytes| records.push(bytes.to_vec())).records > 0 {}
    let misses: u64 = sensor.ledger.recursion_misses().iter().map(|(_, misses)| misses).sum();
    let mut faults = checks::ledger(&sensor, records.len() as u64);
    faults.extend(verdict(&records, ended, misses));
    Ok(faults)
}

fn pouring() -> Result<Child, Box<dyn Error>> {
    Ok(Command::new(env::current_exe()?).arg("flood").stdin(Stdio::null()).spawn()?)
}

/// `misses`: where tracepoints may be preempted (7.x), the kernel skips runs, canaries too, and counts them.
fn verdict(records: &[Vec<u8>], ended: usize, misses: u64) -> Vec<String> {
    let (mut forks, mut opens, mut sung, mut named) = (0_u64, 0_u64, 0_u64, 0_u64);
    for record in records.iter().filter_map(|bytes| Record::parse(bytes).ok()) {
        let by_flood = record.prefix.task.comm.starts_with(b"probe\0");
        match &record.body {
            Body::Fork(_) if by_flood => forks += 1,
            Body::File(file) if record.text(&file.name[0]) == Some(b"/saker-probe-flood") => opens += 1,
            Body::File(file) if record.text(&file.name[0]) == Some(CANARY.as_bytes()) => sung += 1,
            Body::Exit(_) if record.prefix.task.comm.starts_with(CANARY_THREAD.as_bytes()) => named += 1,
            _ => {}
        }
    }
    println!(
        "flood: {opens} of {} opens, {forks} forks, {misses} runs skipped by the kernel",
        OPENS * FLOODS as u64
    );
    let mut faults = Vec::new();
    let mut expect = |ok: bool, what: String| {
        if !ok {
            faults.push(format!("flood: {what}"));
        }
    };
    expect(ended == FLOODS, format!("{ended} of {FLOODS} ends"));
    expect(forks >= FLOODS as u64 * (FORKS + 1), format!("{forks} forks"));
    expect(opens < OPENS * FLOODS as u64, "nothing was lost: no flood".to_owned());
    expect(sung == SONGS || (sung > 0 && misses > 0), format!("{sung} canaries"));
    expect(named == 1, format!("{named} ends of the canary's thread"));
    faults
}
