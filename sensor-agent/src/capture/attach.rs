//! From nothing to an attached sensor. All or nothing: an error detaches what was attached, because dropping the
//! `Ebpf` does.

use std::sync::Arc;

use aya::{
    Ebpf, EbpfLoader, VerifierLogLevel,
    maps::{MapData, ProgramArray},
};
use rustix::process::{Resource, Rlimit, setrlimit};
use sensor_common::{
    control::{Control, map},
    ledger::{CpuLedger, Victims},
};

use super::{
    CaptureError, Drain, Hook, LedgerReader, Policy, handshake::introduce_agent, load, object::OBJECT, patch,
    probe::Features,
};

/// How to attach.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Bytes of the ring, a power of two.
    pub ring_bytes: u32,
    /// Bytes of it that only lifecycle records may use.
    pub reserve_bytes: u32,
}

/// A hook that is not in use.
#[derive(Clone, Debug)]
pub struct Degraded {
    /// Which.
    pub hook: &'static Hook,
    /// What the kernel said.
    pub reason: String,
}

/// The attached sensor. Dropping it detaches.
pub struct Sensor {
    /// What the kernel offers.
    pub features: Features,
    /// Hooks that are not in use.
    pub degraded: Vec<Degraded>,
    /// Records of the processes that were there at start, one behind the other.
    pub processes: Vec<u8>,
    /// Takes records off the ring.
    pub drain: Drain,
    /// What the hooks obey.
    pub policy: Arc<Policy>,
    /// What the hooks counted.
    pub ledger: LedgerReader,
    #[cfg_attr(not(feature = "trace"), expect(dead_code, reason = "kept alive"))]
    programs: Programs,
}

/// Keeps the programs attached and their array filled.
struct Programs {
    _stages: ProgramArray<MapData>,
    #[cfg_attr(not(feature = "trace"), expect(dead_code, reason = "kept alive"))]
    ebpf: Ebpf,
}

impl Sensor {
    /// Loads and attaches everything. No system call but the handshake's is of interest yet.
    pub fn attach(options: Options) -> Result<Self, CaptureError> {
        if OBJECT.is_empty() {
            return Err(CaptureError::NoObject);
        }
        let page_bytes = rustix::param::page_size();
        if !options.ring_bytes.is_power_of_two() || (options.ring_bytes as usize) < page_bytes {
            return Err(CaptureError::RingSize { bytes: options.ring_bytes, page_bytes });
        }
        // aya's loader reads the kernel's BTF too (some megabytes): both at once.
        let (probed, loader) = std::thread::scope(|scope| {
            let loader = scope.spawn(EbpfLoader::new);
            (Features::probe(), loader.join())
        });
        let (features, btf) = probed?;
        let mut loader = loader.unwrap_or_else(|_panic| EbpfLoader::new());
        let object = patch::for_kernel(OBJECT, features.rdonly_cast, page_bytes)?;
        raise_memlock();
        let cpus = aya::util::nr_cpus().map_err(|(call, source)| CaptureError::Sys { call, source })?;
        let mut ebpf = loader
            .verifier_log_level(VerifierLogLevel::STATS)
            .map_max_entries(map::RING, options.ring_bytes)
            .map_max_entries(map::LEDGER, cpus as u32)
            .map_max_entries(map::SCRATCH, cpus as u32)
            .load(&object)
            .map_err(|source| refused(source, options.ring_bytes))?;
        let control = load::shared(&ebpf, map::CONTROL, size_of::<Control>(), true)?;
        let policy = Arc::new(Policy::new(control, options.ring_bytes, options.reserve_bytes, cpus));
        let mut degraded = load::load_all(&mut ebpf, &btf)?;
        let stages = load::fill_stages(&mut ebpf)?;
        let drain = load::ring(&mut ebpf, options)?;
        let ledger = LedgerReader {
            value: load::shared(&ebpf, map::LEDGER, size_of::<CpuLedger>() * cpus, false)?,
            victims: load::shared(&ebpf, map::VICTIMS, size_of::<Victims>(), false)?,
            cpus,
            programs: load::descriptors(&ebpf),
        };
        policy.set_interest([]);
        load::attach_all(&mut ebpf, &mut degraded)?;
        introduce_agent(&policy)?;
        let processes = load::scan(&mut ebpf, &degraded);
        let programs = Programs { _stages: stages, ebpf };
        Ok(Self { features, degraded, processes, drain, policy, ledger, programs })
    }
}

#[cfg(feature = "trace")]
impl Sensor {
    /// Hands every log line of the hooks to `told`, whenever it is asked to.
    pub fn tracer<F: Fn(&str) + Send + Sync>(
        &mut self,
        told: F,
    ) -> Result<super::trace::Tracer<F>, CaptureError> {
        super::trace::Tracer::new(&mut self.programs.ebpf, told)
    }
}

/// Kernels before 5.11 charge maps to this limit; newer ones do not look, so a refusal is no error here.
fn raise_memlock() {
    let _refused = setrlimit(Resource::Memlock, Rlimit { current: None, maximum: None });
}

/// Tells a missing privilege from other failures to make maps.
fn refused(source: aya::EbpfError, ring_bytes: u32) -> CaptureError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&source);
    while let Some(error) = cause {
        let io = error.downcast_ref::<std::io::Error>();
        if io.is_some_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied) {
            return CaptureError::NotPermitted { source: Box::new(source) };
        }
        cause = error.source();
    }
    CaptureError::Maps { ring_bytes, source: Box::new(source) }
}
