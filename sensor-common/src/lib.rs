//! The wire: every byte that crosses the kernel border.
//!
//! Data and pure functions only. Rules of layout, each checked by a test or a const assertion:
//! `repr(C)`, little-endian as the machine, integers and byte arrays only, explicit padding, 8-byte
//! alignment of every fixed part. Nothing here is serialisable to JSON, and nothing here acts.
//!
//! A record is `Header`, then for task-related kinds `Task`, then the fixed part of its kind, then
//! the variable tail that the fixed part's [`Slice`]s point into.
#![no_std]

pub mod abi;
pub mod header;
pub mod tail;
pub mod task;
pub mod event;
pub mod syscalls;
pub mod arch;
pub mod arm64;
pub mod ia32;
pub mod arm32;
pub mod ledger;
pub mod control;

pub use abi::ABI;
pub use header::{Header, Kind};
pub use tail::{Slice, Source};
pub use task::Task;

/// Declares wire structs: `repr(C)`, and on the user side the zerocopy derives that let bytes be read as them
/// (`FromBytes` refuses types with invalid bit patterns, so a hostile or damaged record cannot be unsound).
macro_rules! wire {
    ($($(#[$meta:meta])* pub struct $name:ident { $($body:tt)* })*) => {$(
        $(#[$meta])*
        #[repr(C)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[cfg_attr(
            feature = "user",
            derive(zerocopy::FromBytes, zerocopy::IntoBytes, zerocopy::KnownLayout, zerocopy::Immutable)
        )]
        pub struct $name { $($body)* }
        const _: () = assert!(size_of::<$name>().is_multiple_of(4));
    )*};
}
pub(crate) use wire;
