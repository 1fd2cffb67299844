//! Saker's kernel programs. Flow, in reading order: `hooks` (one file per hook: gather → fill → send) read with
//! `kernel`, `path` and `tail`, build in `scratch` or in the ring, and hand to `send`.
//!
//! Deliberately absent: rules, formats, retries. What cannot be told is counted in the ledger and forgotten.
#![no_std]
#![no_main]
#![feature(asm_experimental_arch)]

mod object;
mod hooks;
mod snapshot;
mod path;
mod tail;
mod kernel;
mod policy;
mod maps;
mod send;
