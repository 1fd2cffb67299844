//! Saker's kernel programs. Flow, in reading order: `hooks` (one file per hook: gather → fill → send) read with
//! `kernel`, `path` and `tail`, build in `scratch` or in the ring, and hand to `send`.
//!
//! Deliberately absent: rules, formats, retries. What cannot be told is counted in the ledger and forgotten.
#![no_std]
#![no_main]
#![feature(asm_experimental_arch)]

mod hooks;
mod snapshot;
mod path;
mod tail;
mod kernel;
mod policy;
mod maps;
mod send;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // Nothing panics: no indexing with checks, no arithmetic checks, no formatting. The verifier would refuse it.
    loop {}
}

/// The verifier lets only GPL-compatible programs call the tracing helpers.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
