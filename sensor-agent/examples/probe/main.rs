//! Tries the kernel side alone: attaches it with every system call of the table interesting, lets a child perform
//! known acts, and compares each record with what was done. Root; needs nothing but this file, /proc and /tmp.
//!
//! `probe` prints one line for each mismatch and fails if there is one. The other words are the child's parts.

mod acts;
mod checks;
mod flood;
mod raw;

use std::{
    collections::BTreeMap,
    env,
    error::Error,
    fs,
    os::unix::{fs::symlink, process::ExitStatusExt},
    path::Path,
    process::{Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use sensor_agent::{
    capture::{Options, Sensor},
    decode::{Body, Record},
};
use sensor_common::{event::exit, syscalls::TABLE};

/// Longest time from the child's end to its last record; emulated machines are slow.
const DEADLINE: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    let result = match env::args().nth(1).as_deref() {
        None => probe(),
        Some("act") => acts::perform().map_err(Into::into),
        Some("noop") => return ExitCode::from(7),
        Some("killed") => {
            acts::die();
            Ok(())
        }
        Some("threaded") => Err(acts::exec_in_thread().into()),
        Some("flood") => {
            flood::pour();
            Ok(())
        }
        Some(other) => Err(format!("what is `{other}`?").into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("probe: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What came of one run of the acts.
pub(crate) struct Seen {
    /// The records, in the ring's order.
    pub(crate) records: Vec<Vec<u8>>,
    /// The child's calls by number, in order.
    pub(crate) acts: Vec<acts::Act>,
    /// What the child told of itself.
    pub(crate) facts: BTreeMap<String, String>,
    /// The child.
    pub(crate) child: u32,
}

impl Seen {
    /// Every record, decoded.
    pub(crate) fn records(&self) -> impl Iterator<Item = Record<'_>> {
        self.records.iter().filter_map(|bytes| Record::parse(bytes).ok())
    }

    /// A number that the child told.
    pub(crate) fn fact(&self, name: &str) -> Option<u64> {
        self.facts.get(name)?.split_whitespace().next()?.parse().ok()
    }
}

fn probe() -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let mut sensor = Sensor::attach(Options { ring_bytes: 8 << 20, reserve_bytes: 1 << 20 })?;
    println!(
        "{}: attached in {} ms, plain loads: {}, {} bytes of processes",
        sensor.features.release,
        start.elapsed().as_millis(),
        sensor.features.has_plain_loads(),
        sensor.processes.len()
    );
    let mut faults: Vec<String> =
        sensor.degraded.iter().map(|d| format!("degraded {}: {}", d.hook.program, d.reason)).collect();
    sensor.policy.set_interest(TABLE.iter().map(|row| row.nr));
    let seen = run(&mut sensor)?;
    faults.extend(checks::scan(&sensor.processes));
    faults.extend(checks::everything(&seen));
    faults.extend(checks::ledger(&sensor, seen.records.len() as u64));
    faults.extend(checks::calls_32(&sensor, &seen));
    drop(sensor);
    faults.extend(flood::flood().unwrap_or_else(|error| vec![format!("flood: {error}")]));
    for fault in &faults {
        println!("probe fault: {fault}");
    }
    println!("probe: {} records, {} acts, {} faults", seen.records.len(), seen.acts.len(), faults.len());
    if faults.is_empty() { Ok(()) } else { Err("the kernel side told something else than was done".into()) }
}

fn run(sensor: &mut Sensor) -> Result<Seen, Box<dyn Error>> {
    make_dir()?;
    let me = env::current_exe()?;
    let child = Command::new(me).arg("act").current_dir(acts::DIR).stdout(Stdio::piped()).spawn()?;
    let id = child.id();
    let waiter = std::thread::spawn(move || child.wait_with_output());
    let mut records = Vec::new();
    let deadline = Instant::now() + DEADLINE;
    loop {
        let mut has_ended = false;
        let round = sensor.drain.round(|bytes| {
            has_ended |= is_end_of(bytes, id);
            records.push(bytes.to_vec());
        });
        if has_ended {
            break;
        }
        if Instant::now() > deadline {
            return Err("the end of the child did not come".into());
        }
        sensor.drain.wait(round, Duration::from_millis(200))?;
    }
    let output = waiter.join().map_err(|_panic| "the waiting thread panicked")??;
    fs::remove_dir_all(acts::DIR)?;
    // What other processes did meanwhile. The ledger is compared at rest: a thread that was joined ends a moment later.
    sensor.policy.set_interest([]);
    let deadline = Instant::now() + DEADLINE;
    while !checks::is_at_rest(sensor, records.len() as u64) && Instant::now() < deadline {
        let round = sensor.drain.round(|bytes| records.push(bytes.to_vec()));
        sensor.drain.wait(round, Duration::from_millis(20))?;
    }
    if !output.status.success() {
        return Err(
            format!("the child failed: {:?} {:?}", output.status.code(), output.status.signal()).into()
        );
    }
    let (acts, facts) = read(&String::from_utf8_lossy(&output.stdout));
    Ok(Seen { records, acts, facts, child: id })
}

/// Whether the record tells that the process is gone.
pub(crate) fn is_end_of(bytes: &[u8], tgid: u32) -> bool {
    Record::parse(bytes).is_ok_and(|record| {
        record.prefix.task.tgid == tgid
            && matches!(record.body, Body::Exit(end) if end.flags & exit::GROUP_DEAD != 0)
    })
}

fn make_dir() -> Result<(), Box<dyn Error>> {
    let dir = Path::new(acts::DIR);
    if dir.exists() {
        fs::remove_dir_all(dir)?;
    }
    fs::create_dir_all(dir.join(acts::deep()))?;
    fs::create_dir(dir.join("sub"))?;
    fs::create_dir(dir.join("mnt"))?;
    fs::write(dir.join("file"), "content")?;
    fs::write(dir.join(acts::deep()).join("leaf"), "")?;
    symlink("sub/../file", dir.join("link"))?;
    Ok(())
}

/// The child's lines: `act NR RET ARG*6 LABEL` and `fact NAME VALUE`.
fn read(text: &str) -> (Vec<acts::Act>, BTreeMap<String, String>) {
    let (mut acts, mut facts) = (Vec::new(), BTreeMap::new());
    for line in text.lines() {
        let mut words = line.splitn(10, ' ');
        match words.next() {
            Some("act") => {
                let mut number =
                    || words.next().and_then(|word| word.parse::<i128>().ok()).unwrap_or_default();
                let (nr, ret) = (number() as u16, number() as i64);
                let args = std::array::from_fn(|_| number() as u64);
                acts.push(acts::Act { label: words.next().unwrap_or_default().to_owned(), nr, ret, args });
            }
            Some("fact") => {
                let name = words.next().unwrap_or_default().to_owned();
                facts.insert(name, words.collect::<Vec<_>>().join(" "));
            }
            _ => println!("child: {line}"),
        }
    }
    (acts, facts)
}
