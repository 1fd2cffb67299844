//! The `saker` binary: parse, build, run, exit code.
fn main() {}
