//! Who may know whom: modules of the agent, aya, kernel structs.

use super::{Fault, File};

const AGENT: &str = "sensor-agent/src/";
const EBPF: &str = "sensor-ebpf/";

/// What a top-level module of the agent may import besides itself.
enum Reach {
    /// Everything; and nobody imports it.
    Top,
    /// The modules that stand before it in the flow, and the open ones.
    Flow,
    /// Only the open ones: it stands right of the privilege border.
    Egress,
    /// Nothing; and everybody may import it.
    Open,
}

/// In flow order. A new top-level module belongs here, at the place where data passes it.
const MODULES: &[(&str, Reach)] = &[
    ("app", Reach::Top),
    ("border", Reach::Open),
    ("capture", Reach::Flow),
    ("decode", Reach::Flow),
    ("enrich", Reach::Flow),
    ("rules", Reach::Flow),
    ("hold", Reach::Flow),
    ("past", Reach::Flow),
    ("context", Reach::Egress),
    ("sinks", Reach::Egress),
    ("tuning", Reach::Egress),
    ("telemetry", Reach::Egress),
];

/// Modules of the agent import leftwards only.
pub(super) fn flow_order(file: &File) -> Vec<Fault> {
    let Some(inner) = file.path.strip_prefix(AGENT) else { return Vec::new() };
    if file.is_test() || ["main.rs", "lib.rs"].contains(&inner) {
        return Vec::new();
    }
    let module = inner.split(['/', '.']).next().unwrap_or_default();
    let Some(own) = place(module) else {
        return vec![file.fault(0, format!("module `{module}` has no place in xtask/src/tidy/layers.rs"))];
    };
    let edges = file.code().flat_map(|(line, text)| imports(text).map(move |target| (line, target)));
    edges
        .filter(|(_, target)| *target != module)
        // A name that is no module is an item of lib.rs.
        .filter_map(|(line, target)| Some((line, target, place(target)?)))
        .filter(|(_, _, target)| !may_import(own, *target))
        .map(|(line, target, _)| file.fault(line, format!("`{module}` must not import `{target}`")))
        .collect()
}

fn place(module: &str) -> Option<usize> {
    MODULES.iter().position(|(name, _)| *name == module)
}

fn may_import(own: usize, target: usize) -> bool {
    let reach = |index: usize| MODULES.get(index).map(|(_, reach)| reach);
    match (reach(own), reach(target)) {
        (Some(Reach::Top), _) | (Some(Reach::Flow | Reach::Egress), Some(Reach::Open)) => true,
        (Some(Reach::Flow), Some(Reach::Flow)) => target < own,
        _ => false,
    }
}

/// Names that follow `crate::` in a line of code.
fn imports(text: &str) -> impl Iterator<Item = &str> {
    let code = text.split("//").next().unwrap_or_default();
    let starts = code.match_indices("crate::").filter(|(at, _)| !code[..*at].ends_with(is_word));
    starts.flat_map(|(at, found)| {
        let rest = &code[at + found.len()..];
        // `crate::{a::X, b}`: the names at the first level of the braces.
        let group = rest.strip_prefix('{').map(|inner| inner.split('}').next().unwrap_or_default());
        let list = group.unwrap_or_else(|| rest.split(',').next().unwrap_or_default());
        list.split(',').map(|item| item.trim().split(|c| !is_word(c)).next().unwrap_or_default())
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// aya is named in `capture` and nowhere else in the agent.
pub(super) fn only_capture_knows_aya(file: &File) -> Vec<Fault> {
    let inner = file.path.strip_prefix(AGENT);
    if inner.is_none_or(|inner| inner.starts_with("capture")) {
        return Vec::new();
    }
    let names_aya = |text: &str| ["aya::", "aya_obj::"].iter().any(|name| names(text, name));
    let lines = file.code().filter(|(_, text)| names_aya(text.split("//").next().unwrap_or_default()));
    lines.map(|(line, _)| file.fault(line, "only `capture` may know aya")).collect()
}

fn names(text: &str, path: &str) -> bool {
    text.match_indices(path).any(|(at, _)| !text[..at].ends_with(is_word))
}

/// Fields of kernel structs are known to the C accessors, and the accessors to kernel.rs.
pub(super) fn only_accessors_know_kernel_structs(file: &File) -> Vec<Fault> {
    let Some(inner) = file.path.strip_prefix(EBPF) else { return Vec::new() };
    if file.has_extension("c") || file.has_extension("h") {
        let allowed = inner == "accessors.c";
        return if allowed { Vec::new() } else { vec![file.fault(0, "C code belongs into accessors.c")] };
    }
    if inner == "src/kernel.rs" || inner.starts_with("src/kernel/") || !file.is_rust() {
        return Vec::new();
    }
    let opens = |text: &str| text.trim_start().starts_with("unsafe extern \"C\" {");
    let lines = file.code().filter(|(_, text)| opens(text));
    lines.map(|(line, _)| file.fault(line, "accessors are declared in kernel.rs only")).collect()
}
