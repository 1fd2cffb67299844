//! Performs one act, under whatever name it is started; see `saker_tests::actor`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    saker_tests::actor::main()
}
