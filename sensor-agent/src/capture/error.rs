//! What can go wrong at the kernel edge. `Display` says what to do; the cause is in `source()`.

use std::io;

/// A failure to load, attach or map. Nothing stays attached after one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// The build carries no kernel object.
    #[error("this binary was built without the kernel object: build it with `cargo xtask build`")]
    NoObject,
    /// The embedded object lacks something the loader patches or expects.
    #[error("the kernel object of this binary is damaged ({what}): build it again with `cargo xtask build`")]
    BadObject {
        /// What was looked for.
        what: &'static str,
    },
    /// The kernel offers no BTF.
    #[error(
        "this kernel has no BTF (/sys/kernel/btf/vmlinux): use a kernel built with CONFIG_DEBUG_INFO_BTF=y"
    )]
    NoBtf {
        /// Why reading it failed.
        #[source]
        source: aya::BtfError,
    },
    /// The kernel is older than 5.8.
    #[error("kernel {release} is too old: Saker needs 5.8 or newer (ring buffer and BTF tracepoints)")]
    OldKernel {
        /// `uname -r`.
        release: String,
    },
    /// Not allowed to load programs.
    #[error(
        "not permitted to load BPF programs: run as root, or with CAP_BPF and CAP_PERFMON (CAP_SYS_RESOURCE too before kernel 5.11)"
    )]
    NotPermitted {
        /// What the kernel answered.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Maps could not be made.
    #[error("cannot create the sensor's maps (ring of {ring_bytes} bytes)")]
    Maps {
        /// Bytes asked for the ring.
        ring_bytes: u32,
        /// What aya or the kernel answered.
        #[source]
        source: Box<aya::EbpfError>,
    },
    /// The verifier refused a program, or it could not be attached.
    #[error("cannot {step} the program `{program}`")]
    Program {
        /// Program name.
        program: &'static str,
        /// `load` or `attach`.
        step: &'static str,
        /// What aya or the kernel answered, with the end of the verifier's log.
        #[source]
        source: Box<aya::programs::ProgramError>,
    },
    /// A map could not be used.
    #[error("cannot use the map `{map}`")]
    Map {
        /// Map name.
        map: &'static str,
        /// What aya or the kernel answered.
        #[source]
        source: Box<aya::maps::MapError>,
    },
    /// A system call failed.
    #[error("{call} failed")]
    Sys {
        /// Which.
        call: &'static str,
        /// What the kernel answered.
        #[source]
        source: io::Error,
    },
    /// The agent could not learn its global ids.
    #[error(
        "the sensor is attached but did not see the agent's own call: system call tracing does not work on this kernel"
    )]
    Blind,
    /// The ring size is not a power of two of at least a page.
    #[error("ring of {bytes} bytes: it must be a power of two of at least {page_bytes} bytes")]
    RingSize {
        /// Bytes asked for.
        bytes: u32,
        /// Bytes of a page.
        page_bytes: usize,
    },
}
