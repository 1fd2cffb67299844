//! Small loads for `cargo xtask bench`: one kind of operation in a loop, by one or more threads, as fast as it goes or at
//! a rate. Prints one line: operations, seconds of wall time, seconds of processor time of this process.
//!
//! `saker-load KIND SECONDS [THREADS] [OPERATIONS PER SECOND OF A THREAD]`
#![forbid(unsafe_code)]

mod operations;

use std::{
    env,
    error::Error,
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};

use crate::operations::{KINDS, Kind, Place};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match run(&arguments) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            let kinds = KINDS.map(|kind| kind.name).join(", ");
            eprintln!("saker-load: {error}\nusage: saker-load KIND SECONDS [THREADS] [RATE]; kinds: {kinds}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<String, Box<dyn Error + Send + Sync>> {
    let argument =
        |index: usize, otherwise: &str| arguments.get(index).map_or(otherwise.to_owned(), Clone::clone);
    let name = argument(0, "");
    let kind = KINDS.iter().find(|kind| kind.name == name).ok_or("there is no such kind")?;
    let duration = Duration::from_secs_f64(argument(1, "1").parse()?);
    let n_threads: usize = argument(2, "1").parse()?;
    let rate: u32 = argument(3, "0").parse()?;
    let place = Place::make()?;
    let (start, cpu_before) = (Instant::now(), cpu_time());
    let n_operations = thread::scope(|scope| {
        let threads: Vec<_> =
            (0..n_threads).map(|_| scope.spawn(|| repeat(kind, &place, start + duration, rate))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().map_err(|_panic| "a thread panicked")?)
            .sum::<Result<u64, _>>()
    })?;
    let (wall, cpu) = (start.elapsed(), cpu_time().saturating_sub(cpu_before));
    Ok(format!("{n_operations} {:.9} {:.9}", wall.as_secs_f64(), cpu.as_secs_f64()))
}

/// One thread's loop; the number of operations.
fn repeat(kind: &Kind, place: &Place, end: Instant, rate: u32) -> Result<u64, Box<dyn Error + Send + Sync>> {
    let mut operation = (kind.make)(place)?;
    let start = Instant::now();
    // The clock is read once a batch; a paced thread works in batches of a millisecond.
    let batch = if rate == 0 { kind.batch } else { u64::from((rate / 1000).max(1)) };
    let mut n = 0;
    while Instant::now() < end {
        for _ in 0..batch {
            operation()?;
        }
        n += batch;
        if rate != 0 {
            let due = start + Duration::from_nanos(n * 1_000_000_000 / u64::from(rate));
            thread::sleep(due.saturating_duration_since(Instant::now()));
        }
    }
    Ok(n)
}

/// User and system time of this process.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}
