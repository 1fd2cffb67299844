//! The least that a program on `tp_btf/sys_exit` costs: what `cargo xtask bench` compares with. An object of its own,
//! never shipped.
#![no_std]
#![no_main]

mod object;

use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};

#[btf_tracepoint(function = "sys_exit")]
pub fn empty(_: BtfTracePointContext) -> i32 {
    0
}
