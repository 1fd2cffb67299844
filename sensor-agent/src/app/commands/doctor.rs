//! `saker doctor`: one page for the person who asks why the sensor does not see, or not everything.

use std::fmt::{self, Write};

use super::kernel::{Attached, Kernel};
use crate::{
    app::{config::RingSize, error::causes, identity},
    border::ContextSource,
    capture::{Hook, Place},
};

/// Writes the page.
pub(super) fn write(out: &mut String, kernel: &Kernel, ring: RingSize) -> fmt::Result {
    let (release, machine) = (&kernel.release, &kernel.machine);
    let (version, engine) = (identity::VERSION, identity::ENGINE_VERSION);
    writeln!(out, "Saker {version} (rules of Falco engine {engine}) on Linux {release} {machine}\n")?;
    match kernel.btf_bytes {
        Some(bytes) => line(out, "BTF", &format!("/sys/kernel/btf/vmlinux, {}", size(bytes)))?,
        None => line(out, "BTF", "missing: this kernel was built without CONFIG_DEBUG_INFO_BTF")?,
    }
    let capabilities = kernel.capabilities.iter();
    let capabilities = capabilities.map(|(name, has)| format!("{name} {}", if *has { "yes" } else { "no" }));
    line(out, "capabilities", &capabilities.collect::<Vec<_>>().join(", "))?;
    let memlock = kernel.memlock_bytes.map_or_else(|| "unlimited".into(), size);
    line(out, "memlock", &format!("{memlock} (counts before kernel 5.11 only)"))?;
    let (bytes, reserve) = (size(ring.bytes.into()), size(ring.reserve_bytes.into()));
    line(out, "ring", &format!("{bytes}, the last {reserve} for process events only"))?;
    match &kernel.attached {
        Ok(attached) => attachment(out, attached),
        Err(error) => {
            line(out, "attach", &format!("failed: {error}"))?;
            causes(error).try_for_each(|cause| line(out, "", &cause))
        }
    }
}

/// Writes who tells of containers: what is missing here is `<NA>` in alerts.
pub(super) fn containers(out: &mut String, runtimes: &[ContextSource], reads_users: bool) -> fmt::Result {
    writeln!(out, "\ncontainers")?;
    if runtimes.is_empty() {
        writeln!(
            out,
            "  no runtime's socket is there (container_engines.*): a container has its id and type only"
        )?;
    }
    for ContextSource { kind, place, fault } in runtimes {
        let state = fault.as_deref().map_or("answers".to_owned(), |why| format!("DOES NOT ANSWER: {why}"));
        writeln!(out, "  {kind:<12}{place}  {state}")?;
    }
    let users =
        if reads_users { "by each container's own passwd" } else { "root only, others need CAP_SYS_PTRACE" };
    writeln!(out, "  names of users: {users}")
}

/// Writes what rules ask for in vain.
pub(super) fn rules(out: &mut String, cautions: &[String]) -> fmt::Result {
    if cautions.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nrules")?;
    cautions.iter().try_for_each(|caution| writeln!(out, "  {}", caution.replace('\n', "\n  ")))
}

fn line(out: &mut String, name: &str, text: &str) -> fmt::Result {
    writeln!(out, "{name:<14}{text}")
}

fn attachment(out: &mut String, attached: &Attached) -> fmt::Result {
    let reads = if attached.has_plain_loads {
        "plain loads of kernel memory (bpf_rdonly_cast)"
    } else {
        "bpf_probe_read_kernel (plain loads, which 6.2 and newer have, would make paths cheaper)"
    };
    line(out, "reads", reads)?;
    let scanned = size(attached.scanned_bytes as u64);
    line(out, "processes", &format!("{scanned} of records by the start-up scan"))?;
    writeln!(out, "\nhooks")?;
    for (hook, refusal) in &attached.hooks {
        let state = if refusal.is_none() { "attached" } else { "MISSING" };
        writeln!(out, "  {:<17}{:<28}{state}", hook.program, place(hook))?;
    }
    let mut degraded = attached.degraded().peekable();
    if degraded.peek().is_none() {
        return writeln!(out, "\nNothing is degraded.");
    }
    writeln!(out, "\ndegraded")?;
    degraded.try_for_each(|(program, without, reason)| {
        writeln!(out, "  {program}: {without}\n    because: {}", reason.trim())
    })
}

fn place(hook: &Hook) -> String {
    match hook.place {
        Place::Tracepoint(name) => format!("tp_btf/{name}"),
        Place::Stage => "behind sys_exit".into(),
        Place::Iterator(name) => format!("iter/{name}"),
    }
}

/// Bytes in the largest unit that fits, with a tenth where there is one.
fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let Some((unit, name)) = UNITS.iter().find(|(unit, _)| bytes >= *unit) else {
        return format!("{bytes} bytes");
    };
    let tenths = u128::from(bytes) * 10 / u128::from(*unit);
    match tenths % 10 {
        0 => format!("{} {name}", tenths / 10),
        tenth => format!("{}.{tenth} {name}", tenths / 10),
    }
}
