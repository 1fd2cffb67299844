//! The kernel object that this binary carries.

/// ELF bytes, empty when built without `cargo xtask build`.
pub(super) const OBJECT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/saker.o"));
