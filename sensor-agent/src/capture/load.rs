//! Loads the programs, fills the stages, attaches the hooks of the table, reads the start-up iterator.

use std::{
    io::{self, Read},
    os::fd::{AsFd, AsRawFd, RawFd},
    sync::{Mutex, PoisonError},
};

use aya::{
    Btf, Ebpf,
    maps::{Map, MapData, MapError, ProgramArray, RingBuf},
    programs::{Program, ProgramError},
};
use rustix::thread::{CapabilitySet, capabilities};
use sensor_common::control::map;

use super::{
    CaptureError, Drain,
    attach::{Degraded, Options},
    hooks::{HOOKS, Hook, Need, Place, stages},
    mapping::Mapping,
    ring,
};

/// Maps a mmapable array of the object.
pub(super) fn shared(
    ebpf: &Ebpf,
    name: &'static str,
    bytes: usize,
    writable: bool,
) -> Result<Mapping, CaptureError> {
    let Some(Map::Array(data)) = ebpf.map(name) else {
        return Err(CaptureError::BadObject { what: name });
    };
    Mapping::new(data.fd().as_fd(), 0, bytes, writable)
}

pub(super) fn ring(ebpf: &mut Ebpf, options: Options) -> Result<Drain, CaptureError> {
    let asleep = shared(ebpf, map::ASLEEP, size_of::<u32>(), true)?;
    let ring = ebpf.take_map(map::RING).ok_or(CaptureError::BadObject { what: map::RING })?;
    let ring = RingBuf::try_from(ring).map_err(|source| map_error(map::RING, source))?;
    ring::drain(ring, asleep, options.ring_bytes)
}

fn map_error(map: &'static str, source: MapError) -> CaptureError {
    CaptureError::Map { map, source: Box::new(source) }
}

fn program<'a>(ebpf: &'a mut Ebpf, hook: &Hook) -> Result<&'a mut Program, CaptureError> {
    ebpf.program_mut(hook.program).ok_or(CaptureError::BadObject { what: hook.program })
}

/// Loads every program; what is optional and refused is listed with the reason. Side by side, because the verifier's
/// time is most of the start.
pub(super) fn load_all(ebpf: &mut Ebpf, btf: &Btf) -> Result<Vec<Degraded>, CaptureError> {
    let mut programs: Vec<(&'static Hook, &mut Program)> = ebpf
        .programs_mut()
        .filter_map(|(name, program)| Some((HOOKS.iter().find(|hook| hook.program == name)?, program)))
        .collect();
    if let Some(missing) = HOOKS.iter().find(|hook| !programs.iter().any(|(h, _)| h.program == hook.program))
    {
        return Err(CaptureError::BadObject { what: missing.program });
    }
    programs.sort_by_key(|(hook, _)| std::cmp::Reverse(hook.weight));
    let queue = Mutex::new(programs.into_iter());
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(LOADERS);
    let loaded: Vec<_> = std::thread::scope(|scope| {
        let work = || {
            let mut done = Vec::new();
            while let Some((hook, program)) = next(&queue) {
                done.push((hook, load(program, hook, btf)));
            }
            done
        };
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().filter_map(|worker| worker.join().ok()).flatten().collect()
    });
    let mut degraded = Vec::new();
    for (hook, result) in loaded {
        settle(result, hook, "load", &mut degraded)?;
    }
    Ok(degraded)
}

/// Threads that load at once; more gain nothing, as three programs are most of the work.
const LOADERS: usize = 4;

fn next<T>(queue: &Mutex<impl Iterator<Item = T>>) -> Option<T> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).next()
}

fn load(program: &mut Program, hook: &Hook, btf: &Btf) -> Result<(), ProgramError> {
    match program {
        Program::BtfTracePoint(program) => program.load(hook.place.tracepoint(), btf),
        Program::Iter(program) => program.load(hook.place.tracepoint(), btf),
        _ => Err(ProgramError::UnexpectedProgramType),
    }
}

