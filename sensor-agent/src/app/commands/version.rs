//! `--version`: Falco's lines and keys, then what stands behind them on this kernel.

use std::fmt::{self, Write};

use serde_json::{Map, Value, json};

use super::kernel::Kernel;
use crate::{app::identity, capture::CaptureError};

/// The answer in JSON.
pub(super) fn json(kernel: &Kernel) -> String {
    let mut object: Map<String, Value> =
        identity::versions().into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect();
    object.insert("kernel_release".into(), kernel.release.clone().into());
    object.insert("kernel_btf".into(), kernel.btf_bytes.is_some().into());
    let hooks = match &kernel.attached {
        Ok(attached) => {
            let degraded =
                attached.degraded().map(|(name, without, _)| json!({ "hook": name, "without": without }));
            object.insert("degraded".into(), degraded.collect());
            attached.in_use().collect()
        }
        Err(error) => {
            object.insert("hooks_error".into(), error.to_string().into());
            Value::Array(Vec::new())
        }
    };
    object.insert("hooks".into(), hooks);
    format!("{}\n", Value::Object(object))
}

/// Writes the answer as text.
pub(super) fn write(out: &mut String, kernel: &Kernel) -> fmt::Result {
    let saker = identity::VERSION;
    let btf = if kernel.btf_bytes.is_some() { "yes" } else { "no" };
    writeln!(out, "Falco version: {}", identity::FALCO_VERSION)?;
    writeln!(out, "Libs version:  {saker}")?;
    writeln!(out, "Plugin API:    {}", identity::PLUGIN_API_VERSION)?;
    writeln!(out, "Engine:        {}", identity::ENGINE_VERSION)?;
    writeln!(out, "Driver:")?;
    writeln!(out, "  API version:    {}", identity::DRIVER_API_VERSION)?;
    writeln!(out, "  Schema version: {}", identity::SCHEMA_VERSION)?;
    writeln!(out, "  Default driver: {saker}")?;
    writeln!(out, "Saker version: {saker}")?;
    writeln!(out, "Kernel:        {}", kernel.release)?;
    writeln!(out, "BTF:           {btf}")?;
    match &kernel.attached {
        Ok(attached) => {
            writeln!(out, "Hooks in use:  {}", attached.in_use().collect::<Vec<_>>().join(" "))?;
            attached
                .degraded()
                .try_for_each(|(name, without, _)| writeln!(out, "Degraded:      {name}: {without}"))
        }
        Err(CaptureError::NotPermitted { .. }) => {
            writeln!(out, "Hooks in use:  not known here, where attaching is not permitted")
        }
        Err(error) => writeln!(out, "Hooks in use:  none: {error}"),
    }
}
