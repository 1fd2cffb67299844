//! Attaches the program `empty` of an object to `tp_btf/sys_exit` and says so, until its input ends: what
//! `cargo xtask bench` compares the sensor with.

use std::{
    env,
    error::Error,
    fs,
    io::{self, Read, Write},
};

use aya::{Btf, Ebpf, programs::BtfTracePoint};

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args_os().nth(1).ok_or("the object's path is missing")?;
    let mut ebpf = Ebpf::load(&fs::read(path)?)?;
    let program: &mut BtfTracePoint =
        ebpf.program_mut("empty").ok_or("the object has no program `empty`")?.try_into()?;
    program.load("sys_exit", &Btf::from_sys_fs()?)?;
    program.attach()?;
    let mut stdout = io::stdout();
    writeln!(stdout, "attached")?;
    stdout.flush()?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
