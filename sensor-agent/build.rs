//! Puts the kernel object where the crate can embed it. `cargo xtask build` names it in `SAKER_EBPF_OBJECT`; without
//! it (cargo check, clippy, pure tests) an empty one is embedded, and the agent says so when asked to attach.

use std::{env, error::Error, fs, path::PathBuf};

const OBJECT: &str = "SAKER_EBPF_OBJECT";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed={OBJECT}");
    let to = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?).join("saker.o");
    match env::var_os(OBJECT).filter(|path| !path.is_empty()) {
        Some(path) => {
            println!("cargo::rerun-if-changed={}", path.to_string_lossy());
            fs::copy(&path, &to)?;
        }
        None => fs::write(&to, [])?,
    }
    Ok(())
}