/// Passes a required hook's error on, lists an optional one's.
fn settle(
    result: Result<(), ProgramError>,
    hook: &'static Hook,
    step: &'static str,
    degraded: &mut Vec<Degraded>,
) -> Result<(), CaptureError> {
    let Err(source) = result else { return Ok(()) };
    if let ProgramError::LoadError { io_error, .. } = &source
        && io_error.kind() == io::ErrorKind::PermissionDenied
        && hook.need == Need::Required
        && !is_capable()
    {
        return Err(CaptureError::NotPermitted { source: Box::new(source) });
    }
    match hook.need {
        Need::Required => {
            Err(CaptureError::Program { program: hook.program, step, source: Box::new(source) })
        }
        Need::Optional { .. } => {
            degraded.push(Degraded { hook, reason: source.to_string() });
            Ok(())
        }
    }
}

/// With these (or the one that stood for both before 5.8) a refusal is the verifier's and not about rights.
fn is_capable() -> bool {
    let effective = capabilities(None).map_or(CapabilitySet::empty(), |sets| sets.effective);
    effective.contains(CapabilitySet::SYS_ADMIN)
        || effective.contains(CapabilitySet::BPF | CapabilitySet::PERFMON)
}

/// Puts the second stages of `sys_exit` into their array. Keep it: the kernel empties a program array when the last
/// descriptor of user space closes.
pub(super) fn fill_stages(ebpf: &mut Ebpf) -> Result<ProgramArray<MapData>, CaptureError> {
    let array =
        ebpf.take_map(map::EXIT_PROGRAMS).ok_or(CaptureError::BadObject { what: map::EXIT_PROGRAMS })?;
    let mut array = ProgramArray::try_from(array).map_err(|source| map_error(map::EXIT_PROGRAMS, source))?;
    for (index, name) in stages() {
        let program = ebpf.program(name).ok_or(CaptureError::BadObject { what: name })?;
        let fd = program.fd().map_err(|source| CaptureError::Program {
            program: name,
            step: "load",
            source: Box::new(source),
        })?;
        array.set(index, fd, 0).map_err(|source| map_error(map::EXIT_PROGRAMS, source))?;
    }
    Ok(array)
}

/// Attaches every tracepoint, the dispatcher last.
pub(super) fn attach_all(ebpf: &mut Ebpf, degraded: &mut Vec<Degraded>) -> Result<(), CaptureError> {
    for hook in HOOKS {
        if degraded.iter().any(|d| d.hook.program == hook.program) {
            continue;
        }
        if let (Place::Tracepoint(_), Program::BtfTracePoint(program)) = (hook.place, program(ebpf, hook)?) {
            let attached = program.attach().map(drop);
            settle(attached, hook, "attach", degraded)?;
        }
    }
    Ok(())
}

/// Reads the task iterator once: records of the processes that are there now. Nothing when it is not to be had.
pub(super) fn scan(ebpf: &mut Ebpf, degraded: &[Degraded]) -> Vec<u8> {
    let mut records = Vec::new();
    for hook in HOOKS.iter().filter(|hook| matches!(hook.place, Place::Iterator(_))) {
        if degraded.iter().any(|d| d.hook.program == hook.program) {
            continue;
        }
        let Ok(Program::Iter(program)) = program(ebpf, hook) else { continue };
        let read = program
            .attach()
            .and_then(|link| program.take_link(link))
            .map_err(io::Error::other)
            .and_then(|link| link.into_file().map_err(io::Error::other))
            .and_then(|mut file| file.read_to_end(&mut records));
        if let Err(error) = read {
            tracing::warn!(%error, "the task iterator could not be read: processes are known from /proc only");
        }
    }
    records
}

/// `(program, descriptor)` of everything that is attached, for its statistics.
pub(super) fn descriptors(ebpf: &Ebpf) -> Vec<(&'static str, RawFd)> {
    HOOKS
        .iter()
        .filter_map(|hook| {
            let fd = ebpf.program(hook.program)?.fd().ok()?;
            Some((hook.program, fd.as_fd().as_raw_fd()))
        })
        .collect()
}
